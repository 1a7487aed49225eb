package dev.decanter.cpu.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * Activations x[M, K] quantized to bytes, group by group of a row: {@code x ≈ scale · q}, {@code scale = max|x| / 127}, {@code q
 * = round(x · (1 / scale))} to nearest even; a group of zeros, or of numbers so small that {@code 1 / scale} is infinite, has
 * scale 0 and q 0. Where a group has an infinity or a NaN, the scale is that and q is 0, so that every product of the row is
 * NaN. A buffer to be filled again and again.
 *
 * <p>Layout: one row lies as it is. Several are cut into tiles of {@value #TILE} rows: q of (m, k) is at {@code m / 16 * 16 *
 * paddedInputs + k / 64 * 1024 + m % 16 * 64 + k % 64}, its group's scale and sum at entry {@code (m / 16 * groups + g) * 16 +
 * m % 16}. Inputs past K are 0; rows past M in the last tile are 0 with scale 0.
 */
public final class QuantizedRows implements AutoCloseable {
    /** Rows of a tile. */
    public static final int TILE = 16;

    private static final float LEVELS = 127;

    /** Inputs of a row that lie together in a tile. */
    static final int CHUNK = 64;

    /** Values worth handing to another thread. */
    private static final int TASK = 16 << 10;

    private final Supplier<Arena> arenas;
    private Arena arena;
    private MemorySegment codes = MemorySegment.NULL;
    private MemorySegment scales = MemorySegment.NULL;
    private MemorySegment sums = MemorySegment.NULL;
    private int rows;
    private int inputs;
    private int group;

    /** An empty buffer. */
    public QuantizedRows() {
        this(Arena::ofShared);
    }

    /**
     * An empty buffer in memory of the caller's choice.
     *
     * @param arenas gives an arena whenever the buffer must grow; the one before is closed
     */
    public QuantizedRows(Supplier<Arena> arenas) {
        this.arenas = arenas;
        arena = arenas.get();
    }

    /**
     * Quantizes rows, replacing what was there.
     *
     * @param x f32; row m begins at byte {@code xOffset + 4 * m * xStride}
     * @param group inputs of a group, 32 or a multiple of 64
     */
    public void quantize(
            ThreadTeam team, MemorySegment x, long xOffset, long xStride, int rows, int inputs, int group) {
        quantize(
                team,
                rows,
                inputs,
                group,
                (m, line, factors) -> Mem.read(x, xOffset + m * xStride * Float.BYTES, line, 0, inputs));
    }

    /**
     * Quantizes what {@link Norms#rms} gives of the rows, to the bit, without the f32 rows in memory.
     *
     * @param x f32; row m begins at byte {@code xOffset + 4 * m * inputs}
     * @param weight f32 [inputs] at byte {@code weightOffset}; {@link MemorySegment#NULL} for none
     * @param group inputs of a group, 32 or a multiple of 64
     */
    public void quantizeRms(
            ThreadTeam team,
            MemorySegment x,
            long xOffset,
            MemorySegment weight,
            long weightOffset,
            float eps,
            int rows,
            int inputs,
            int group) {
        quantize(team, rows, inputs, group, (m, line, factors) -> {
            Mem.read(x, xOffset + (long) m * inputs * Float.BYTES, line, 0, inputs);
            Norms.rmsRow(line, inputs, eps, weight, weightOffset, factors);
        });
    }

    /**
     * Quantizes what {@link Norms#addRms} gives of the rows, to the bit, and writes the sums.
     *
     * @param x f32; row m begins at byte {@code xOffset + 4 * m * inputs}; likewise residual and sum
     * @param sum receives {@code x + residual}; may be x or residual itself
     * @param weight f32 [inputs] at byte {@code weightOffset}; {@link MemorySegment#NULL} for none
     * @param group inputs of a group, 32 or a multiple of 64
     */
    public void quantizeAddRms(
            ThreadTeam team,
            MemorySegment x,
            long xOffset,
            MemorySegment residual,
            long residualOffset,
            MemorySegment sum,
            long sumOffset,
            MemorySegment weight,
            long weightOffset,
            float eps,
            int rows,
            int inputs,
            int group) {
        quantize(team, rows, inputs, group, (m, line, factors) -> {
            long at = (long) m * inputs * Float.BYTES;
            Mem.read(x, xOffset + at, line, 0, inputs);
            Mem.read(residual, residualOffset + at, factors, 0, inputs);
            BinaryOp.ADD.apply(line, factors, inputs);
            Mem.write(line, 0, inputs, sum, sumOffset + at);
            Norms.rmsRow(line, inputs, eps, weight, weightOffset, factors);
        });
    }

    /** Brings a row into a buffer, with another as long for its own use. */
    @FunctionalInterface
    private interface Line {
        void load(int m, float[] line, float[] factors);
    }

    private void quantize(ThreadTeam team, int rows, int inputs, int group, Line source) {
        reserve(rows, inputs, group);
        int padded = paddedInputs();
        long tall = rows == 1 ? 1 : Math.ceilDiv(rows, TILE) * (long) TILE;
        team.runRange(tall, Math.max(1, TASK / padded), (from, to) -> {
            Scratch scratch = Scratch.current();
            float[] line = scratch.floats(Scratch.STRIP, padded);
            float[] factors = scratch.floats(Scratch.A, padded);
            byte[] bytes = scratch.bytes(padded + RowQuantizer.SURPLUS);
            for (int m = (int) from; m < to; m++) {
                if (m < rows) {
                    source.load(m, line, factors);
                }
                Arrays.fill(line, m < rows ? inputs : 0, padded, 0);
                row(m, line, bytes, padded);
            }
        });
    }

    private void row(int m, float[] line, byte[] bytes, int padded) {
        for (int g = 0; g < groups(); g++) {
            float most = Float.intBitsToFloat(RowQuantizer.greatest(line, g * group, group));
            float scale = most / LEVELS;
            float inverse = 1 / scale;
            int sum = 0;
            if (inverse > 0 && inverse < Float.POSITIVE_INFINITY) {
                sum = RowQuantizer.codes(line, g * group, group, inverse, bytes);
            } else {
                Arrays.fill(bytes, g * group, (g + 1) * group, (byte) 0);
                // an infinity or a NaN stays in the scale and makes every product NaN
                scale = inverse == Float.POSITIVE_INFINITY ? 0 : scale;
            }
            long entry = entryAt(m, g);
            scales.set(Mem.F32, Float.BYTES * entry, scale);
            sums.set(Mem.I32, Integer.BYTES * entry, sum);
        }
        if (rows == 1) {
            MemorySegment.copy(bytes, 0, codes, Mem.I8, 0, padded);
            return;
        }
        for (int k = 0; k < padded; k += CHUNK) {
            MemorySegment.copy(bytes, k, codes, Mem.I8, codeAt(m, k), CHUNK);
        }
    }

    private void reserve(int rows, int inputs, int group) {
        this.rows = rows;
        this.inputs = inputs;
        this.group = group;
        long tall = rows == 1 ? 1 : Math.ceilDiv(rows, TILE) * (long) TILE;
        long needed = tall * paddedInputs();
        if (codes.byteSize() < needed || scales.byteSize() < 4 * tall * groups()) {
            arena.close();
            arena = arenas.get();
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
