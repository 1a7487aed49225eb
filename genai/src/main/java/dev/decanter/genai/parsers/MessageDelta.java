package dev.decanter.genai.parsers;

/**
 * A part of a message, in the order in which it was written. A call's parts follow each other and come when the call is complete,
 * since it is not known before that it is one.
 */
public sealed interface MessageDelta {
    /** More of the answer's text; never empty. */
    record Content(String text) implements MessageDelta {}

    /** More of the reasoning; never empty. */
    record Reasoning(String text) implements MessageDelta {}

    /**
     * A call begins.
     *
     * @param index of the call in the answer, from 0
     */
    record ToolCallStarted(int index, String id, String name) implements MessageDelta {}

    /** More of a call's arguments, which are a JSON object when put together. */
    record ToolCallArguments(int index, String text) implements MessageDelta {}

    /** The call is complete. */
    record ToolCallFinished(int index) implements MessageDelta {}
}
