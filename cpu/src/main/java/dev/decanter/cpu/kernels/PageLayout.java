package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/**
 * How a page of {@link Paged#ROWS} positions lies in memory: head after head, each {@link #headBytes()} long. A head's numbers
 * are [ROWS, size], or [size, ROWS] where {@code turned}: attention multiplies by keys turned and by values as they come, so
 * neither is re-laid when it is read. With {@link CachePrecision#U8} the codes are followed by f32 scales [groups, ROWS] and
 * f32 lows [groups, ROWS].
 *
 * @param turned whether a position is a column
 * @param heads heads of a page
 * @param size numbers of a head at one position
 */
public record PageLayout(CachePrecision precision, boolean turned, int heads, int size) {
    /** Numbers that share a scale. */
    public static final int GROUP = 64;

    private static final int ROWS = Paged.ROWS;
    private static final int LINE = 64;
    private static final float STEPS = 255;

    private int groups() {
        return Math.ceilDiv(size, GROUP);
    }

    /** Returns the bytes of a head, a multiple of a cache line. */
    public long headBytes() {
        long beside = precision == CachePrecision.U8 ? 2L * groups() * ROWS * Float.BYTES : 0;
        return Math.ceilDiv((long) ROWS * size * precision.bytes() + beside, LINE) * LINE;
    }

    /** Returns the bytes of a page. */
    public long bytes() {
        return heads * headBytes();
    }

    private long code(int head, long index) {
        return head * headBytes() + index * precision.bytes();
    }

    /** Returns the byte of a page where a head's scales [groups, ROWS] begin; only with {@link CachePrecision#U8}. */
    public long scales(int head) {
        return scale(head, 0, 0);
    }

    /** Returns the bytes from a group's scales to its lows. */
    public long scaleBytes() {
        return (long) groups() * ROWS * Float.BYTES;
    }

    private long scale(int head, int group, int position) {
        return code(head, (long) ROWS * size) + ((long) group * ROWS + position) * Float.BYTES;
    }

    private long low(int head, int group, int position) {
        return scale(head, group + groups(), position);
    }

    /**
     * Stores rows of f32 at positions {@code at} to {@code at + n}.
     *
     * @param data the rows, [n, size]
     * @param offset byte offset of the first
     */
    public void write(MemorySegment page, int head, int at, int n, MemorySegment data, long offset) {
        float[] rows = Scratch.current().floats(Scratch.A, n * size);
        Mem.read(data, offset, rows, 0, n * size);
        if (precision != CachePrecision.F32) {
            limit(rows, n * size);
        }
        if (precision == CachePrecision.U8) {
            for (int i = 0; i < n; i++) {
                for (int g = 0; g < groups(); g++) {
                    encode(rows, i * size + g * GROUP, Math.min(GROUP, size - g * GROUP), page, head, g, at + i);
                }
            }
        }
        if (!turned) {
            store(rows, n * size, page, code(head, (long) at * size));
            return;
        }
        float[] column = Scratch.current().floats(Scratch.B, n);
        for (int c = 0; c < size; c++) {
            for (int i = 0; i < n; i++) {
                column[i] = rows[i * size + c];
            }
            store(column, n, page, code(head, (long) c * ROWS + at));
        }
    }

    /** Takes what f16 cannot hold to its limits; comparisons leave NaN alone. */
    private static void limit(float[] x, int n) {
        for (int i = 0; i < n; i++) {
            x[i] = Math.max(-CachePrecision.MAX, Math.min(CachePrecision.MAX, x[i]));
        }
    }

    /** Turns a group into its codes, and stores scale and low. */
    private void encode(float[] x, int from, int n, MemorySegment page, int head, int group, int position) {
        float low = x[from];
        float high = low;
        for (int i = from + 1; i < from + n; i++) {
            low = Math.min(low, x[i]);
            high = Math.max(high, x[i]);
        }
        float scale = (high - low) / STEPS;
        float inverse = scale == 0 ? 0 : 1 / scale;
        if (inverse == Float.POSITIVE_INFINITY) {
            // so narrow a range that its steps have no reciprocal: all of it is its least number
            inverse = 0;
            scale = 0;
        }
        for (int i = from; i < from + n; i++) {
            x[i] = (float) Math.rint(Math.min(STEPS, (x[i] - low) * inverse));
        }
        page.set(Mem.F32, scale(head, group, position), scale);
        page.set(Mem.F32, low(head, group, position), low);
    }

