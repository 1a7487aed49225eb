package dev.decanter.tokenizers.convert;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.decanter.tokenizers.TokenizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A value in a JSON file with the way to it, so that every complaint names both.
 *
 * @param value the value, missing if absent
 * @param file the file's name, for messages
 * @param path the keys on the way, for messages
 */
record JsonAt(JsonNode value, Path file, String path) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Reads a file; throws {@link TokenizerException} with line and column if it is no JSON. */
    static JsonAt read(Path file) {
        try {
            return new JsonAt(MAPPER.readTree(Files.readAllBytes(file)), file, "");
        } catch (JsonProcessingException e) {
            throw new TokenizerException(
                    file + ": not valid JSON at line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr() + ": "
                            + e.getOriginalMessage().replaceFirst(" \\(start marker at .*", ""),
                    e);
        } catch (IOException e) {
            throw new TokenizerException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** A value that is not there. */
    static JsonAt missing(Path file) {
        return new JsonAt(MissingNode.getInstance(), file, "");
    }

    JsonAt at(String key) {
        JsonNode child = value.path(key);
        return new JsonAt(child, file, path.isEmpty() ? key : path + "." + key);
    }

    JsonAt at(int index) {
        return new JsonAt(value.path(index), file, path + "[" + index + "]");
    }

    /** Whether there is a value other than null. */
    boolean present() {
        return !value.isMissingNode() && !value.isNull();
    }

    TokenizerException error(String what) {
        return new TokenizerException(file + ": " + (path.isEmpty() ? "" : path + ": ") + what);
    }

    private JsonAt require(boolean condition, String kind) {
        if (!condition) {
            throw error("expected " + kind + ", found " + describe());
        }
        return this;
    }

    private String describe() {
        return switch (value.getNodeType()) {
            case MISSING -> "nothing";
            case NULL -> "null";
            case OBJECT -> "an object";
            case ARRAY -> "a list";
            default -> {
                String text = value.toString();
                yield text.length() > 40 ? text.substring(0, 40) + "…" : text;
            }
        };
    }

    String text() {
        return require(value.isTextual(), "a string").value.textValue();
    }

    String text(String absent) {
        return present() ? text() : absent;
    }

    Optional<String> optionalText() {
        return present() ? Optional.of(text()) : Optional.empty();
    }

    int integer() {
        return require(value.isInt(), "an integer below 2^31").value.intValue();
    }

    int integer(int absent) {
        return present() ? integer() : absent;
    }

    boolean flag(boolean absent) {
        return present() ? require(value.isBoolean(), "true or false").value.booleanValue() : absent;
    }

    /** The elements of a list; none if absent. */
    List<JsonAt> items() {
        List<JsonAt> items = new ArrayList<>();
        if (present()) {
            require(value.isArray(), "a list");
            for (int i = 0; i < value.size(); i++) {
                items.add(at(i));
            }
        }
        return items;
    }

    /** The members of an object, which must be there. */
    Iterable<Map.Entry<String, JsonNode>> members() {
        require(value.isObject(), "an object");
        return value.properties();
    }
}
