package dev.decanter.genai;

/** Why a sequence ended. */
public enum FinishReason {
    /** A stop token or a stop string. */
    STOP,
    /** The limit of new tokens. */
    LENGTH,
    /** The streamer said STOP or CANCEL, or the thread was interrupted. */
    CANCEL
}
