package dev.decanter.genai;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A conversation: messages as JSON objects with at least a {@code role}, tools as JSON objects, and further variables for the
 * chat template. Values are what JSON has: maps with string keys, lists, strings, numbers, booleans and null. For use by one
 * thread at a time.
 */
public final class ChatHistory {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final List<Map<String, Object>> messages = new ArrayList<>();
    private final List<Map<String, Object>> tools = new ArrayList<>();
    private final Map<String, Object> extraContext = new LinkedHashMap<>();

    /** An empty conversation. */
    public ChatHistory() {}

    /** From a JSON list of messages; throws {@link GenerationException} if it is not one. */
    public static ChatHistory ofJson(String json) {
        ChatHistory history = new ChatHistory();
        parse(json, "messages").forEach(history::add);
        return history;
    }

    private static List<Map<String, Object>> parse(String json, String what) {
        try {
            return MAPPER.readValue(json, new TypeReference<>() {});
        } catch (JsonProcessingException e) {
            throw new GenerationException(
                    what + " must be a JSON list of objects: "
                            + e.getOriginalMessage().replaceFirst(" \\(start marker at .*", ""),
                    e);
        }
    }

    /** Adds a message of text. Returns this. */
    public ChatHistory add(String role, String content) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        messages.add(message);
        return this;
    }

    /** Adds a message as JSON has it; throws {@link GenerationException} if it has no role. Returns this. */
    public ChatHistory add(Map<String, ?> message) {
        if (!(message.get("role") instanceof String)) {
            throw new GenerationException("message " + messages.size() + " has no \"role\"");
        }
        messages.add(new LinkedHashMap<>(message));
        return this;
    }

    /** Adds a system message. Returns this. */
    public ChatHistory system(String content) {
        return add("system", content);
    }

    /** Adds a user message. Returns this. */
    public ChatHistory user(String content) {
        return add("user", content);
    }

    /** Adds an answer of the model. Returns this. */
    public ChatHistory assistant(String content) {
        return add("assistant", content);
    }

    /**
     * Adds a user message with images before its text, in the parts that templates of vision models read:
     * {@code {"type": "image"}} for each image and {@code {"type": "text", "text": …}}. Returns this.
     *
     * @param images how many, at least 0
     */
    public ChatHistory user(String content, int images) {
        List<Map<String, Object>> parts = new ArrayList<>(Collections.nCopies(images, Map.of("type", "image")));
        Map<String, Object> text = new LinkedHashMap<>();
        text.put("type", "text");
        text.put("text", content);
        parts.add(text);
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", "user");
        message.put("content", parts);
        return add(message);
    }

    /** Adds what a tool answered to the call of the given id. Returns this. */
    public ChatHistory tool(String callId, String name, String content) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", "tool");
        message.put("tool_call_id", callId);
        message.put("name", name);
        message.put("content", content);
        return add(message);
    }

    /** Takes the last message away, if there is one. Returns this. */
    public ChatHistory removeLast() {
        if (!messages.isEmpty()) {
            messages.removeLast();
        }
        return this;
    }

    /** Takes all messages away; tools and variables stay. Returns this. */
    public ChatHistory clear() {
        messages.clear();
        return this;
    }

    /** Sets the tools that the model may call. Returns this. */
    public ChatHistory tools(List<? extends Map<String, ?>> descriptions) {
        tools.clear();
        descriptions.forEach(tool -> tools.add(new LinkedHashMap<>(tool)));
        return this;
    }

    /** Sets the tools from a JSON list; throws {@link GenerationException} if it is not one. Returns this. */
    public ChatHistory toolsOfJson(String json) {
        return tools(parse(json, "tools"));
    }

    /** Sets a further variable of the template, for example {@code enable_thinking}. Returns this. */
    public ChatHistory extraContext(String name, Object value) {
        extraContext.put(name, value);
        return this;
    }

    /** The messages, first to last. */
    public List<Map<String, Object>> messages() {
        return Collections.unmodifiableList(messages);
    }

    /** The tools; empty if there are none. */
    public List<Map<String, Object>> tools() {
        return Collections.unmodifiableList(tools);
    }

    /** The further variables. */
    public Map<String, Object> extraContext() {
        return Collections.unmodifiableMap(extraContext);
    }
}
