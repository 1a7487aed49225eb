package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.decanter.cpu.kernels.BlockKernels;
import dev.decanter.cpu.kernels.BlockWeights;
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
        int panels = Math.ceilDiv(OUTPUTS, BlockWeights.PANEL);
        int entries = panels * BlockWeights.PANEL * INPUTS / GROUP;
        MemorySegment codes = bytes(arena, panels * BlockWeights.PANEL * INPUTS * bits / Byte.SIZE, 255);
        MemorySegment zeros = bytes(arena, entries, (1 << bits) - 1);
        return new BlockWeights(
                bits,
                OUTPUTS,
                INPUTS,
                GROUP,
                false,
                codes,
                numbers(arena, entries, 29),
                false,
                zeros,
                0,
                numbers(arena, OUTPUTS, 11));
    }

    private static MemorySegment bytes(Arena arena, int count, int mask) {
        MemorySegment bytes = arena.allocate(count, 64);
        for (int i = 0; i < count; i++) {
            bytes.set(JAVA_BYTE, i, (byte) ((i * 89 + 7) & mask));
        }
        return bytes;
    }
}
