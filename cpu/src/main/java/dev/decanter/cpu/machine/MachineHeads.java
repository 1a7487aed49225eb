package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.decanter.assembler.CpuFeature;
import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.cpu.kernels.Paged;
import dev.decanter.cpu.kernels.Strided;
import dev.decanter.cpu.kernels.ThreadTeam;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The rotation of heads and the append to a cache in machine code of AVX-512: a call for each thread's share. */
public final class MachineHeads {
    private static final int LANES = 16;
    private static final int LINE = 64;
    /** Numbers that one thread works on faster than it wakes another. */
    private static final long ALONE = 16 << 10;

    private static final Optional<MachineHeads> KERNELS =
            MachineAttention.has(CpuFeature.AVX512) ? Optional.of(new MachineHeads()) : Optional.empty();

    private final Routine rotate = Routine.of(HeadCode.rotate());
    /** By precision, turned and not; made when first wanted. */
    private final @Nullable Routine[] append = new Routine[2 * MachineAttention.PRECISIONS];

    private final MemorySegment constants;

    private MachineHeads() {
        int[] all = HeadCode.constants();
        constants = Arena.ofAuto().allocate((long) all.length * Integer.BYTES, LINE);
        MemorySegment.copy(all, 0, constants, JAVA_INT, 0, all.length);
    }

    /** Returns them where products run in machine code too and the processor has AVX-512. */
    public static Optional<MachineHeads> kernels() {
        return KERNELS;
    }

    private synchronized Routine append(CachePrecision precision, boolean turned) {
        int i = 2 * MachineAttention.index(precision) + (turned ? 1 : 0);
        Routine routine = append[i];
        if (routine == null) {
            routine = Routine.of(HeadCode.append(precision, turned));
            append[i] = routine;
        }
        return routine;
    }

    /** Returns whether operands lie in native memory. */
    public static boolean reaches(Strided x, Strided cos, Strided sin) {
        return x.data().isNative() && cos.data().isNative() && sin.data().isNative();
    }

    /** Throws unless rows [B, H, S, size] lie in a tensor's memory. */
    private static void check(Strided x, int batch, int heads, int rows, int size) {
        long last = (batch - 1) * x.batchStride() + (heads - 1) * x.headStride() + (rows - 1) * x.rowStride() + size;
        boolean inside =
                x.offset() >= 0 && x.offset() + last * Float.BYTES <= x.data().byteSize();
        if (!inside || !x.data().isNative()) {
            throw new IllegalArgumentException(
                    "heads go beyond a memory of " + x.data().byteSize() + " bytes");
        }
    }

    private static int tasks(ThreadTeam team, int rows, long numbers) {
        return numbers < ALONE ? 1 : Math.min(rows, team.size());
    }

    private static long address(Strided x, int batch, int head, int row) {
        return x.data().address()
                + x.offset()
                + (batch * x.batchStride() + head * x.headStride() + row * x.rowStride()) * Float.BYTES;
    }

