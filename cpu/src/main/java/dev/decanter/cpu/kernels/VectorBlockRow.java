package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.BlockWeights.PANEL;
import static dev.decanter.cpu.kernels.BlockWeights.WORD;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * One row of activations times panels, straight from memory. Codes of 4 bits are multiplied in 16-bit lanes, whose sums of 16
 * products cannot overflow (15 · 127 · 16 < 2¹⁵); codes of 8 bits in f32 lanes, which hold the integers exactly.
 */
final class VectorBlockRow {
    private static final int N = Lanes.N;
    private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, Lanes.I.vectorShape());

    /** Words whose products are added in 16-bit lanes: four products a word and lane. */
    private static final int RUN = 4;

    private static final short NIBBLE = 15;
    private static final int BYTE = 255;

    private VectorBlockRow() {}

    /**
     * Spreads the codes of activations to pairs of 16-bit lanes: those at even places into the first {@code n / 4} ints, those
     * at odd places into the others. So word j of weights meets inputs 8 j and 8 j + 2 at {@code 2 j}, 8 j + 4 and 8 j + 6 at
     * {@code 2 j + 1}.
     *
     * @param n a multiple of 64
     * @param pairs receives {@code n / 2} ints
     */
    static void spread(MemorySegment codes, int n, int[] pairs) {
        int half = n / Integer.BYTES;
        for (int i = 0; i < half; i += N) {
            ShortVector v = ShortVector.fromMemorySegment(S, codes, (long) i * Integer.BYTES, LITTLE_ENDIAN);
            v.lanewise(VectorOperators.LSHL, Byte.SIZE)
                    .lanewise(VectorOperators.ASHR, Byte.SIZE)
                    .reinterpretAsInts()
                    .intoArray(pairs, i);
            v.lanewise(VectorOperators.ASHR, Byte.SIZE).reinterpretAsInts().intoArray(pairs, half + i);
        }
    }

    /**
     * {@code t[16 g + r] = Σ code · q} over the group g of 4-bit codes.
     *
     * @param at where the panel begins
     * @param words words of a group, a multiple of 4
     */
    static void nibbles(MemorySegment codes, long at, int groups, int words, int[] pairs, float[] t) {
        int odd = 2 * groups * words;
        for (int r = 0; r < PANEL; r += N) {
            for (int g = 0; g < groups; g++) {
                IntVector sum = IntVector.zero(Lanes.I);
                for (int b = g * words; b < (g + 1) * words; b += RUN) {
                    ShortVector run = ShortVector.zero(S);
                    for (int j = b; j < b + RUN; j++) {
                        long p = at + (long) j * WORD + 4L * r;
                        ShortVector v = ShortVector.fromMemorySegment(S, codes, p, LITTLE_ENDIAN);
                        ShortVector a = v.and(NIBBLE).mul(pair(pairs, 2 * j));
                        ShortVector b1 =
                                v.lanewise(VectorOperators.LSHR, 4).and(NIBBLE).mul(pair(pairs, 2 * j + 1));
                        ShortVector c =
                                v.lanewise(VectorOperators.LSHR, 8).and(NIBBLE).mul(pair(pairs, odd + 2 * j));
                        ShortVector d = v.lanewise(VectorOperators.LSHR, 12).mul(pair(pairs, odd + 2 * j + 1));
                        run = run.add(a.add(b1)).add(c.add(d));
                    }
                    IntVector both = run.reinterpretAsInts();
                    sum = sum.add(both.lanewise(VectorOperators.LSHL, Short.SIZE)
                                    .lanewise(VectorOperators.ASHR, Short.SIZE))
                            .add(both.lanewise(VectorOperators.ASHR, Short.SIZE));
                }
                ((FloatVector) sum.convert(VectorOperators.I2F, 0)).intoArray(t, g * PANEL + r);
            }
        }
    }

    private static ShortVector pair(int[] pairs, int i) {
        return IntVector.broadcast(Lanes.I, pairs[i]).reinterpretAsShorts();
    }

    /**
     * As {@link #nibbles} for codes of 8 bits.
     *
     * @param q codes of the activations
     */
    static void bytes(MemorySegment codes, long at, int groups, int words, float[] q, float[] t) {
        for (int r = 0; r < PANEL; r += N) {
            for (int g = 0; g < groups; g++) {
                FloatVector s0 = FloatVector.zero(Lanes.F);
                FloatVector s1 = s0;
                FloatVector s2 = s0;
                FloatVector s3 = s0;
                for (int j = g * words; j < (g + 1) * words; j++) {
                    long p = at + (long) j * WORD + 4L * r;
                    IntVector v = IntVector.fromMemorySegment(Lanes.I, codes, p, LITTLE_ENDIAN);
                    s0 = number(v.and(BYTE)).fma(FloatVector.broadcast(Lanes.F, q[4 * j]), s0);
                    s1 = number(v.lanewise(VectorOperators.LSHR, 8).and(BYTE))
                            .fma(FloatVector.broadcast(Lanes.F, q[4 * j + 1]), s1);
                    s2 = number(v.lanewise(VectorOperators.LSHR, 16).and(BYTE))
                            .fma(FloatVector.broadcast(Lanes.F, q[4 * j + 2]), s2);
                    s3 = number(v.lanewise(VectorOperators.LSHR, 24))
                            .fma(FloatVector.broadcast(Lanes.F, q[4 * j + 3]), s3);
                }
                s0.add(s1).add(s2.add(s3)).intoArray(t, g * PANEL + r);
            }
        }
    }

    private static FloatVector number(IntVector v) {
        return (FloatVector) v.convert(VectorOperators.I2F, 0);
    }

    /**
     * {@code y[r] = Σ_g fma(t - zero · sum, scale · xScale, …)}, g rising.
     *
     * @param step entries of scale and zero from group to group: 16, or 0 if all groups share them
     * @param sums for each group of activations its scale and the sum of its codes, negated
     */
    static void add(float[] t, int groups, float[] scale, float[] zero, int step, float[] sums, float[] y) {
        for (int r = 0; r < PANEL; r += N) {
            FloatVector sum = FloatVector.zero(Lanes.F);
            for (int g = 0; g < groups; g++) {
                FloatVector z = FloatVector.fromArray(Lanes.F, zero, g * step + r);
                FloatVector total = z.fma(
                        FloatVector.broadcast(Lanes.F, sums[2 * g + 1]),
                        FloatVector.fromArray(Lanes.F, t, g * PANEL + r));
                FloatVector s =
                        FloatVector.fromArray(Lanes.F, scale, g * step + r).mul(sums[2 * g]);
                sum = total.fma(s, sum);
            }
            sum.intoArray(y, r);
        }
    }
}
