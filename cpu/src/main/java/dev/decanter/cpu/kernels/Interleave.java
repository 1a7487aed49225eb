package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.Tiles.ROWS;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Lays the first operand of a register tile: {@link Tiles#ROWS} rows, element (m, k) at {@code k * ROWS + m}. */
final class Interleave {
    private static final int BLOCK = 128;

    private Interleave() {}

    /**
     * Interleaves rows that lie in memory with unit steps; rows and inputs that pad are zero.
     *
     * @param stride elements from row to row
     * @param rows rows there are, at most {@link Tiles#ROWS}
     * @param n inputs there are
     * @param padded inputs to fill
     * @param dst receives {@code padded * ROWS} floats at {@code at}
     */
    static void rows(MemorySegment s, long offset, long stride, int rows, int n, int padded, float[] dst, int at) {
        float[] line = Scratch.current().floats(Scratch.A, BLOCK);
        if (rows < ROWS || padded > n) {
            Arrays.fill(dst, at, at + padded * ROWS, 0);
        }
        for (int k0 = 0; k0 < n; k0 += BLOCK) {
            int count = Math.min(BLOCK, n - k0);
            for (int m = 0; m < rows; m++) {
                Mem.read(s, offset + (m * stride + k0) * Float.BYTES, line, 0, count);
                int d = at + k0 * ROWS + m;
                for (int k = 0; k < count; k++) {
                    dst[d + k * ROWS] = line[k];
                }
            }
        }
    }
}
