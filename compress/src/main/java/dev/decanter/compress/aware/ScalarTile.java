package dev.decanter.compress.aware;

/** {@link Tile} as plain loops, for a JVM without the vector module. */
final class ScalarTile implements Tile {
    private static final int ROWS = 4;
    private static final int COLUMNS = 16;

    @Override
    public int rows() {
        return ROWS;
    }

    @Override
    public int columns() {
        return COLUMNS;
    }

    @Override
    public void add(int depth, float[] a, int aStart, float[] b, int bStart, float[] c, int cStart, int stride) {
        for (int p = 0; p < depth; p++) {
            for (int r = 0; r < ROWS; r++) {
                float factor = a[aStart + p * ROWS + r];
                int row = cStart + r * stride;
                for (int j = 0; j < COLUMNS; j++) {
                    c[row + j] += factor * b[bStart + p * COLUMNS + j];
                }
            }
        }
    }
}
