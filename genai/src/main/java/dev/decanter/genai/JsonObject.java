package dev.decanter.genai;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.decanter.ir.DecanterException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** An object of a JSON file, whose values are read with their type checked; JSON's null counts as absent. */
record JsonObject(Path file, JsonNode node) {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final long MOST_BYTES = 64 << 20;

    /** Reads a file; throws {@link GenerationException} if it cannot be read or is no JSON object. */
    static JsonObject read(Path file) {
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new GenerationException(
                        file + ": is larger than " + MOST_BYTES + " bytes; is it the right file?");
            }
            JsonNode node = MAPPER.readTree(Files.readString(file, StandardCharsets.UTF_8));
            if (!node.isObject()) {
                throw new GenerationException(file + ": is not a JSON object");
            }
            return new JsonObject(file, node);
        } catch (JsonProcessingException e) {
            throw new GenerationException(
                    file + ": is not valid JSON: " + e.getOriginalMessage().replaceFirst(" \\(start marker at .*", ""),
                    e);
        } catch (IOException e) {
            throw new GenerationException(file + ": cannot be read: " + DecanterException.reason(e), e);
        }
    }

    /** Reads a file if there is one; a folder or a broken link of that name is not the same as none. */
    static Optional<JsonObject> readIfThere(Path file) {
        return Files.exists(file, LinkOption.NOFOLLOW_LINKS) ? Optional.of(read(file)) : Optional.empty();
    }

    Optional<JsonNode> value(String key) {
        JsonNode value = node.get(key);
        return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
    }

    Optional<JsonObject> object(String key) {
        return value(key).filter(JsonNode::isObject).map(value -> new JsonObject(file, value));
    }

    OptionalDouble number(String key) {
        Optional<JsonNode> value = value(key);
        if (value.isEmpty()) {
            return OptionalDouble.empty();
        }
        if (!value.get().isNumber()) {
            throw wrong(key, "a number");
        }
        return OptionalDouble.of(value.get().doubleValue());
    }

    OptionalLong integer(String key) {
        Optional<JsonNode> value = value(key);
        return value.isEmpty() ? OptionalLong.empty() : OptionalLong.of(integer(key, value.get()));
    }

    private long integer(String key, JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToLong()) {
            throw wrong(key, "an integer");
        }
        return value.longValue();
    }

    /** One integer or a list of them. */
    List<Long> integers(String key) {
        List<Long> all = new ArrayList<>();
        value(key).ifPresent(value -> {
            if (value.isArray()) {
                value.forEach(item -> all.add(integer(key, item)));
            } else {
                all.add(integer(key, value));
            }
        });
        return all;
    }

    Optional<Boolean> bool(String key) {
        return value(key).map(value -> {
            if (!value.isBoolean()) {
                throw wrong(key, "true or false");
            }
            return value.booleanValue();
        });
    }

    /** One string or a list of them. */
    List<String> strings(String key) {
        List<String> all = new ArrayList<>();
        value(key).ifPresent(value -> {
            Iterable<JsonNode> items = value.isArray() ? value : List.of(value);
            for (JsonNode item : items) {
                if (!item.isTextual()) {
                    throw wrong(key, "a string or a list of strings");
                }
                all.add(item.textValue());
            }
        });
        return all;
    }

    GenerationException wrong(String key, String wanted) {
        return new GenerationException(file + ": " + key + " is " + node.get(key) + ", it must be " + wanted);
    }
}
