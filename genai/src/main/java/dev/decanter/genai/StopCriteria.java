package dev.decanter.genai;

/** When beam search stops looking for better answers. */
public enum StopCriteria {
    /** As soon as there are enough finished answers. */
    EARLY,
    /** When no running beam is likely to become better than the worst finished one. */
    HEURISTIC,
    /** When no running beam can become better than the worst finished one. */
    NEVER
}
