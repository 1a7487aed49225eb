package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.decanter.cpu.kernels.BlockKernels;
import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.PanelLayout;
import dev.decanter.cpu.kernels.QuantizedRows;
import dev.decanter.cpu.kernels.RowKernels;
import dev.decanter.cpu.kernels.ScalarBlockKernels;
import dev.decanter.cpu.kernels.ThreadTeam;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Holds machine code to the plain loops on a small product of each kind, before it is trusted with others. */
final class SelfCheck {
    private static final int OUTPUTS = 19;
    private static final int INPUTS = 128;
    private static final int GROUP = 64;
    /** One row, a few, and as many as go to tiles. Every start waits for this in code that is not compiled yet. */
    private static final int[] ROWS = {1, 3, 9};

    private SelfCheck() {}

    static boolean passes(BlockKernels kernels) {
        try (Arena arena = Arena.ofConfined();
                ThreadTeam alone = new ThreadTeam(1);
                QuantizedRows x = new QuantizedRows(RowKernels.plain())) {
            for (int rows : ROWS) {
                MemorySegment values = numbers(arena, rows * INPUTS, 37);
                x.quantize(alone, values, 0, INPUTS, rows, INPUTS, GROUP);
                if (!passes(kernels, weights(arena, 4), x, arena) || !passes(kernels, weights(arena, 8), x, arena)) {
                    return false;
                }
            }
            return true;
        }
    }

    private static boolean passes(BlockKernels kernels, BlockWeights w, QuantizedRows x, Arena arena) {
        MemorySegment expected = arena.allocate(4L * x.rows() * OUTPUTS, 64);
        MemorySegment y = arena.allocate(expected.byteSize(), 64);
        ScalarBlockKernels.INSTANCE.multiply(w, 0, w.panels(), x, 0, x.rows(), expected, 0, OUTPUTS);
        kernels.multiply(w, 0, w.panels(), x, 0, x.rows(), y, 0, OUTPUTS);
        return expected.mismatch(y) < 0;
    }

    private static MemorySegment numbers(Arena arena, int count, int step) {
        MemorySegment values = arena.allocate(4L * count, 64);
        for (int i = 0; i < count; i++) {
            values.setAtIndex(JAVA_FLOAT, i, (i * step % 101 - 50) / 64f);
        }
        return values;
    }

    private static BlockWeights weights(Arena arena, int bits) {
        MemorySegment bias = numbers(arena, OUTPUTS, 11);
        BlockWeights shape = new BlockWeights(
                bits, OUTPUTS, INPUTS, GROUP, false, false, true, 0, PanelLayout.TOGETHER, MemorySegment.NULL, bias);
        BlockWeights w = shape.in(arena.allocate(shape.panels() * shape.panelBytes(), 64));
        for (int panel = 0; panel < w.panels(); panel++) {
            int entries = w.panelEntries();
            MemorySegment.copy(numbers(arena, entries, 29), 0, w.data(), w.scalesAt(panel), w.scaleBytes());
            bytes(w.data().asSlice(w.zeroPointsAt(panel), entries), panel * entries, (1 << bits) - 1);
            bytes(w.data().asSlice(w.codesAt(panel), w.panelBytes() - w.codesAt(0)), panel, 255);
        }
        return w;
    }

    private static void bytes(MemorySegment bytes, int first, int mask) {
        for (int i = 0; i < bytes.byteSize(); i++) {
            bytes.set(JAVA_BYTE, i, (byte) (((first + i) * 89 + 7) & mask));
        }
    }
}
