package dev.decanter.genai;

/** Receives text while it is generated, in the thread that called {@code generate}. */
@FunctionalInterface
public interface Streamer {
    /** A streamer that ignores everything. */
    Streamer NONE = text -> StreamingStatus.RUNNING;

    /**
     * Called after each token, with the text that is complete with it: never half a character, never the beginning of a
     * stop string that is to be left out. All that is written is together the text of the result. The text is empty where a
     * token completes nothing yet, so that a caller can cancel after any token. What an exception from here leaves is as
     * after {@link StreamingStatus#CANCEL}.
     */
    StreamingStatus write(String text);

    /** Called once after the last piece of text. */
    default void end() {}
}
