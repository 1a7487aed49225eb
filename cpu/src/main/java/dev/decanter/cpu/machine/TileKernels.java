package dev.decanter.cpu.machine;

import dev.decanter.cpu.kernels.BlockKernels;
import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.PanelLayout;
import dev.decanter.cpu.kernels.QuantizedRows;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;

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
    private final Routines unpacking = new Routines(UnpackCode.Shape.KEYS);
    private final Routines products = new Routines(TileShape.KEYS);
    private final Routines endings = new Routines(UnpackCode.Ending.KEYS);

    TileKernels() {}

    @Override
    public String describe() {
        return "AMX int8, " + few.describe();
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
        return unpacking.of(shape.key(), () -> UnpackCode.unpack(shape));
    }

    Routine products(TileShape shape) {
        return products.of(shape.key(), () -> TileCode.of(shape));
    }

    Routine ending(UnpackCode.Ending shape) {
        return endings.of(shape.key(), () -> UnpackCode.finish(shape));
    }
}
