package dev.decanter.cpu.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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

    /** Inputs of a row that lie together in a tile. */
    public static final int CHUNK = 64;

    private final RowKernels kernels;
    private final Supplier<Arena> arenas;
    private Arena arena;
    private MemorySegment codes = MemorySegment.NULL;
    private MemorySegment scales = MemorySegment.NULL;
    private MemorySegment sums = MemorySegment.NULL;
    private int rows;
    private int inputs;
    private int group;

    /** An empty buffer, to be filled without machine code. */
    public QuantizedRows() {
        this(RowKernels.portable());
    }

    /**
     * An empty buffer.
     *
     * @param kernels fill it, and do other work on rows where it is used
     */
    public QuantizedRows(RowKernels kernels) {
        this(kernels, Arena::ofShared);
    }

    /**
     * An empty buffer in memory of the caller's choice.
     *
     * @param kernels fill it, and do other work on rows where it is used
     * @param arenas gives an arena whenever the buffer must grow; the one before is closed
     */
    public QuantizedRows(RowKernels kernels, Supplier<Arena> arenas) {
        this.kernels = kernels;
        this.arenas = arenas;
        arena = arenas.get();
    }

    /** Returns what does the work on rows. */
    public RowKernels kernels() {
        return kernels;
    }

    /**
     * Quantizes rows, replacing what was there.
     *
     * @param x f32; row m begins at byte {@code xOffset + 4 * m * xStride}
     * @param group inputs of a group, 32 or a multiple of 64
     */
    public void quantize(
            ThreadTeam team, MemorySegment x, long xOffset, long xStride, int rows, int inputs, int group) {
        MemorySegment none = MemorySegment.NULL;
        RowKernels.Source source = new RowKernels.Source(x, xOffset, xStride, none, 0, none, 0, false, none, 0, 0);
        quantize(team, rows, inputs, group, source);
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
        MemorySegment none = MemorySegment.NULL;
        RowKernels.Source source =
                new RowKernels.Source(x, xOffset, inputs, none, 0, none, 0, true, weight, weightOffset, eps);
        quantize(team, rows, inputs, group, source);
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
        RowKernels.Source source = new RowKernels.Source(
                x, xOffset, inputs, residual, residualOffset, sum, sumOffset, true, weight, weightOffset, eps);
        quantize(team, rows, inputs, group, source);
    }

    private void quantize(ThreadTeam team, int rows, int inputs, int group, RowKernels.Source source) {
        reserve(rows, inputs, group);
        int tall = rows == 1 ? 1 : Math.ceilDiv(rows, TILE) * TILE;
        int task = Math.max(1, kernels.task() / paddedInputs());
        if (tall <= task) {
            // fewer than would pay for a call of the team
            kernels.quantize(source, this, 0, tall);
            return;
        }
        team.runRange(tall, task, (from, to) -> kernels.quantize(source, this, (int) from, (int) to));
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
