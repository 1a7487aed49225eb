package dev.decanter.cpu.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Activations x[M, K] quantized to bytes, group by group of a row: {@code x ≈ scale · q}, {@code scale = max|x| / 127}, {@code q
 * = round(x · (1 / scale))} to nearest even; a group of zeros has scale 0 and q 0. A buffer to be filled again and again.
 *
 * <p>Layout: one row lies as it is. Several are cut into tiles of {@value #TILE} rows: q of (m, k) is at {@code m / 16 * 16 *
 * paddedInputs + k / 64 * 1024 + m % 16 * 64 + k % 64}, its group's scale and sum at entry {@code (m / 16 * groups + g) * 16 +
 * m % 16}. Inputs past K are 0; rows past M in the last tile are 0 with scale 0.
 */
public final class QuantizedRows implements AutoCloseable {
    /** Rows of a tile. */
    public static final int TILE = 16;

    private static final float LEVELS = 127;

    private Arena arena = Arena.ofShared();
    private MemorySegment codes = MemorySegment.NULL;
    private MemorySegment scales = MemorySegment.NULL;
    private MemorySegment sums = MemorySegment.NULL;
    private int rows;
    private int inputs;
    private int group;

    /** An empty buffer. */
    public QuantizedRows() {}

    /**
     * Quantizes rows, replacing what was there.
     *
     * @param x f32; row m begins at byte {@code xOffset + 4 * m * xStride}
     * @param group inputs of a group, a multiple of 32
     */
    public void quantize(
            ThreadTeam team, MemorySegment x, long xOffset, long xStride, int rows, int inputs, int group) {
        reserve(rows, inputs, group);
        int padded = paddedInputs();
        int tall = rows == 1 ? 1 : Math.ceilDiv(rows, TILE) * TILE;
        team.run(tall, m -> {
            float[] line = Scratch.current().floats(Scratch.A, padded);
            java.util.Arrays.fill(line, 0, padded, 0);
            if (m < rows) {
                Mem.read(x, xOffset + m * xStride * Float.BYTES, line, 0, inputs);
            }
            for (int g = 0; g < groups(); g++) {
                float most = 0;
                for (int k = g * group; k < (g + 1) * group; k++) {
                    most = Math.max(most, Math.abs(line[k]));
                }
                float scale = most / LEVELS;
                float inverse = scale == 0 ? 0 : 1 / scale;
                int sum = 0;
                for (int k = g * group; k < (g + 1) * group; k++) {
                    int q = (int) Math.rint(line[k] * inverse);
                    codes.set(Mem.I8, codeAt(m, k), (byte) q);
                    sum += q;
                }
                scales.set(Mem.F32, 4 * entryAt(m, g), scale);
                sums.set(Mem.I32, 4 * entryAt(m, g), sum);
            }
        });
    }

    private void reserve(int rows, int inputs, int group) {
        this.rows = rows;
        this.inputs = inputs;
        this.group = group;
        long tall = rows == 1 ? 1 : Math.ceilDiv(rows, TILE) * (long) TILE;
        long needed = tall * paddedInputs();
        if (codes.byteSize() < needed || scales.byteSize() < 4 * tall * groups()) {
            arena.close();
            arena = Arena.ofShared();
            codes = arena.allocate(needed, 64);
            scales = arena.allocate(4 * tall * groups(), 64);
            sums = arena.allocate(4 * tall * groups(), 64);
        }
    }

    /** Returns M. */
    public int rows() {
        return rows;
    }

    /** Returns K. */
    public int inputs() {
        return inputs;
    }

    /** Returns the inputs of a group. */
    public int group() {
        return group;
    }

    /** Returns K rounded up as in {@link BlockWeights#paddedInputs}. */
    public int paddedInputs() {
        return BlockWeights.paddedInputs(inputs, group);
    }

    /** Returns the groups of a padded row. */
    public int groups() {
        return paddedInputs() / group;
    }

    /** Returns the bytes q, aligned to 64. */
    public MemorySegment codes() {
        return codes;
    }

    /** Returns the scales, f32, aligned to 64. */
    public MemorySegment scales() {
        return scales;
    }

    /** Returns the sums of each group's q, int32, aligned to 64. */
    public MemorySegment sums() {
        return sums;
    }

    /** Returns the byte where q of a row and input lies. */
    public long codeAt(int m, int k) {
        if (rows == 1) {
            return k;
        }
        long tile = (long) m / TILE * TILE * paddedInputs();
        return tile + k / 64 * 1024L + m % TILE * 64L + k % 64;
    }

    /** Returns the index of the scale and the sum of a row's group. */
    public long entryAt(int m, int g) {
        return rows == 1 ? g : ((long) m / TILE * groups() + g) * TILE + m % TILE;
    }

    @Override
    public void close() {
        arena.close();
    }
}
