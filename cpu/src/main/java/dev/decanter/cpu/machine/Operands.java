package dev.decanter.cpu.machine;

import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.PanelLayout;
import dev.decanter.cpu.kernels.QuantizedRows;
import java.lang.foreign.MemorySegment;

/**
 * The operands of a product, checked: machine code looks at no bounds.
 *
 * @param w weights
 * @param x activations
 * @param y receives the products
 * @param yOffset byte of y(0, 0)
 * @param yStride elements between rows
 */
record Operands(BlockWeights w, QuantizedRows x, MemorySegment y, long yOffset, long yStride) {

    /** Throws {@link IllegalArgumentException} if a block goes beyond the memory that an operand has. */
    void check(int panel, int panels, int row, int rows) {
        require(panel >= 0 && panels > 0 && panel + panels <= w.panels(), "panels beyond the weight");
        require(row >= 0 && rows > 0 && row + rows <= x.rows() && row % QuantizedRows.TILE == 0, "rows beyond x");
        require(row + rows == x.rows() || rows % QuantizedRows.TILE == 0, "rows that are not whole tiles");
        require(w.inputs() == x.inputs() && w.group() == x.group(), "inputs or groups that differ");
        require(w.bits() == 4 || w.bits() == 8, "codes of neither 4 nor 8 bits");
        require(w.group() == 32 || (w.group() % 64 == 0 && w.group() <= 512 && w.group() > 0), "a group unlike others");
        long tall = x.rows() == 1 ? 1 : Math.ceilDiv(x.rows(), QuantizedRows.TILE) * (long) QuantizedRows.TILE;
        require(w.layout() == PanelLayout.TOGETHER, "panels in parts");
        require(w.data().byteSize() >= w.panels() * w.panelBytes(), "too few bytes of weights");
        require(w.bias().byteSize() == 0 || w.bias().byteSize() >= 4L * w.outputs(), "too few numbers of bias");
        require(x.codes().byteSize() >= tall * x.paddedInputs(), "too few codes of x");
        require(x.scales().byteSize() >= 4 * tall * x.groups(), "too few scales of x");
        require(x.sums().byteSize() >= 4 * tall * x.groups(), "too few sums of x");
        int last = Math.min(w.outputs(), (panel + panels) * BlockWeights.PANEL);
        boolean room = yAt(row, panel) >= 0 && yStride >= 0 && yAt(row + rows - 1, 0) + 4L * last <= y.byteSize();
        require(room, "products beyond y");
        boolean memory = y.isNative() && w.data().isNative() && x.codes().isNative();
        require(memory, "operands that are not native memory");
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new IllegalArgumentException("a block product has " + what);
        }
    }

    /** Byte of y where a panel's outputs of a row lie. */
    long yAt(int row, int panel) {
        return yOffset + 4 * (row * yStride + (long) panel * BlockWeights.PANEL);
    }

    /** Panels from {@code panel} to before {@code end} that are whole. */
    int whole(int panel, int end) {
        return Math.max(0, Math.min(end, w.outputs() / BlockWeights.PANEL) - panel);
    }

    /** Outputs of the last panel if it is unfinished, else 0. */
    int tailOutputs() {
        return w.outputs() % BlockWeights.PANEL;
    }

    long codesAt(int panel) {
        return w.data().address() + w.codesAt(panel);
    }

    long scalesAt(int panel) {
        return w.data().address() + w.scalesAt(panel);
    }

    long zeroPointsAt(int panel) {
        return w.data().address() + w.zeroPointsAt(panel);
    }

    long inputsAt(int row) {
        return x.codes().address() + x.codeAt(row, 0);
    }

    long inputScalesAt(int row) {
        return x.scales().address() + 4 * x.entryAt(row, 0);
    }

    long inputSumsAt(int row) {
        return x.sums().address() + 4 * x.entryAt(row, 0);
    }
}
