package dev.decanter.genai;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Reads {@code generation_config.json}. */
final class GenerationConfigReader {
    /** Fields that are refused, with the value that asks for nothing; false and an empty list count as 0. */
    private static final Map<String, Double> NEUTRAL = Map.of(
            "branching_factor", 1.0,
            "tree_depth", 0.0,
            "pruning_ratio", 0.0,
            "relevance_weight", 0.5,
            "adapters", 0.0,
            "return_omni_outputs", 0.0);

    private GenerationConfigReader() {}

    static GenerationConfig read(Path file) {
        return read(JsonObject.read(file));
    }

    static GenerationConfig read(JsonObject json) {
        GenerationConfigBuilder builder = GenerationConfig.builder();
        try {
            lengths(json, builder);
            stops(json, builder);
            sampling(json, builder);
            beams(json, builder);
            assisted(json, builder);
            json.object("structured_output_config").ifPresent(object -> structured(object, builder));
            refuse(json);
            return builder.build();
        } catch (GenerationException e) {
            String message = String.valueOf(e.getMessage());
            throw message.startsWith(json.file().toString())
                    ? e
                    : new GenerationException(json.file() + ": " + message, e);
        }
    }

    /** One of three kinds, which are texts; a schema may be an object too. */
    private static void structured(JsonObject json, GenerationConfigBuilder builder) {
        List<StructuredOutputConfig> found = new ArrayList<>();
        json.value("json_schema")
                .map(GenerationConfigReader::text)
                .map(StructuredOutputConfig.JsonSchema::new)
                .ifPresent(found::add);
        json.value("regex")
                .map(GenerationConfigReader::text)
                .map(StructuredOutputConfig.Regex::new)
                .ifPresent(found::add);
        json.value("grammar")
                .map(GenerationConfigReader::text)
                .map(StructuredOutputConfig.Grammar::new)
                .ifPresent(found::add);
        if (found.size() != 1) {
            throw new GenerationException("structured_output_config has " + found.size()
                    + " of json_schema, regex and grammar; it must have one");
        }
        builder.structuredOutput(found.getFirst());
    }

    private static String text(JsonNode value) {
        return value.isTextual() ? value.textValue() : value.toString();
    }

    private static void lengths(JsonObject json, GenerationConfigBuilder builder) {
        integer(json, "max_new_tokens", builder::maxNewTokens);
        integer(json, "max_length", builder::maxLength);
        integer(json, "min_new_tokens", builder::minNewTokens);
        json.bool("ignore_eos").ifPresent(builder::ignoreEos);
    }

    /** The end-of-sequence tokens are in {@code config.json} too, where there is no other file. */
    static void stops(JsonObject json, GenerationConfigBuilder builder) {
        List<Long> eos = json.integers("eos_token_id");
        // −1 is how OpenVINO GenAI writes that there is none
        if (!eos.isEmpty() && eos.getFirst() >= 0) {
            builder.eosTokenId(eos.getFirst());
            builder.stopTokenIds(eos);
        }
        builder.stopTokenIds(json.integers("stop_token_ids"));
        builder.stopStrings(json.strings("stop_strings"));
        json.bool("include_stop_str_in_output").ifPresent(builder::includeStopString);
        json.bool("apply_chat_template").ifPresent(builder::applyChatTemplate);
        json.bool("echo").ifPresent(builder::echo);
        integer(json, "logprobs", builder::logprobs);
        integer(json, "num_return_sequences", builder::numReturnSequences);
    }

    private static void sampling(JsonObject json, GenerationConfigBuilder builder) {
        json.bool("do_sample").ifPresent(builder::doSample);
        number(json, "temperature", builder::temperature);
        number(json, "top_p", builder::topP);
        integer(json, "top_k", k -> {
            if (k != 0) {
                builder.topK(k);
            }
        });
        number(json, "min_p", builder::minP);
        json.integer("rng_seed").ifPresent(builder::seed);
        number(json, "repetition_penalty", builder::repetitionPenalty);
        number(json, "presence_penalty", builder::presencePenalty);
        number(json, "frequency_penalty", builder::frequencyPenalty);
        integer(json, "no_repeat_ngram_size", n -> {
            if (n != 0) {
                builder.noRepeatNgramSize(n);
            }
        });
    }

    private static void beams(JsonObject json, GenerationConfigBuilder builder) {
        integer(json, "num_beams", builder::numBeams);
        integer(json, "num_beam_groups", builder::numBeamGroups);
        number(json, "diversity_penalty", builder::diversityPenalty);
        number(json, "length_penalty", builder::lengthPenalty);
        stopCriteria(json, "early_stopping").ifPresent(builder::stopCriteria);
        stopCriteria(json, "stop_criteria").ifPresent(builder::stopCriteria);
    }

    /** Files that Hugging Face wrote in full have both fields, at its defaults, which mean nothing without an assistant. */
    private static void assisted(JsonObject json, GenerationConfigBuilder builder) {
        boolean defaults = json.integer("num_assistant_tokens").orElse(0) == 20
                && Math.abs(json.number("assistant_confidence_threshold").orElse(0) - 0.4) < 1e-6;
        if (!defaults) {
            integer(json, "num_assistant_tokens", builder::numAssistantTokens);
            number(json, "assistant_confidence_threshold", builder::assistantConfidenceThreshold);
        }
        integer(json, "max_ngram_size", builder::maxNgramSize);
    }

    /** Fields of OpenVINO GenAI for what there is not here: tree drafts, visual token pruning, adapters, spoken answers. */
    private static void refuse(JsonObject json) {
        NEUTRAL.forEach((key, neutral) -> json.value(key).ifPresent(value -> {
            boolean nothing = value.isContainerNode() ? value.isEmpty() : value.isBoolean() && !value.booleanValue();
            double number = nothing ? 0 : value.isNumber() ? value.doubleValue() : Double.NaN;
            if (number != neutral) {
                throw new GenerationException(
                        json.file() + ": " + key + " is " + value + ", which is not supported; leave it out");
            }
        }));
    }

    private static Optional<StopCriteria> stopCriteria(JsonObject json, String key) {
        return json.value(key).map(value -> switch (value) {
            case JsonNode b when b.isBoolean() -> b.booleanValue() ? StopCriteria.EARLY : StopCriteria.HEURISTIC;
            case JsonNode t when t.asText().equalsIgnoreCase("never") -> StopCriteria.NEVER;
            case JsonNode t when t.asText().equals("EARLY") -> StopCriteria.EARLY;
            case JsonNode t when t.asText().equals("HEURISTIC") -> StopCriteria.HEURISTIC;
            default -> throw json.wrong(key, "true, false or \"never\"");
        });
    }

    private static void integer(JsonObject json, String key, Consumer<Integer> target) {
        json.integer(key).ifPresent(value -> {
            if (value != (int) value) {
                throw json.wrong(key, "an integer of 32 bits");
            }
            target.accept((int) value);
        });
    }

    private static void number(JsonObject json, String key, Consumer<Float> target) {
        json.number(key).ifPresent(value -> target.accept((float) value));
    }
}
