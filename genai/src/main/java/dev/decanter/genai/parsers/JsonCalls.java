package dev.decanter.genai.parsers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Calls as JSON objects: {@code {"name": …, "arguments": {…}}} and what models make of it. */
final class JsonCalls {
    static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private JsonCalls() {}

    static Optional<JsonNode> json(String text) {
        try {
            JsonNode node = MAPPER.readTree(text);
            return node.isMissingNode() ? Optional.empty() : Optional.of(node);
        } catch (JsonProcessingException e) {
            // what a model writes need not be JSON
            return Optional.empty();
        }
    }

    /** One call, or a list of calls; empty if some is none. */
    static List<CallScanner.Call> calls(String text) {
        Optional<JsonNode> node = json(text);
        if (node.isEmpty()) {
            return List.of();
        }
        Iterable<JsonNode> items = node.get().isArray() ? node.get() : List.of(node.get());
        List<CallScanner.Call> calls = new ArrayList<>();
        for (JsonNode item : items) {
            Optional<CallScanner.Call> call = call(item);
            if (call.isEmpty()) {
                return List.of();
            }
            calls.add(call.get());
        }
        return calls;
    }

    private static Optional<CallScanner.Call> call(JsonNode node) {
        JsonNode function = node.path("function").isObject() ? node.path("function") : node;
        JsonNode name = function.path("name");
        if (!name.isTextual() || name.textValue().isEmpty()) {
            return Optional.empty();
        }
        Optional<String> id = Optional.of(node.path("id"))
                .filter(JsonNode::isTextual)
                .map(JsonNode::textValue)
                .filter(text -> !text.isEmpty());
        JsonNode arguments = function.path(function.has("arguments") ? "arguments" : "parameters");
        return object(arguments).map(json -> new CallScanner.Call(id, name.textValue(), json));
    }

    /** Arguments as an object, or as the text of one, or none at all. */
    private static Optional<String> object(JsonNode arguments) {
        if (arguments.isMissingNode() || arguments.isNull()) {
            return Optional.of("{}");
        }
        Optional<JsonNode> value = arguments.isTextual() ? json(arguments.textValue()) : Optional.of(arguments);
        return value.filter(JsonNode::isObject).map(JsonNode::toString);
    }

    /** Values by name, as templates want arguments. */
    static Map<String, Object> map(String json) {
        try {
            return MAPPER.readValue(json, new TypeReference<LinkedHashMap<String, Object>>() {});
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the arguments of a tool call are not a JSON object: " + json, e);
        }
    }
}
