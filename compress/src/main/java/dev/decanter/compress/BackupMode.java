package dev.decanter.compress;

/**
 * What becomes of layers that are not given the primary mode: embeddings, the last MatMul, convolutions, and with a ratio
 * below 1 the most sensitive layers. With a float primary mode 8-bit floats take the place of integers unless a backup
 * mode is set: MXFP8_E4M3 for the MX modes, FP8_E4M3 for FP4 and FP8_E4M3.
 */
public enum BackupMode {
    INT8_ASYM,
    INT8_SYM,
    /** They stay as they are. */
    NONE
}
