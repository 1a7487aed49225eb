package dev.decanter.cpu.machine;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** f32 to bf16 as tiles want it: half a unit of the last place is added, then bits are cut off. */
final class Brains {
    private static final int LANES = 16;
    private static final int HALF = 0x8000;
    private static final int UPPER = 0xffff0000;
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);

    private Brains() {}

    /**
     * Pairs neighbouring rows: word (i, j) of the target has row 2i in its low half, row 2i + 1 in its high one.
     *
     * @param rows an even number
     * @param width numbers of a row, a multiple of 16
     */
    static void pair(float[] x, int rows, int width, MemorySegment target, long at) {
        for (int i = 0; i < rows; i += 2) {
            for (int j = 0; j < width; j += LANES) {
                IntVector low = bits(x, i * width + j).lanewise(VectorOperators.LSHR, Short.SIZE);
                IntVector high = bits(x, (i + 1) * width + j).and(UPPER);
                long to = at + ((long) i / 2 * width + j) * Integer.BYTES;
                high.or(low).intoMemorySegment(target, to, LITTLE_ENDIAN);
            }
        }
    }

    private static IntVector bits(float[] x, int at) {
        return FloatVector.fromArray(FloatVector.SPECIES_512, x, at)
                .reinterpretAsInts()
                .add(HALF);
    }

    /** A row times a factor; zeros from {@code n} up to {@code padded}. */
    static void row(float[] x, int n, float factor, MemorySegment target, long at, int padded) {
        int i = 0;
        for (; i + LANES <= n; i += LANES) {
            IntVector v = FloatVector.fromArray(FloatVector.SPECIES_512, x, i)
                    .mul(factor)
                    .reinterpretAsInts()
                    .add(HALF)
                    .lanewise(VectorOperators.LSHR, Short.SIZE);
            ((ShortVector) v.convertShape(VectorOperators.I2S, ShortVector.SPECIES_256, 0))
                    .intoMemorySegment(target, at + 2L * i, LITTLE_ENDIAN);
        }
        for (; i < padded; i++) {
            int bits = i < n ? Float.floatToRawIntBits(x[i] * factor) + HALF : 0;
            target.set(I16, at + 2L * i, (short) (bits >>> Short.SIZE));
        }
    }
}
