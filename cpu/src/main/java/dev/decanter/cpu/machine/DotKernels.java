package dev.decanter.cpu.machine;

import dev.decanter.cpu.kernels.BlockKernels;
import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.PanelLayout;
import dev.decanter.cpu.kernels.QuantizedRows;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

/** Products by dot instructions of bytes: AVX-512 VNNI, or AVX-VNNI with 256 bits. */
final class DotKernels implements BlockKernels {
    /** Bytes of weights of a call, far less than a millisecond's: a garbage collection waits for calls. */
    private static final long CALL_BYTES = 4 << 20;

    /** Bytes of weights that stay in the second-level cache while all rows pass. */
    private static final long CACHED = 256 << 10;

    private static final int NIBBLES = 0x0F0F0F0F;
    private static final int WORD = Long.BYTES;
    /** Of an argument block; the number behind the mask shares its word. */
    private static final int WORDS = DotCode.MASK / WORD + 1;

    private final int vectorBytes;
    private final int most;
    private final Routines routines = new Routines(DotShape.KEYS);

    /** Kernels with vectors of 64 or 32 bytes. */
    DotKernels(int vectorBytes) {
        this.vectorBytes = vectorBytes;
        most = vectorBytes == BlockWeights.WORD ? 8 : 4;
    }

    @Override
    public String describe() {
        return vectorBytes == BlockWeights.WORD ? "AVX-512 VNNI" : "AVX-VNNI";
    }

    @Override
    public PanelLayout layout() {
        return PanelLayout.TOGETHER;
    }

    @Override
    public void multiply(
            BlockWeights w,
            int panel,
            int panels,
            QuantizedRows x,
            int row,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride) {
        Operands o = new Operands(w, x, y, yOffset, yStride);
        o.check(panel, panels, row, rows);
        try {
            multiply(o, panel, panel + panels, row, rows);
        } finally {
            // addresses keep no memory alive
            Reference.reachabilityFence(o);
        }
    }

    private void multiply(Operands o, int panel, int end, int row, int rows) {
        int step = rows <= most ? end - panel : (int) Math.max(1, CACHED / o.w().panelBytes());
        for (int p = panel; p < end; p += step) {
            int stop = Math.min(end, p + step);
            int whole = o.whole(p, stop);
            for (int m = row; m < row + rows; m += most) {
                int count = Math.min(most, row + rows - m);
                if (whole > 0) {
                    panels(o, p, whole, m, count);
                }
                if (p + whole < stop) {
                    tail(o, p + whole, m, count);
                }
            }
        }
    }

    /**
     * Whole panels, in streams of weights that are read at once: memory answers several sooner than one, and an input that was
     * brought to all lanes serves all; loads for one stream alone and its few sums kept the dot instructions waiting half of the
     * time.
     */
    private void panels(Operands o, int panel, int panels, int row, int rows) {
        int streams = streams(panels, rows);
        Frame frame = Frame.current();
        long[] words = words(frame, o, row);
        long y = o.y().address();
        int each = panels / streams;
        int step = (int) Math.max(1, CALL_BYTES / streams / o.w().panelBytes());
        Routine routine = routine(o, rows, streams);
        words[DotCode.DISTANCE / WORD] = each * o.w().panelBytes();
        words[DotCode.Y_STRIDE / WORD] = 4 * o.yStride();
        words[DotCode.BIAS_STEP / WORD] = o.w().bias().byteSize() == 0 ? 0 : BlockWeights.WORD;
        for (int p = 0; p < each; p += step) {
            words[DotCode.PANEL / WORD] = o.scalesAt(panel + p);
            for (int s = 0; s < streams; s++) {
                words[DotCode.Y / WORD + s] = y + o.yAt(row, panel + s * each + p);
                words[DotCode.BIAS / WORD + s] = frame.bias(o.w(), panel + s * each + p);
            }
            words[DotCode.PANELS / WORD] = Math.min(step, each - p);
            frame.write(WORDS);
            routine.call(frame.block());
        }
        if (each * streams < panels) {
            panels(o, panel + each * streams, panels - each * streams, row, rows);
        }
    }

    /** As many as there are panels and registers for sums. */
    private int streams(int panels, int rows) {
        boolean wide = vectorBytes == BlockWeights.WORD;
        if (wide && rows <= 2 && panels >= 4) {
            return 4;
        }
        return (wide || rows <= most / 4) && panels >= 2 ? 2 : 1;
    }

    /** The unfinished last panel. */
    private void tail(Operands o, int panel, int row, int rows) {
        Frame frame = Frame.current();
        long[] words = words(frame, o, row);
        words[DotCode.PANEL / WORD] = o.scalesAt(panel);
        words[DotCode.BIAS / WORD] = frame.bias(o.w(), panel);
        words[DotCode.Y / WORD] = frame.tail();
        words[DotCode.Y_STRIDE / WORD] = BlockWeights.WORD;
        words[DotCode.BIAS_STEP / WORD] = 0;
        words[DotCode.PANELS / WORD] = 1;
        frame.write(WORDS);
        routine(o, rows, 1).call(frame.block());
        frame.copyTail(rows, o.tailOutputs(), o.y(), o.yAt(row, panel), 4 * o.yStride());
    }

    /** The frame's words with what all calls for these rows have in common. */
    private static long[] words(Frame frame, Operands o, int row) {
        long[] words = frame.words();
        words[DotCode.X / WORD] = o.inputsAt(row);
        words[DotCode.X_SCALES / WORD] = o.inputScalesAt(row);
        words[DotCode.X_SUMS / WORD] = o.inputSumsAt(row);
        words[DotCode.GROUPS / WORD] = o.w().groups();
        words[DotCode.ZEROS / WORD] = o.w().zeroPointsAt(0);
        words[DotCode.CODES / WORD] = o.w().codesAt(0);
        int zero = Float.floatToRawIntBits(o.w().zeroPoint());
        words[DotCode.MASK / WORD] = NIBBLES | (long) zero << Integer.SIZE;
        return words;
    }

    private Routine routine(Operands o, int rows, int streams) {
        BlockWeights w = o.w();
        DotShape shape = new DotShape(
                vectorBytes,
                w.bits(),
                w.group(),
                w.perRow(),
                w.halfScales(),
                w.zeroPoints(),
                o.x().rows() > 1,
                rows,
                streams);
        return routines.of(shape.key(), () -> DotCode.of(shape));
    }
}