    private void store(float[] x, int n, MemorySegment page, long at) {
        switch (precision) {
            case F32 -> Mem.write(x, 0, n, page, at);
            case F16 -> {
                for (int i = 0; i < n; i++) {
                    page.set(Mem.I16, at + 2L * i, Float.floatToFloat16(x[i]));
                }
            }
            case U8 -> {
                for (int i = 0; i < n; i++) {
                    page.set(Mem.I8, at + i, (byte) (int) x[i]);
                }
            }
        }
    }

    /** Copies the first {@code positions} of all heads to another page of this layout. */
    public void copy(MemorySegment from, MemorySegment to, int positions) {
        int runs = turned ? size : 1;
        long run = (turned ? (long) positions : (long) positions * size) * precision.bytes();
        long step = (long) ROWS * precision.bytes();
        for (int h = 0; h < heads; h++) {
            for (int i = 0; i < runs; i++) {
                long at = code(h, 0) + i * step;
                MemorySegment.copy(from, at, to, at, run);
            }
            if (precision == CachePrecision.U8) {
                for (int g = 0; g < 2 * groups(); g++) {
                    long at = scale(h, g, 0);
                    MemorySegment.copy(from, at, to, at, (long) positions * Float.BYTES);
                }
            }
        }
    }

    /** Returns the bytes that {@link #copy} copies. */
    public long copied(int positions) {
        long beside = precision == CachePrecision.U8 ? 2L * groups() * Float.BYTES : 0;
        return (long) heads * positions * ((long) size * precision.bytes() + beside);
    }

    /** Reads position i of {@code n} to {@code target[i * step …]}. */
    void rows(MemorySegment page, int head, int n, float[] target, int step) {
        if (turned) {
            float[] columns = Scratch.current().floats(Scratch.INNER, size * ROWS);
            load(page, head, size * ROWS, columns);
            turn(columns, ROWS, size, n, target, 0, step);
            return;
        }
        if (step == size) {
            load(page, head, n * size, target);
            return;
        }
        float[] rows = Scratch.current().floats(Scratch.INNER, n * size);
        load(page, head, n * size, rows);
        for (int i = 0; i < n; i++) {
            System.arraycopy(rows, i * size, target, i * step, size);
        }
    }

    /** Reads number c of position i to {@code target[c * ROWS + i]}; what lies past the {@code n} positions is arbitrary. */
    void columns(MemorySegment page, int head, int n, float[] target) {
        if (turned) {
            load(page, head, size * ROWS, target);
            return;
        }
        float[] rows = Scratch.current().floats(Scratch.INNER, n * size);
        load(page, head, n * size, rows);
        turn(rows, size, n, size, target, 0, ROWS);
    }

    /** {@code y[yAt + j * yStep + i] = x[i * xStep + j]} for i below {@code outer} and j below {@code inner}. */
    static void turn(float[] x, int xStep, int outer, int inner, float[] y, int yAt, int yStep) {
        for (int i = 0; i < outer; i++) {
            for (int j = 0; j < inner; j++) {
                y[yAt + j * yStep + i] = x[i * xStep + j];
            }
        }
    }

    /** Reads {@code n} numbers of a head in the order of memory. */
    private void load(MemorySegment page, int head, int n, float[] target) {
        long at = code(head, 0);
        switch (precision) {
            case F32 -> Mem.read(page, at, target, 0, n);
            case F16 -> Strips.halfs(page, at, target, n);
            case U8 -> {
                Strips.bytes(page, at, target, n);
                if (turned) {
                    scaleColumns(page, head, target);
                } else {
                    scaleRows(page, head, n / size, target);
                }
            }
        }
    }

    private void scaleColumns(MemorySegment page, int head, float[] x) {
        float[] scale = Scratch.current().floats(Scratch.VALUES, 2 * ROWS);
        for (int g = 0; g < groups(); g++) {
            Mem.read(page, scale(head, g, 0), scale, 0, ROWS);
            Mem.read(page, low(head, g, 0), scale, ROWS, ROWS);
            for (int c = g * GROUP; c < Math.min(size, (g + 1) * GROUP); c++) {
                for (int i = 0; i < ROWS; i++) {
                    x[c * ROWS + i] = Math.fma(x[c * ROWS + i], scale[i], scale[ROWS + i]);
                }
            }
        }
    }

    private void scaleRows(MemorySegment page, int head, int n, float[] x) {
        for (int i = 0; i < n; i++) {
            for (int g = 0; g < groups(); g++) {
                float scale = page.get(Mem.F32, scale(head, g, i));
                float low = page.get(Mem.F32, low(head, g, i));
                for (int c = i * size + g * GROUP; c < i * size + Math.min(size, (g + 1) * GROUP); c++) {
                    x[c] = Math.fma(x[c], scale, low);
                }
            }
        }
    }
}
