package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.decanter.assembler.CpuFeature;
import dev.decanter.assembler.CpuFeatures;
import dev.decanter.assembler.MachineCodeException;
import dev.decanter.cpu.kernels.AttentionKernels;
import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.cpu.kernels.Paged;
import dev.decanter.cpu.kernels.TiledAttention;
import dev.decanter.cpu.kernels.VectorSupport;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** {@link AttentionKernels} in machine code of AVX-512. Values of a head must be a multiple of 16. */
public final class MachineAttention implements AttentionKernels {
    private static final int LANES = 16;
    private static final int VECTOR = 64;
    /** Registers for sums. */
    private static final int SUMS = 16;

    private static final int[] TILES = {1, 2, 4, ROWS};
    private static final Optional<AttentionKernels> KERNELS = make();
    private static final Optional<TiledAttention> TILED = makeTiles();

    private final Map<AttentionCode, Routine> scores = new HashMap<>();
    private final Map<AttentionCode, Routine> weigh = new HashMap<>();

    private MachineAttention() {
        for (CachePrecision precision : CachePrecision.values()) {
            for (int rows : TILES) {
                AttentionCode keys = keys(precision, rows);
                scores.put(keys, Routine.of(keys.scores()));
                for (int vectors = Math.min(4, SUMS / rows); vectors > 0; vectors /= 2) {
                    AttentionCode values = new AttentionCode(precision, rows, vectors);
                    weigh.put(values, Routine.of(values.weigh()));
                }
            }
        }
    }

    private static AttentionCode keys(CachePrecision precision, int rows) {
        return new AttentionCode(precision, rows, Math.min(4, SUMS / rows));
    }

    /** Returns them where products run in machine code too and the processor has AVX-512. */
    public static Optional<AttentionKernels> kernels() {
        return KERNELS;
    }

    /** Returns attention of many queries in bf16, where products run in machine code too and the processor has AMX for it. */
    public static Optional<TiledAttention> tiles() {
        return TILED;
    }

    private static Optional<TiledAttention> makeTiles() {
        try {
            return KERNELS.isPresent()
                            && VectorSupport.bits() == VECTOR * Byte.SIZE
                            && CpuFeatures.detect().contains(CpuFeature.AMX_BF16)
                    ? Optional.of(new TileAttention())
                    : Optional.empty();
        } catch (MachineCodeException e) {
            System.getLogger(MachineAttention.class.getName())
                    .log(System.Logger.Level.WARNING, "attention runs without tiles: " + e.getMessage());
            return Optional.empty();
        }
    }

