package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/** The formula as plain loops: for machines without vectors, and what the other implementations are held to. */
public final class ScalarBlockKernels implements BlockKernels {
    /** One is enough. */
    public static final ScalarBlockKernels INSTANCE = new ScalarBlockKernels();

    /** Inputs that lie together in every group of activations. */
    private static final int RUN = 32;

    private ScalarBlockKernels() {}

    @Override
    public String describe() {
        return "plain loops";
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
        int end = Math.min(w.outputs(), (panel + panels) * BlockWeights.PANEL);
        for (int m = row; m < row + rows; m++) {
            for (int n = panel * BlockWeights.PANEL; n < end; n++) {
                y.set(Mem.F32, yOffset + 4 * (m * yStride + n), product(w, n, x, m));
            }
        }
    }

    private static float product(BlockWeights w, int n, QuantizedRows x, int m) {
        float y = 0;
        long codesAt = w.codesAt(n / BlockWeights.PANEL);
        for (int g = 0; g < w.groups(); g++) {
            int t = 0;
            for (int from = g * w.group(); from < (g + 1) * w.group(); from += RUN) {
                long at = x.codeAt(m, from);
                for (int k = 0; k < RUN; k++) {
                    t += w.code(codesAt, n, from + k) * x.codes().get(Mem.I8, at + k);
                }
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
