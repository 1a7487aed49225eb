package dev.decanter.cpu.machine;

import dev.decanter.cpu.kernels.BlockKernels;
import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.QuantizedRows;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Products by AMX tiles of bytes, and by dot instructions where rows are few. Two panels at a time are unpacked slice by
 * slice, and all rows pass a slice while it is in the first-level cache; sums y of the rows stay in the second.
 */
final class TileKernels implements BlockKernels {
    /** Rows from which on tiles pay. */
    private static final int LEAST_ROWS = 9;

    /** Rows of a call, so that it stays far below a millisecond. */
    private static final int MOST_ROWS = 1024;

    private final DotKernels few = new DotKernels(BlockWeights.WORD);
    private final Map<UnpackCode.Shape, Routine> unpacking = new ConcurrentHashMap<>();
    private final Map<TileShape, Routine> products = new ConcurrentHashMap<>();
    private final Map<UnpackCode.Ending, Routine> endings = new ConcurrentHashMap<>();

    TileKernels() {}

    @Override
    public String describe() {
        return "AMX int8, " + few.describe();
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
        if (rows < LEAST_ROWS) {
            few.multiply(w, panel, panels, x, row, rows, y, yOffset, yStride);
            return;
        }
        Operands o = new Operands(w, x, y, yOffset, yStride);
        o.check(panel, panels, row, rows);
        try {
            for (int m = row; m < row + rows; m += MOST_ROWS) {
                TileBlock block = new TileBlock(this, o, m, Math.min(MOST_ROWS, row + rows - m));
                for (int p = panel; p < panel + panels; p += 2) {
                    block.multiply(p, Math.min(2, panel + panels - p), panel + panels);
                }
            }
        } finally {
            // addresses keep no memory alive
            Reference.reachabilityFence(o);
        }
    }

    Routine unpacking(UnpackCode.Shape shape) {
        return unpacking.computeIfAbsent(shape, s -> Routine.of(UnpackCode.unpack(s)));
    }

    Routine products(TileShape shape) {
        return products.computeIfAbsent(shape, s -> Routine.of(TileCode.of(s)));
    }

    Routine ending(UnpackCode.Ending shape) {
        return endings.computeIfAbsent(shape, s -> Routine.of(UnpackCode.finish(s)));
    }
}
