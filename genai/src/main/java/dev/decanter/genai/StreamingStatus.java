package dev.decanter.genai;

/** What a {@link Streamer} wants next. */
public enum StreamingStatus {
    /** Go on. */
    RUNNING,
    /** End here; the answer so far stays in the history. */
    STOP,
    /** End here and forget the prompt and the answer. */
    CANCEL
}
