package dev.decanter.genai.parsers;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model's answer, taken apart.
 *
 * @param content the text without reasoning and calls; may be empty
 * @param reasoning what the model thought; empty if it did not
 * @param toolCalls in the order of the answer
 */
public record ParsedMessage(String content, Optional<String> reasoning, List<ToolCall> toolCalls) {
    public ParsedMessage {
        toolCalls = List.copyOf(toolCalls);
    }

    /** Puts the parts of a message together again. */
    public static ParsedMessage of(List<MessageDelta> deltas) {
        StringBuilder content = new StringBuilder();
        StringBuilder reasoning = new StringBuilder();
        List<ToolCall> calls = new ArrayList<>();
        for (MessageDelta delta : deltas) {
            switch (delta) {
                case MessageDelta.Content(String text) -> content.append(text);
                case MessageDelta.Reasoning(String text) -> reasoning.append(text);
                case MessageDelta.ToolCallStarted(int _, String id, String name) ->
                    calls.add(new ToolCall(id, name, ""));
                case MessageDelta.ToolCallArguments(int index, String text) -> {
                    ToolCall call = calls.get(index);
                    calls.set(index, new ToolCall(call.id(), call.name(), call.arguments() + text));
                }
                case MessageDelta.ToolCallFinished _ -> {}
            }
        }
        Optional<String> thought = reasoning.isEmpty() ? Optional.empty() : Optional.of(reasoning.toString());
        return new ParsedMessage(content.toString(), thought, calls);
    }

    /**
     * The message as chat templates and OpenAI's API have it: {@code role}, {@code content}, {@code reasoning_content} and
     * {@code tool_calls}, each with {@code id}, {@code type} and {@code function}. The arguments are an object, not text, as
     * most templates want them.
     */
    public Map<String, Object> toMessage() {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", "assistant");
        message.put("content", content);
        reasoning.ifPresent(text -> message.put("reasoning_content", text));
        if (!toolCalls.isEmpty()) {
            List<Map<String, Object>> calls = new ArrayList<>();
            for (ToolCall call : toolCalls) {
                Map<String, Object> function = new LinkedHashMap<>();
                function.put("name", call.name());
                function.put("arguments", JsonCalls.map(call.arguments()));
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("id", call.id());
                entry.put("type", "function");
                entry.put("function", function);
                calls.add(entry);
            }
            message.put("tool_calls", calls);
        }
        return message;
    }
}
