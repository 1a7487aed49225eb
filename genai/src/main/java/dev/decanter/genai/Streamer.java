package dev.decanter.genai;

/** Receives text while it is generated. */
@FunctionalInterface
public interface Streamer {
    /** A streamer that ignores everything. */
    Streamer NONE = text -> StreamingStatus.RUNNING;

    /**
     * Called with each piece of text as soon as it is complete: never half a character, never the beginning of a stop
     * string that is to be left out. Called with an empty text where a token completes nothing yet, so that a caller can
     * cancel after any token.
     */
    StreamingStatus write(String text);
}
