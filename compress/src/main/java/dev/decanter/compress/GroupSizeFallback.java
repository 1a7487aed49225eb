package dev.decanter.compress;

/** What to do about layers of which the number of input channels is no multiple of the group size. */
public enum GroupSizeFallback {
    /** Refuse the model, naming the layers. */
    ERROR,
    /** Leave those layers as they are. */
    IGNORE,
    /** Take the largest power of two that divides the number of channels if it is 32 or more, else the backup mode. */
    ADJUST
}
