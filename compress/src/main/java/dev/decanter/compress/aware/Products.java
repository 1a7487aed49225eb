package dev.decanter.compress.aware;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Products of dense f32 matrices, cut to the caches (Goto and van de Geijn, "Anatomy of High-Performance Matrix
 * Multiplication", 2008) and spread over the cores. Written here because the JVM's libraries of linear algebra work on
 * doubles, one element at a time: too slow for Hessians of a model's width.
 */
public final class Products {
    static final Tile TILE = Tile.best();

    private static final int DEPTH = 256;
    private static final int BLOCK_ROWS = 32 * TILE.rows();
    private static final int BLOCK_COLUMNS = Math.max(1, 192 / TILE.columns()) * TILE.columns();

    private Products() {}

    /**
     * A matrix within an array.
     *
     * @param data the elements
     * @param start where element (0, 0) lies
     * @param rowStride from a row to the next, in elements
     * @param columnStride from a column to the next, in elements
     */
    @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
    public record View(float[] data, int start, int rowStride, int columnStride) {
        /** All of an array as rows of {@code columns}. */
        public static View of(float[] data, int columns) {
            return new View(data, 0, columns, 1);
        }

        /** From a row and a column on. */
        public View at(int row, int column) {
            return new View(data, start + row * rowStride + column * columnStride, rowStride, columnStride);
        }

        /** The same with rows and columns exchanged. */
        public View transposed() {
            return new View(data, start, columnStride, rowStride);
        }
    }

    /** Operands of one block in the order in which the tile reads them; one for each thread at work. */
    @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
    private record Scratch(float[] left, float[] right, float[] sums) {
        private static final ThreadLocal<Scratch> LOCAL = ThreadLocal.withInitial(() -> new Scratch(
                new float[BLOCK_ROWS * DEPTH],
                new float[BLOCK_COLUMNS * DEPTH],
                new float[TILE.rows() * TILE.columns()]));
    }

    /**
     * C += factor · A · B on all cores, with A [m, k], B [k, n], C [m, n]; columns of C are adjacent. The same sums in the
     * same order, whatever the number of cores.
     */
    public static void add(int m, int n, int k, float factor, View a, View b, View c) {
        int rowBlocks = (m + BLOCK_ROWS - 1) / BLOCK_ROWS;
        int columnBlocks = (n + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS;
        IntStream.range(0, rowBlocks * columnBlocks).parallel().forEach(task -> {
            int row = task % rowBlocks * BLOCK_ROWS;
            int column = task / rowBlocks * BLOCK_COLUMNS;
            int height = Math.min(BLOCK_ROWS, m - row);
            int width = Math.min(BLOCK_COLUMNS, n - column);
            block(height, width, k, factor, a.at(row, 0), b.at(0, column), c.at(row, column));
        });
    }

    /** {@link #add} in the calling thread, for callers that are parallel themselves. */
    static void addHere(int m, int n, int k, float factor, View a, View b, View c) {
        for (int column = 0; column < n; column += BLOCK_COLUMNS) {
            for (int row = 0; row < m; row += BLOCK_ROWS) {
                int height = Math.min(BLOCK_ROWS, m - row);
                int width = Math.min(BLOCK_COLUMNS, n - column);
                block(height, width, k, factor, a.at(row, 0), b.at(0, column), c.at(row, column));
            }
        }
    }

    private static void block(int m, int n, int k, float factor, View a, View b, View c) {
        Scratch scratch = Scratch.LOCAL.get();
        for (int p = 0; p < k; p += DEPTH) {
            int depth = Math.min(DEPTH, k - p);
            packLeft(m, depth, factor, a.at(0, p), scratch.left);
            packRight(depth, n, b.at(p, 0), scratch.right);
            tiles(m, n, depth, scratch, c);
        }
    }

    private static void tiles(int m, int n, int depth, Scratch scratch, View c) {
        int rows = TILE.rows();
        int columns = TILE.columns();
        for (int j = 0; j < n; j += columns) {
            for (int i = 0; i < m; i += rows) {
                int left = i * depth;
                int right = j * depth;
                int target = c.start + i * c.rowStride + j;
                if (i + rows <= m && j + columns <= n) {
                    TILE.add(depth, scratch.left, left, scratch.right, right, c.data, target, c.rowStride);
                } else {
                    Arrays.fill(scratch.sums, 0);
                    TILE.add(depth, scratch.left, left, scratch.right, right, scratch.sums, 0, columns);
                    addPart(Math.min(rows, m - i), Math.min(columns, n - j), scratch.sums, c.data, target, c.rowStride);
                }
            }
        }
    }

    private static void addPart(int height, int width, float[] sums, float[] target, int start, int stride) {
        for (int i = 0; i < height; i++) {
            for (int j = 0; j < width; j++) {
                target[start + i * stride + j] += sums[i * TILE.columns() + j];
            }
        }
    }

    /** Rows in strips of the tile's height, each strip a column after the other; missing rows are zero. */
    private static void packLeft(int m, int depth, float factor, View a, float[] packed) {
        int rows = TILE.rows();
        for (int i = 0; i < m; i += rows) {
            int height = Math.min(rows, m - i);
            int at = i * depth;
            for (int r = 0; r < rows; r++) {
                int from = a.start + (i + r) * a.rowStride;
                for (int p = 0; p < depth; p++) {
                    packed[at + p * rows + r] = r < height ? factor * a.data[from + p * a.columnStride] : 0;
                }
            }
        }
    }

    /** Columns in strips of the tile's width, each strip a row after the other; missing columns are zero. */
    private static void packRight(int depth, int n, View b, float[] packed) {
        int columns = TILE.columns();
        for (int j = 0; j < n; j += columns) {
            int width = Math.min(columns, n - j);
            int at = j * depth;
            for (int p = 0; p < depth; p++) {
                int from = b.start + p * b.rowStride + j * b.columnStride;
                int to = at + p * columns;
                if (b.columnStride == 1) {
                    System.arraycopy(b.data, from, packed, to, width);
                } else {
                    for (int q = 0; q < width; q++) {
                        packed[to + q] = b.data[from + q * b.columnStride];
                    }
                }
                Arrays.fill(packed, to + width, to + columns, 0);
            }
        }
    }
}
