package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/**
 * Products of {@link BlockWeights} by {@link QuantizedRows}. For output n and row m, over groups g rising:
 *
 * <pre>{@code
 * t = Σ_{k in g} code(n, k) · q(m, k) − zeroPoint(n, g) · Σ_{k in g} q(m, k)      exact, int32
 * a scale for each group:   y = fma((float) t, scale(n, g) · xScale(m, g), y)       from y = 0
 * one for the row:          y = fma((float) t, xScale(m, g), y); at the end y = y · scale(n)
 * }</pre>
 *
 * and the bias is added last. All implementations give the same bits.
 */
public interface BlockKernels {
    /** Returns what runs the products, in words for reports: {@code "AMX int8"}, {@code "Vector API 512-bit"}. */
    String describe();

    /** Returns how weights lie that are packed for these kernels alone. */
    PanelLayout layout();

    /** Returns those of this JVM without machine code: with vectors where they can be used, else plain loops. */
    static BlockKernels portable() {
        return VectorSupport.ENABLED ? VectorBlockKernels.INSTANCE : ScalarBlockKernels.INSTANCE;
    }

    /**
     * Returns how many rows a call should have at most; it has a tile of them if that is more. Unless a kernel knows better, those
     * whose codes fill half of a second-level cache, as each panel reads them again.
     */
    default int rows(QuantizedRows x) {
        return (1 << 20) / x.paddedInputs();
    }

    /** Returns how many panels a call for many rows should have: 1 if it makes nothing of the rows that panels could share. */
    default int panels() {
        return 1;
    }

    /**
     * Multiplies a block; runs on the calling thread.
     *
     * @param panel first panel of weights
     * @param panels number of panels
     * @param row first row, a multiple of {@link QuantizedRows#TILE}
     * @param rows number of rows; to the last row of x, or a multiple of {@link QuantizedRows#TILE}
     * @param y f32; y(m, n) is at byte {@code yOffset + 4 * (m * yStride + n)}, with m and n counted from the first row of x and
     *     of the weight; outputs past N are not written. The offset may be negative: only what is written lies in y
     */
    void multiply(
            BlockWeights w,
            int panel,
            int panels,
            QuantizedRows x,
            int row,
            int rows,
            MemorySegment y,
            long yOffset,
            long yStride);
}
