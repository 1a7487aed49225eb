package dev.decanter.cpu.machine;

/**
 * What a routine of tiles is made for.
 *
 * @param group inputs of a group
 * @param perRow whether a row of weights has one scale
 * @param zeros whether zero points are left to be subtracted
 * @param panels panels of weights at once, 1 or 2
 * @param tiles tiles of 16 rows at once, 1 or 2
 * @param ahead lines of each panel's next weights that a step asks for
 */
record TileShape(int group, boolean perRow, boolean zeros, int panels, int tiles, int ahead) {
    /** Most lines to ask for. */
    static final int MOST_AHEAD = 16;

    /** Numbers that {@link #key} gives. */
    static final int KEYS = 1 << 14;

    int key() {
        int flags = (perRow ? 1 : 0) | (zeros ? 2 : 0);
        return (((flags << 1 | panels - 1) << 1 | tiles - 1) << 5 | ahead) << 5 | group / 32;
    }
}
