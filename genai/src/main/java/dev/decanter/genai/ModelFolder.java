package dev.decanter.genai;

import dev.decanter.tokenizers.Tokenizer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** What an IR folder says beside its graphs. */
final class ModelFolder {
    private static final List<String> MODELS = List.of("openvino_model.xml", "openvino_language_model.xml");
    private static final List<String> CONTEXT_KEYS = List.of(
            "max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len", "seq_length", "n_ctx");
    /** Scalings whose {@code max_position_embeddings} is the scaled length already. */
    private static final List<String> SCALED_ALREADY = List.of("default", "llama3", "longrope", "su", "mrope");

    private final Path path;
    private final Optional<JsonObject> config;

    ModelFolder(Path path) {
        if (!Files.isDirectory(path)) {
            throw new GenerationException(path + ": is not a folder; give the folder of an exported model");
        }
        this.path = path;
        this.config = JsonObject.readIfThere(path.resolve("config.json"));
    }

    /** The language model's file. */
    Path model() {
        return MODELS.stream()
                .map(path::resolve)
                .filter(Files::isRegularFile)
                .findFirst()
                .orElseThrow(() -> new GenerationException(path + ": has neither " + MODELS.getFirst() + " nor "
                        + MODELS.getLast() + "; export the model first (decanter export)"));
    }

    boolean hasTokenizer() {
        return Files.isRegularFile(path.resolve("openvino_tokenizer.xml"));
    }

    boolean hasDetokenizer() {
        return Files.isRegularFile(path.resolve("openvino_detokenizer.xml"));
    }

    /** Most tokens that the positions of the model are made for; empty if the configuration does not say. */
    OptionalInt contextLength() {
        if (config.isEmpty()) {
            return OptionalInt.empty();
        }
        JsonObject json = config.get().object("text_config").orElse(config.get());
        for (String key : CONTEXT_KEYS) {
            var value = json.integer(key);
            if (value.isPresent()) {
                double scaled = scaled(json, (double) value.getAsLong());
                return scaled >= 1 && scaled <= Integer.MAX_VALUE ? OptionalInt.of((int) scaled) : OptionalInt.empty();
            }
        }
        return OptionalInt.empty();
    }

    /** Rotary embeddings may be stretched beyond the length they were trained for; dynamic ones stretch with the text. */
    private static double scaled(JsonObject json, double length) {
        Optional<JsonObject> found = json.object("rope_scaling").or(() -> json.object("rope_parameters"));
        if (found.isEmpty()) {
            return length;
        }
        JsonObject scaling = found.get();
        List<String> type = scaling.strings("rope_type");
        String kind = (type.isEmpty() ? scaling.strings("type") : type)
                .stream().findFirst().orElse("default");
        if (SCALED_ALREADY.contains(kind)) {
            return length;
        }
        if (kind.equals("dynamic")) {
            return Double.POSITIVE_INFINITY;
        }
        double trained = kind.equals("yarn")
                ? scaling.number("original_max_position_embeddings").orElse(length)
                : length;
        return Math.max(length, trained * scaling.number("factor").orElse(1));
    }

    /** From {@code generation_config.json}; the end-of-sequence token from elsewhere if it does not say. */
    GenerationConfig generationConfig(Optional<Tokenizer> tokenizer) {
        Path file = path.resolve("generation_config.json");
        GenerationConfig read = Files.exists(file, LinkOption.NOFOLLOW_LINKS)
                ? GenerationConfigReader.read(file)
                : GenerationConfig.builder().build();
        if (read.eosTokenId().isPresent()) {
            return read;
        }
        GenerationConfigBuilder builder = read.toBuilder();
        config.ifPresent(json -> {
            List<Long> eos = json.integers("eos_token_id");
            if (!eos.isEmpty() && eos.getFirst() >= 0) {
                builder.eosTokenId(eos.getFirst()).stopTokenIds(eos);
            }
        });
        GenerationConfig fromConfig = builder.build();
        if (fromConfig.eosTokenId().isEmpty()) {
            tokenizer.ifPresent(t -> t.eosTokenId().ifPresent(builder::eosTokenId));
        }
        return builder.build();
    }
}
