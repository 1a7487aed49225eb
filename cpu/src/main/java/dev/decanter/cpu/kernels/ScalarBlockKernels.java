package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/** The formula as plain loops: for machines without vectors, and what the other implementations are held to. */
public final class ScalarBlockKernels implements BlockKernels {
    /** One is enough. */
    public static final ScalarBlockKernels INSTANCE = new ScalarBlockKernels();

    private ScalarBlockKernels() {}

    @Override
    public String describe() {
        return "plain loops";
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
        int end = Math.min(w.outputs(), (panel + panels) * BlockWeights.PANEL);
        for (int m = row; m < row + rows; m++) {
            for (int n = panel * BlockWeights.PANEL; n < end; n++) {
                y.set(Mem.F32, yOffset + 4 * (m * yStride + n), product(w, n, x, m));
            }
        }
    }

    private static float product(BlockWeights w, int n, QuantizedRows x, int m) {
        float y = 0;
        for (int g = 0; g < w.groups(); g++) {
            int t = 0;
            for (int k = g * w.group(); k < (g + 1) * w.group(); k++) {
                t += w.code(n, k) * x.codes().get(Mem.I8, x.codeAt(m, k));
            }
            long entry = 4 * x.entryAt(m, g);
            t -= w.zeroPoint(n, g) * x.sums().get(Mem.I32, entry);
            float scale = x.scales().get(Mem.F32, entry);
            y = Math.fma((float) t, w.perRow() ? scale : w.scale(n, g) * scale, y);
        }
        if (w.perRow()) {
            y *= w.scale(n, 0);
        }
        return w.bias().byteSize() == 0 ? y : y + w.bias().get(Mem.F32, 4L * n);
    }
}
