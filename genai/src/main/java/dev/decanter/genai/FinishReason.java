package dev.decanter.genai;

/** Why a sequence ended. */
public enum FinishReason {
    /** A stop token, a stop string, or the streamer said {@link StreamingStatus#STOP}. */
    STOP,
    /** The limit of new tokens. */
    LENGTH,
    /** The streamer said {@link StreamingStatus#CANCEL}, or the thread was interrupted. */
    CANCEL
}