    private static Optional<AttentionKernels> make() {
        if (MachineCode.kernels().isEmpty()) {
            return Optional.empty();
        }
        try {
            return CpuFeatures.detect().contains(CpuFeature.AVX512)
                    ? Optional.of(new MachineAttention())
                    : Optional.empty();
        } catch (MachineCodeException e) {
            System.getLogger(MachineAttention.class.getName())
                    .log(System.Logger.Level.WARNING, "attention runs without machine code: " + e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public boolean reads(PageLayout keys, PageLayout values) {
        return keys.turned() && !values.turned() && values.size() % LANES == 0;
    }

    private static int tile(int rows) {
        return rows == 3 ? 4 : rows > 4 ? ROWS : rows;
    }

    private Routine routine(Map<AttentionCode, Routine> routines, AttentionCode code) {
        Routine routine = routines.get(code);
        if (routine == null) {
            throw new IllegalArgumentException("no code for attention of " + code);
        }
        return routine;
    }

    /** Writes the addresses of a head in pages, the last of them twice. */
    private static void table(MemorySegment table, Paged rows, int batch, int head, int page, int pages) {
        long at = head * rows.layout().headBytes();
        for (int i = 0; i <= pages; i++) {
            MemorySegment memory = rows.page(batch, page + Math.min(i, pages - 1));
            if (!memory.isNative() || memory.byteSize() < rows.layout().bytes()) {
                throw new IllegalArgumentException("a page of " + memory.byteSize() + " bytes for " + rows.layout());
            }
            table.setAtIndex(JAVA_LONG, i, memory.address() + at);
        }
    }

    private static void scaling(Frame frame, PageLayout layout, int group) {
        frame.set(AttentionCode.SCALES, layout.scales(0) + (long) group * Paged.ROWS * Float.BYTES);
        frame.set(AttentionCode.LOWS, layout.scaleBytes());
    }

    @Override
    public void scores(
            Paged keys, int batch, int head, int page, int pages, float[] queries, int at, int rows, float[] scores) {
        PageLayout layout = keys.layout();
        int d = layout.size();
        int step = pages * Paged.ROWS;
        Frame frame = Frame.current();
        long input = room((pages + 1) * (long) Long.BYTES);
        long output = input + room((long) d * ROWS * Float.BYTES);
        int tile = tile(rows);
        MemorySegment memory = frame.scores(output + (long) tile * step * Float.BYTES);
        table(memory, keys, batch, head, page, pages);
        MemorySegment.copy(queries, at, memory, JAVA_FLOAT, input, d * ROWS);
        frame.set(AttentionCode.TABLE, memory.address());
        frame.set(AttentionCode.COUNT, pages);
        frame.set(AttentionCode.INPUT, memory.address() + input);
        frame.set(AttentionCode.OUTPUT, memory.address() + output);
        frame.set(AttentionCode.OUTPUT_STRIDE, (long) step * Float.BYTES);
        frame.set(AttentionCode.SIZE, d);
        scaling(frame, layout, 0);
        routine(this.scores, keys(layout.precision(), tile)).call(frame.block());
        MemorySegment.copy(memory, JAVA_FLOAT, output, scores, 0, rows * step);
    }

    @Override
    public void weigh(
            Paged values,
            int batch,
            int head,
            int page,
            int count,
            float[] weights,
            int step,
            int rows,
            float[] sums,
            int at,
            int width) {
        PageLayout layout = values.layout();
        int dv = layout.size();
        int pages = Math.ceilDiv(count, Paged.ROWS);
        int tile = tile(rows);
        Frame frame = Frame.current();
        long input = room((pages + 1) * (long) Long.BYTES);
        long stride = (long) pages * Paged.ROWS * Float.BYTES;
        long output = input + tile * stride;
        MemorySegment memory = frame.scores(output + (long) tile * dv * Float.BYTES);
        table(memory, values, batch, head, page, pages);
        for (int r = 0; r < rows; r++) {
            MemorySegment.copy(weights, r * step, memory, JAVA_FLOAT, input + r * stride, count);
        }
        // sums of rows that are not there are dropped; their weights need only be numbers that cost no time
        memory.asSlice(input + rows * stride, (tile - rows) * stride).fill((byte) 0);
        frame.set(AttentionCode.TABLE, memory.address());
        frame.set(AttentionCode.COUNT, count);
        frame.set(AttentionCode.INPUT, memory.address() + input);
        frame.set(AttentionCode.INPUT_STRIDE, stride);
        frame.set(AttentionCode.OUTPUT_STRIDE, (long) dv * Float.BYTES);
        frame.set(AttentionCode.ROW_BYTES, (long) dv * layout.precision().bytes());
        for (int c = 0; c < dv; ) {
            int vectors = Math.min(Math.min(4, SUMS / tile), Integer.highestOneBit((dv - c) / LANES));
            scaling(frame, layout, c / PageLayout.GROUP);
            frame.set(AttentionCode.OUTPUT, memory.address() + output + (long) c * Float.BYTES);
            frame.set(AttentionCode.COLUMNS, (long) c * layout.precision().bytes());
            routine(weigh, new AttentionCode(layout.precision(), tile, vectors)).call(frame.block());
            c += vectors * LANES;
        }
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < dv; c++) {
                sums[at + r * width + c] += memory.get(JAVA_FLOAT, output + ((long) r * dv + c) * Float.BYTES);
            }
        }
    }

    private static long room(long bytes) {
        return Math.ceilDiv(bytes, VECTOR) * VECTOR;
    }
}
