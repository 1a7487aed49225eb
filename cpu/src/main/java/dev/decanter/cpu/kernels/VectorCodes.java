package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Looks up the numbers of half-byte codes: the sixteen of a table fill one vector, or two, or four. */
final class VectorCodes {
    private static final int N = Lanes.N;
    private static final int HALF = PANEL / 2;
    private static final int INPUTS = 4;

    private VectorCodes() {}

    /** Decodes {@code n} inputs of paired half bytes, four inputs of 16 rows to an int; n is a multiple of 4. */
    static void decode(MemorySegment w, long at, int n, float[] table, float[] dst) {
        IntVector a = part(table, 0);
        IntVector b = part(table, 1);
        IntVector c = part(table, 2);
        IntVector d = part(table, 3);
        for (int k = 0; k < n; k += INPUTS) {
            for (int j = 0; j < HALF; j += N) {
                IntVector v =
                        IntVector.fromMemorySegment(Lanes.I, w, at + (long) (k >> 1) * PANEL + 4L * j, LITTLE_ENDIAN);
                int to = k * PANEL + j;
                for (int i = 0; i < INPUTS; i++) {
                    number(v, a, b, c, d).intoArray(dst, to);
                    number(v.lanewise(VectorOperators.LSHR, 4), a, b, c, d).intoArray(dst, to + HALF);
                    v = v.lanewise(VectorOperators.LSHR, 8);
                    to += PANEL;
                }
            }
        }
    }

    /** The bits of the table's numbers from {@code index} vectors on; at wide vectors there are fewer. */
    private static IntVector part(float[] table, int index) {
        int from = index * N % table.length;
        return FloatVector.fromArray(Lanes.F, table, from).reinterpretAsInts();
    }

    private static FloatVector number(IntVector code, IntVector a, IntVector b, IntVector c, IntVector d) {
        IntVector lane = code.and(N - 1);
        IntVector found = lane.selectFrom(a);
        if (N <= 8) {
            IntVector high = lane.selectFrom(b);
            found = found.blend(high, code.and(N).compare(VectorOperators.NE, 0));
        }
        if (N <= 4) {
            IntVector third = lane.selectFrom(c);
            IntVector fourth = lane.selectFrom(d);
            third = third.blend(fourth, code.and(N).compare(VectorOperators.NE, 0));
            found = found.blend(third, code.and(2 * N).compare(VectorOperators.NE, 0));
        }
        return found.reinterpretAsFloats();
    }
}
