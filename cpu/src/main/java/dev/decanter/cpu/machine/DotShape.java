package dev.decanter.cpu.machine;

/**
 * What a routine of dot instructions is made for.
 *
 * @param vectorBytes 64 for AVX-512 VNNI, 32 for AVX-VNNI
 * @param bits of a code, 4 or 8
 * @param group inputs of a group
 * @param perRow whether a row has one scale
 * @param halfScales whether scales are f16
 * @param zeroPoints whether there are zero points in memory
 * @param tiled whether rows of activations lie in tiles; if not, there is one
 * @param rows rows of activations at once, 1 to 8
 * @param streams places of the weight that are read at once, 1, 2 or 4
 */
record DotShape(
        int vectorBytes,
        int bits,
        int group,
        boolean perRow,
        boolean halfScales,
        boolean zeroPoints,
        boolean tiled,
        int rows,
        int streams) {
    /** Numbers that {@link #key} gives. */
    static final int KEYS = 1 << 15;

    /** A number for all but the vectors. */
    int key() {
        int flags =
                (perRow ? 1 : 0) | (halfScales ? 2 : 0) | (zeroPoints ? 4 : 0) | (tiled ? 8 : 0) | (bits == 4 ? 16 : 0);
        return ((flags << 2 | streams / 2) << 3 | rows - 1) << 5 | group / 32;
    }
}
