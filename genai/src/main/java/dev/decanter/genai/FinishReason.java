package dev.decanter.genai;

/** Why a sequence ended. */
public enum FinishReason {
    /** A stop token, a stop string, or the streamer said {@link StreamingStatus#STOP}. */
    STOP,
    /** As {@link #STOP}, and the answer calls tools; only with {@link GenerationConfig#outputFormat}. */
    TOOL_CALL,
    /** The limit of new tokens. */
    LENGTH,
    /** The streamer said {@link StreamingStatus#CANCEL}, or the thread was interrupted. */
    CANCEL
}
