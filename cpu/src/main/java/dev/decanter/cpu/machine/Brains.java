package dev.decanter.cpu.machine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** f32 to bf16 as tiles want it: half a unit of the last place is added, then bits are cut off. */
final class Brains {
    private static final int HALF = 0x8000;
    private static final int UPPER = 0xffff0000;

    private Brains() {}

    /**
     * Pairs neighbouring rows: word (i, j) of the target has row 2i in its low half, row 2i + 1 in its high one.
     *
     * @param rows an even number
     * @param width numbers of a row
     */
    static void pair(float[] x, int rows, int width, MemorySegment target, long at) {
        int[] words = new int[width];
        for (int i = 0; i < rows; i += 2) {
            for (int j = 0; j < width; j++) {
                int low = Float.floatToRawIntBits(x[i * width + j]) + HALF;
                int high = Float.floatToRawIntBits(x[(i + 1) * width + j]) + HALF;
                words[j] = (high & UPPER) | (low >>> Short.SIZE);
            }
            MemorySegment.copy(
                    words, 0, target, ValueLayout.JAVA_INT, at + (long) i / 2 * width * Integer.BYTES, width);
        }
    }
}
