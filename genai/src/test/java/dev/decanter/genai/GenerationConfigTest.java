package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GenerationConfigTest {
    @TempDir
    Path folder;

    private GenerationConfig read(String json) throws IOException {
        Path file = folder.resolve("generation_config.json");
        Files.writeString(file, json);
        return GenerationConfig.read(file);
    }

    @Test
    void readsTheNamesOfHuggingFace() throws IOException {
        GenerationConfig config = read("""
                {"bos_token_id": 1, "eos_token_id": [5, 7], "do_sample": true, "temperature": 0.5, "top_p": 0.75,
                 "top_k": 20, "min_p": 0.25, "repetition_penalty": 1.5, "max_new_tokens": 9, "max_length": null,
                 "min_new_tokens": 2, "stop_strings": ["a", "b"], "rng_seed": 3, "some_future_key": {"x": 1}}
                """);
        assertThat(config.eosTokenId()).hasValue(5);
        assertThat(config.stopTokenIds()).isEqualTo(Set.of(5L, 7L));
        assertThat(config.doSample()).isTrue();
        assertThat(config.temperature()).isEqualTo(0.5f);
        assertThat(config.topP()).isEqualTo(0.75f);
        assertThat(config.topK()).hasValue(20);
        assertThat(config.minP()).isEqualTo(0.25f);
        assertThat(config.repetitionPenalty()).isEqualTo(1.5f);
        assertThat(config.maxNewTokens()).hasValue(9);
        assertThat(config.maxLength()).isEmpty();
        assertThat(config.minNewTokens()).isEqualTo(2);
        assertThat(config.stopStrings()).isEqualTo(Set.of("a", "b"));
        assertThat(config.seed()).isEqualTo(3);
        assertThat(config.toBuilder().build()).isEqualTo(config);
    }

    @Test
    void readsEveryField() throws IOException {
        GenerationConfig config = read("""
                {"max_length": 90, "ignore_eos": false, "eos_token_id": 4, "stop_token_ids": [9, 4],
                 "stop_strings": "end", "include_stop_str_in_output": true, "echo": true, "logprobs": 1,
                 "num_return_sequences": 2, "apply_chat_template": false, "presence_penalty": 0.5,
                 "frequency_penalty": -0.5, "do_sample": true, "no_repeat_ngram_size": 3, "max_new_tokens": 0}
                """);
        assertThat(config.maxLength()).hasValue(90);
        assertThat(config.maxNewTokens()).hasValue(0);
        assertThat(config.eosTokenId()).hasValue(4);
        assertThat(config.stopTokenIds()).isEqualTo(Set.of(4L, 9L));
        assertThat(config.stopStrings()).isEqualTo(Set.of("end"));
        assertThat(config.includeStopString()).isTrue();
        assertThat(config.echo()).isTrue();
        assertThat(config.logprobs()).isEqualTo(1);
        assertThat(config.numReturnSequences()).isEqualTo(2);
        assertThat(config.applyChatTemplate()).isFalse();
        assertThat(config.presencePenalty()).isEqualTo(0.5f);
        assertThat(config.frequencyPenalty()).isEqualTo(-0.5f);
        assertThat(config.noRepeatNgramSize()).hasValue(3);
        assertThat(config.toBuilder().build()).isEqualTo(config);
        GenerationConfig beams = read("""
                {"num_beams": 6, "num_beam_groups": 3, "diversity_penalty": 0.5, "length_penalty": 2.0,
                 "num_return_sequences": 4, "early_stopping": "never"}
                """);
        assertThat(beams.beams()).isEqualTo(new BeamSettings(6, 3, 0.5f, 2, StopCriteria.NEVER));
        assertThat(beams.numReturnSequences()).isEqualTo(4);
        assertThat(beams.toBuilder().build()).isEqualTo(beams);
        GenerationConfig assisted = read("{\"num_assistant_tokens\": 5, \"max_ngram_size\": 3}");
        assertThat(assisted.assisted()).isEqualTo(new AssistedSettings(5, 0, 3));
        assertThat(assisted.toBuilder().build()).isEqualTo(assisted);
    }

    @Test
    void readsWhatHuggingFaceWritesInFull() throws IOException {
        GenerationConfig config = read("""
                {"eos_token_id": null, "pad_token_id": 0, "top_k": 0, "top_p": null, "temperature": null, "min_p": null,
                 "num_beams": 1, "num_beam_groups": null, "diversity_penalty": 0.0, "early_stopping": false,
                 "no_repeat_ngram_size": 0, "repetition_penalty": null, "stop_strings": null, "max_length": null,
                 "num_assistant_tokens": 20, "assistant_confidence_threshold": 0.4, "do_sample": null, "typical_p": 1.0}
                """);
        assertThat(config).isEqualTo(GenerationConfig.builder().build());
        assertThat(read("{\"early_stopping\": true}").beams().stopCriteria()).isEqualTo(StopCriteria.EARLY);
        assertThat(read("{\"early_stopping\": false}").beams().stopCriteria()).isEqualTo(StopCriteria.HEURISTIC);
        assertThat(read("{\"stop_criteria\": \"EARLY\"}").beams().stopCriteria())
                .isEqualTo(StopCriteria.EARLY);
        assertThat(read("{\"eos_token_id\": -1}").stopTokenIds()).isEmpty();
        assertThatThrownBy(() -> read("{\"early_stopping\": \"maybe\"}"))
                .hasMessageContaining("early_stopping is \"maybe\"");
    }

    @Test
    void refusesFieldsOfWhatThereIsNot() throws IOException {
        assertThat(read("""
                {"branching_factor": 1, "tree_depth": 0, "pruning_ratio": 0.0, "relevance_weight": 0.5, "adapters": {},
                 "return_omni_outputs": false}
                """)).isEqualTo(GenerationConfig.builder().build());
        for (String field : new String[] {
            "\"tree_depth\": 2",
            "\"branching_factor\": 4",
            "\"pruning_ratio\": 0.5",
            "\"relevance_weight\": 0",
            "\"adapters\": {\"a\": 1}",
            "\"return_omni_outputs\": true",
            "\"tree_depth\": \"x\""
        }) {
            assertThatThrownBy(() -> read("{" + field + "}"))
                    .isInstanceOf(GenerationException.class)
                    .hasMessageContaining(field.substring(1, field.indexOf('"', 1)) + " is ")
                    .hasMessageContaining("which is not supported; leave it out");
        }
    }

    @Test
    void repetitionPenaltyGoesWithBeams() {
        assertThat(GenerationConfig.builder()
                        .numBeams(3)
                        .repetitionPenalty(1.2f)
                        .build()
                        .repetitionPenalty())
                .isEqualTo(1.2f);
    }

    @Test
    void defaultsAreOpenVinos() throws IOException {
        GenerationConfig config = read("{}");
        assertThat(config).isEqualTo(GenerationConfig.builder().build());
        assertThat(config.doSample()).isFalse();
        assertThat(config.temperature()).isEqualTo(1);
        assertThat(config.topK()).isEmpty();
        assertThat(config.applyChatTemplate()).isTrue();
        assertThat(config.beams()).isEqualTo(BeamSettings.NONE);
    }

    @Test
    void namesTheFileAndTheKeyOfAMistake() {
        assertThatThrownBy(() -> read("{\"top_p\": \"much\"}"))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("generation_config.json: top_p is \"much\", it must be a number");
        assertThatThrownBy(() -> read("{\"do_sample\": true, \"temperature\": -1}"))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("generation_config.json: temperature is -1.0, it must be above 0");
        assertThatThrownBy(() -> read("[1]")).isInstanceOf(GenerationException.class);
        assertThatThrownBy(() -> read("{\"top_p\": ")).isInstanceOf(GenerationException.class);
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                wrong("max_new_tokens", b -> b.maxNewTokens(0)),
                wrong("max_length", b -> b.maxLength(0)),
                wrong("min_new_tokens", b -> b.minNewTokens(-1)),
                wrong("min_new_tokens", b -> b.minNewTokens(3).maxNewTokens(2)),
                wrong("temperature", b -> b.doSample(true).temperature(0)),
                wrong("temperature", b -> b.doSample(true).temperature(Float.NaN)),
                wrong("top_p", b -> b.doSample(true).topP(0)),
                wrong("top_p", b -> b.doSample(true).topP(1.01f)),
                wrong("top_k", b -> b.doSample(true).topK(0)),
                wrong("min_p", b -> b.doSample(true).minP(1)),
                wrong("repetition_penalty", b -> b.repetitionPenalty(0)),
                wrong("presence_penalty", b -> b.presencePenalty(2.5f)),
                wrong("frequency_penalty", b -> b.frequencyPenalty(-2.5f)),
                wrong("logprobs", b -> b.logprobs(-1)),
                wrong("ignore_eos", b -> b.ignoreEos(true)),
                wrong("stop_strings", b -> b.stopString("")),
                wrong("num_beams", b -> b.numBeams(0)),
                wrong("num_beam_groups", b -> b.numBeams(4).numBeamGroups(3)),
                wrong("diversity_penalty", b -> b.numBeams(4).numBeamGroups(2)),
                wrong("do_sample", b -> b.numBeams(4).doSample(true)),
                wrong("presence_penalty", b -> b.numBeams(2).presencePenalty(1)),
                wrong("frequency_penalty", b -> b.numBeams(2).frequencyPenalty(1)),
                wrong("num_return_sequences", b -> b.numBeams(2).numReturnSequences(3)),
                wrong("num_return_sequences", b -> b.numReturnSequences(2)),
                wrong("num_return_sequences", b -> b.numReturnSequences(0)),
                wrong("no_repeat_ngram_size", b -> b.noRepeatNgramSize(0)),
                wrong("stop_token_ids", b -> b.stopTokenId(-3)),
                wrong("max_new_tokens", b -> b.maxNewTokens(-1).echo(true)),
                wrong("diversity_penalty", b -> b.numBeams(4).diversityPenalty(0.5f)),
                wrong("num_assistant_tokens", b -> b.numAssistantTokens(-1)),
                wrong(
                        "assistant_confidence_threshold",
                        b -> b.numAssistantTokens(4).assistantConfidenceThreshold(0.5f)),
                wrong("assistant_confidence_threshold", b -> b.assistantConfidenceThreshold(1.5f)),
                wrong("max_ngram_size", b -> b.maxNgramSize(3)),
                wrong("num_beams", b -> b.numAssistantTokens(4).numBeams(2)),
                wrong(
                        "num_return_sequences",
                        b -> b.numAssistantTokens(4).doSample(true).numReturnSequences(2)));
    }

    private static Arguments wrong(String field, UnaryOperator<GenerationConfigBuilder> change) {
        return Arguments.of(field, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrong")
    void refusesWhatIsOutOfRange(String field, UnaryOperator<GenerationConfigBuilder> change) {
        GenerationConfigBuilder builder = change.apply(GenerationConfig.builder());
        assertThatThrownBy(builder::build)
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining(field);
    }
}
