package dev.decanter.export.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.export.ExportException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A checkpoint's {@code config.json}, or an object inside it. A key whose value is {@code null} counts as absent, as for
 * Transformers. A value of the wrong kind is an {@link ExportException} that names file and key.
 */
public final class ModelConfig {
    static final String FILE = "config.json";

    private final String where;
    private final JsonNode node;

    private ModelConfig(String where, JsonNode node) {
        this.where = where;
        this.node = node;
    }

    /** Reads {@code config.json} of a folder; throws {@link ExportException} if it is missing or broken. */
    public static ModelConfig read(Path folder) {
        Path file = folder.resolve(FILE);
        if (!Files.isDirectory(folder)) {
            throw new ExportException(
                    folder + ": " + (Files.exists(folder) ? "is a file" : "no such folder")
                            + "; give a Hugging Face checkpoint folder (config.json and safetensors; GGUF and pickles are not read)");
        }
        if (!Files.isRegularFile(file)) {
            String fault = Files.exists(file, LinkOption.NOFOLLOW_LINKS) ? " is not a file" : " is missing";
            throw new ExportException(folder + ": " + FILE + fault
                    + "; give a Hugging Face checkpoint folder (GGUF and pickles are not read)");
        }
        return of(file);
    }

    /** Reads another JSON file in the same way. */
    static ModelConfig of(Path file) {
        return new ModelConfig(file.toString(), JsonFile.read(file));
    }

    /** Whether the key is there and not null. */
    public boolean has(String key) {
        return node.hasNonNull(key);
    }

    /** Whether the key is there with the value null, for the few keys where that means something of its own. */
    public boolean isNull(String key) {
        return node.path(key).isNull();
    }

    /** Whether there is no key at all. */
    public boolean isEmpty() {
        return node.isEmpty();
    }

    /** The object under this key, if it is there. */
    public Optional<ModelConfig> object(String key) {
        if (!has(key)) {
            return Optional.empty();
        }
        if (!node.get(key).isObject()) {
            throw wrong(key, "an object");
        }
        return Optional.of(new ModelConfig(where + ": " + key, node.get(key)));
    }

    /** A text, if it is there. */
    public Optional<String> text(String key) {
        if (!has(key)) {
            return Optional.empty();
        }
        if (!node.get(key).isTextual()) {
            throw wrong(key, "a text");
        }
        return Optional.of(node.get(key).asText());
    }

    /** A list of texts, if it is there. */
    public Optional<List<String>> texts(String key) {
        if (!has(key)) {
            return Optional.empty();
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode element : node.get(key)) {
            if (!element.isTextual()) {
                throw wrong(key, "a list of texts");
            }
            texts.add(element.asText());
        }
        if (!node.get(key).isArray()) {
            throw wrong(key, "a list of texts");
        }
        return Optional.of(texts);
    }

    /** A whole number of at least 1 that an {@code int} holds; throws {@link ExportException} if it is absent. */
    public int size(String key) {
        if (!has(key)) {
            throw fault("\"" + key + "\" is missing");
        }
        JsonNode value = node.get(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
            throw wrong(key, "a whole number from 1 to " + Integer.MAX_VALUE);
        }
        return value.intValue();
    }

    /** As {@link #size(String)}, with a value for an absent key. */
    public int size(String key, int absent) {
        return has(key) ? size(key) : absent;
    }

    /** A whole number of at least 0 that an {@code int} holds, with a value for an absent key. */
    public int count(String key, int absent) {
        if (!has(key)) {
            return absent;
        }
        JsonNode value = node.get(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
            throw wrong(key, "a whole number from 0 to " + Integer.MAX_VALUE);
        }
        return value.intValue();
    }

    /** A finite number, if it is there. */
    public Optional<Double> number(String key) {
        if (!has(key)) {
            return Optional.empty();
        }
        if (!node.get(key).isNumber() || !Double.isFinite(node.get(key).doubleValue())) {
            throw wrong(key, "a number");
        }
        return Optional.of(node.get(key).doubleValue());
    }

    /** A number greater than 0, with a value for an absent key. */
    public double positive(String key, double absent) {
        double value = number(key).orElse(absent);
        if (value <= 0) {
            throw wrong(key, "a number greater than 0");
        }
        return value;
    }

    /** A number greater than 0; throws {@link ExportException} if it is absent. */
    public double positive(String key) {
        if (!has(key)) {
            throw fault("\"" + key + "\" is missing");
        }
        return positive(key, 1);
    }

    /** True or false, with a value for an absent key. */
    public boolean flag(String key, boolean absent) {
        if (!has(key)) {
            return absent;
        }
        if (!node.get(key).isBoolean()) {
            throw wrong(key, "true or false");
        }
        return node.get(key).booleanValue();
    }

    /** A JSON object with those of these keys that are there and not null. */
    public String subset(String... keys) {
        ObjectNode subset = JsonNodeFactory.instance.objectNode();
        for (String key : keys) {
            if (has(key)) {
                subset.set(key, node.get(key));
            }
        }
        return subset.toPrettyString();
    }

    /** An exception about this configuration; {@code fault} says what is wrong and what to do. */
    public ExportException fault(String fault) {
        return new ExportException(where + ": " + fault);
    }

    private ExportException wrong(String key, String wanted) {
        return fault("\"" + key + "\" must be " + wanted + ", not " + node.get(key));
    }
}
