package dev.decanter.genai.parsers;

/**
 * A call of a tool.
 *
 * @param id the model's own, or nine letters and digits that follow from the call and its place in the answer; unique within
 *     the answer
 * @param name of the tool
 * @param arguments a JSON object as text
 */
public record ToolCall(String id, String name, String arguments) {}