    /**
     * As {@link dev.decanter.cpu.kernels.Rotary#apply}, of whole rows, to the same bits.
     *
     * @param size D, even
     * @param x [B, H, S, D] in native memory
     * @param cos [B or 1, 1, S or 1, D] by strides
     * @param sin the same
     * @param y [B, H, S, D]; may be x itself
     */
    public void rotate(
            ThreadTeam team, int batch, int heads, int rows, int size, Strided x, Strided cos, Strided sin, Strided y) {
        if (size % 2 != 0) {
            throw new IllegalArgumentException("cannot rotate " + size + " elements");
        }
        if (batch == 0 || heads == 0 || rows == 0 || size == 0) {
            return;
        }
        check(x, batch, heads, rows, size);
        check(y, batch, heads, rows, size);
        check(cos, batch, 1, rows, size);
        check(sin, batch, 1, rows, size);
        int tasks = tasks(team, rows, (long) heads * rows * size);
        team.run(Math.multiplyExact(batch, tasks), task -> {
            int b = task / tasks;
            int from = (int) ((long) rows * (task % tasks) / tasks);
            int to = (int) ((long) rows * (task % tasks + 1) / tasks);
            Frame frame = Frame.current();
            long[] w = frame.words();
            w[HeadCode.ROWS / 8] = (long) to - from;
            w[HeadCode.HEADS / 8] = heads;
            w[HeadCode.X / 8] = address(x, b, 0, from);
            w[HeadCode.X_ROW / 8] = x.rowStride() * Float.BYTES;
            w[HeadCode.X_HEAD / 8] = x.headStride() * Float.BYTES;
            w[HeadCode.Y / 8] = address(y, b, 0, from);
            w[HeadCode.Y_ROW / 8] = y.rowStride() * Float.BYTES;
            w[HeadCode.Y_HEAD / 8] = y.headStride() * Float.BYTES;
            w[HeadCode.COS / 8] = address(cos, b, 0, from);
            w[HeadCode.COS_ROW / 8] = cos.rowStride() * Float.BYTES;
            w[HeadCode.SIN / 8] = address(sin, b, 0, from);
            w[HeadCode.SIN_ROW / 8] = sin.rowStride() * Float.BYTES;
            w[HeadCode.HALF / 8] = size / 2L * Float.BYTES;
            w[HeadCode.VECTORS / 8] = size / 2 / LANES * (long) LINE;
            w[HeadCode.TAIL / 8] = (1L << (size / 2 % LANES)) - 1;
            frame.write(HeadCode.WORDS);
            rotate.call(frame.block());
        });
    }

    /** Returns whether rows can be written to pages of a layout. */
    public boolean writes(PageLayout layout, MemorySegment rows) {
        return rows.isNative() && layout.size() % LANES == 0 && layout.size() > 0;
    }

    /**
     * As {@link PageLayout#write} for all heads, to the same bits.
     *
     * @param pages with room for the new positions
     * @param at the first position
     * @param rows [batch, heads, steps, size] by strides
     */
    public void write(ThreadTeam team, Paged pages, int batch, long at, int steps, Strided rows) {
        PageLayout layout = pages.layout();
        int heads = layout.heads();
        if (batch == 0 || steps == 0) {
            return;
        }
        check(rows, batch, heads, steps, layout.size());
        long table = pages.table().address();
        if (at < 0 || Math.ceilDiv(at + steps, Paged.ROWS) > pages.perBatch()) {
            throw new IllegalArgumentException("position " + (at + steps) + " of " + pages.perBatch() + " pages");
        }
        Routine routine = append(layout.precision(), layout.turned());
        int tasks = tasks(team, heads, (long) heads * steps * layout.size());
        team.run(Math.multiplyExact(batch, tasks), task -> {
            int b = task / tasks;
            int from = heads * (task % tasks) / tasks;
            int to = heads * (task % tasks + 1) / tasks;
            Frame frame = Frame.current();
            long[] w = frame.words();
            w[HeadCode.ROWS / 8] = steps;
            w[HeadCode.HEADS / 8] = (long) to - from;
            w[HeadCode.X / 8] = address(rows, b, from, 0);
            w[HeadCode.X_ROW / 8] = rows.rowStride() * Float.BYTES;
            w[HeadCode.X_HEAD / 8] = rows.headStride() * Float.BYTES;
            w[HeadCode.TABLE / 8] = table + Long.BYTES * ((long) b * pages.perBatch() + at / Paged.ROWS);
            w[HeadCode.AT / 8] = at % Paged.ROWS;
            w[HeadCode.HEAD / 8] = from * layout.headBytes();
            w[HeadCode.HEAD_BYTES / 8] = layout.headBytes();
            w[HeadCode.SIZE / 8] = layout.size();
            w[HeadCode.SCALES / 8] = layout.scales(0);
            w[HeadCode.LOWS / 8] = layout.scaleBytes();
            w[HeadCode.CONSTANTS / 8] = constants.address();
            w[HeadCode.ROOM / 8] =
                    frame.scores((long) layout.size() * Float.BYTES + 2 * LINE).address();
            frame.write(HeadCode.WORDS);
            routine.call(frame.block());
        });
    }
}
