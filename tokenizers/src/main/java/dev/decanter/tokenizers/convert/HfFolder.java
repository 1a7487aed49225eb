package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.TokenizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** What the files beside a tokenizer.json say: special tokens, the tokenizer's class, the chat template. */
final class HfFolder implements TokenizerSpec.Settings {
    /** Classes of Transformers that make a post-processor of their own from add_bos_token and add_eos_token. */
    private static final Set<String> OWN_TEMPLATE =
            Set.of("LlamaTokenizer", "CodeLlamaTokenizer", "GemmaTokenizer", "CohereTokenizer");

    private static final int MAX_TEMPLATE_BYTES = 4 << 20;

    private final Path folder;
    private final JsonAt config;
    private final JsonAt specialTokens;
    private final JsonAt generation;
    private Map<String, String> defaults = Map.of();

    HfFolder(Path folder) {
        this.folder = folder;
        config = optional("tokenizer_config.json");
        specialTokens = optional("special_tokens_map.json");
        JsonAt generationConfig = optional("generation_config.json");
        generation = generationConfig.present() ? generationConfig : optional("config.json");
    }

    /** A JSON file of the folder, missing if it is not there. */
    JsonAt optional(String name) {
        Path file = folder.resolve(name);
        return Files.exists(file) ? JsonAt.read(file) : JsonAt.missing(file);
    }

    Path path() {
        return folder;
    }

    boolean has(String name) {
        return Files.exists(folder.resolve(name));
    }

    JsonAt config() {
        return config;
    }

    JsonAt specialTokensMap() {
        return specialTokens;
    }

    /** Special tokens, by key, that the tokenizer's class has where no file names others. */
    void defaults(Map<String, String> tokens) {
        defaults = tokens;
    }

    static String withoutFast(String className) {
        return className.endsWith("Fast") ? className.substring(0, className.length() - 4) : className;
    }

    /** The name of the tokenizer's class for messages. */
    String className() {
        return tokenizerClass().orElse("the tokenizer's class");
    }

    /** Whether a model takes {@code token_type_ids}: the configuration says so or, where it says nothing, the class. */
    boolean hasTypeIds() {
        JsonAt names = config.at("model_input_names");
        return names.present()
                ? names.items().stream().anyMatch(name -> name.text().equals("token_type_ids"))
                : tokenizerClass().filter(Family::hasTypeIds).isPresent();
    }

    /** Whether the configuration names the left side, for {@code padding_side} or {@code truncation_side}. */
    boolean isLeft(String key) {
        String side = config.at(key).text("right");
        return switch (side) {
            case "left" -> true;
            case "right" -> false;
            default -> throw config.at(key).error("\"" + side + "\" is neither left nor right");
        };
    }

    /** The greatest length that the model was made for; Transformers writes a huge number for none. */
    int modelMaxLength() {
        JsonAt length = config.at("model_max_length");
        if (!length.present() || !length.value().isNumber() || length.value().doubleValue() > Integer.MAX_VALUE) {
            throw config.error("has no model_max_length to pad to; give the length itself");
        }
        return length.integer();
    }

    /** What kind of model the folder's config.json describes. */
    Optional<String> modelType() {
        return optional("config.json").at("model_type").optionalText();
    }

    /** The text of a special token such as {@code bos_token}, written as a string or as an object with content. */
    Optional<String> token(String key) {
        for (JsonAt source : List.of(config, specialTokens)) {
            JsonAt entry = source.at(key);
            if (entry.present()) {
                return Optional.of(
                        entry.value().isObject() ? entry.at("content").text() : entry.text());
            }
        }
        boolean denied = config.value().has(key) || specialTokens.value().has(key);
        return denied ? Optional.empty() : Optional.ofNullable(defaults.get(key));
    }

    /** The id of a special token: that of its text or, where no file names one, of the generation config. */
    OptionalInt id(String key, TokenizerSpec spec) {
        Optional<String> token = token(key);
        if (token.isPresent()) {
            return spec.id(token.get());
        }
        // A class with a null token has none, whatever the model's config says.
        if (config.value().has(key)) {
            return OptionalInt.empty();
        }
        if (spec.model() instanceof ModelSpec.SentencePiece model
                && model.tokens().containsKey(key)) {
            return spec.id(model.tokens().get(key));
        }
        JsonAt id = generation.at(key + "_id");
        JsonAt first = id.value().isArray() ? id.at(0) : id;
        return first.present() && first.value().isInt() && first.integer() < spec.size()
                ? OptionalInt.of(first.integer())
                : OptionalInt.empty();
    }

    Optional<String> tokenizerClass() {
        return config.at("tokenizer_class")
                .optionalText()
                .or(() -> optional("config.json").at("tokenizer_class").optionalText());
    }

    /** chat_template.jinja, else the entry of tokenizer_config.json or chat_template.json. */
    Optional<String> chatTemplate() {
        Path jinja = folder.resolve("chat_template.jinja");
        if (Files.exists(jinja)) {
            return Optional.of(readText(jinja));
        }
        JsonAt entry = config.at("chat_template");
        if (!entry.present()) {
            entry = optional("chat_template.json").at("chat_template");
        }
        if (!entry.value().isArray()) {
            return entry.optionalText();
        }
        List<JsonAt> named = entry.items();
        return named.stream()
                .filter(t -> t.at("name").text("").equals("default"))
                .findFirst()
                .or(() -> named.stream().findFirst())
                .map(t -> t.at("template").text());
    }

    private static String readText(Path file) {
        try {
            if (Files.size(file) > MAX_TEMPLATE_BYTES) {
                throw new TokenizerException(file + ": a chat template of more than 4 MiB");
            }
            return Files.readString(file);
        } catch (IOException e) {
            throw new TokenizerException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    @Override
    public Optional<Template> template(Map<String, Integer> ids) {
        String type = tokenizerClass().orElse("").replaceAll("Fast$", "");
        JsonAt bos = config.at("add_bos_token");
        JsonAt eos = config.at("add_eos_token");
        if (!OWN_TEMPLATE.contains(type) || !(bos.present() || eos.present())) {
            return Optional.empty();
        }
        return Optional.of(Template.bosEos(
                bos.flag(true) ? id(bos, "bos_token", ids) : OptionalInt.empty(),
                eos.flag(false) ? id(eos, "eos_token", ids) : OptionalInt.empty()));
    }

    private OptionalInt id(JsonAt flag, String key, Map<String, Integer> ids) {
        String text = token(key).orElseThrow(() -> flag.error("is true, but there is no " + key));
        Integer id = ids.get(text);
        if (id == null) {
            throw flag.error("is true, but the " + key + " \"" + text + "\" is not in the vocabulary");
        }
        return OptionalInt.of(id);
    }
}
