package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.BlockWeights.PANEL;
import static dev.decanter.cpu.kernels.BlockWeights.WORD;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * One row of activations times panels, straight from memory. Codes are multiplied in 16-bit lanes, where sums are
 * exact modulo 2¹⁶: those of a word of 4-bit codes fit, and those of a word of 8-bit codes less 128.
 *
 * <p>Two panels at a time share what is spread of the activations, and callers go from panel to panel every {@link #VISIT}
 * words: the processor fetches about so much ahead of where a panel was left, while others are multiplied.
 */
final class VectorBlockRow {
    private static final int N = Lanes.N;
    private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, Lanes.I.vectorShape());

    /** Words of a panel to multiply before going to the next one. */
    static final int VISIT = 16;

    /** Added to the low half of an int, so that it borrows nothing from the high one. */
    static final int NO_BORROW = 0x8000;

    private static final int ALL_BUT_ONE = 0xffff;

    private static final ShortVector START =
            IntVector.broadcast(Lanes.I, NO_BORROW).reinterpretAsShorts();

    private static final int NIBBLE = 4;
    private static final ShortVector DOWN_1 = ShortVector.broadcast(S, NIBBLE);
    private static final ShortVector DOWN_2 = ShortVector.broadcast(S, 2 * NIBBLE);
    private static final ShortVector DOWN_3 = ShortVector.broadcast(S, 3 * NIBBLE);

    /** Factors of a word, in ints. */
    static final int NIBBLE_FACTORS = 4;

    static final int BYTE_FACTORS = 3;

    /** What is taken from codes of 8 bits, and so from their zero points; a power of two. */
    static final int MIDDLE = 128;

    private static final int MIDDLE_BITS = 7;

    private VectorBlockRow() {}

    /**
     * Spreads the codes of activations to factors of 16-bit lanes. A lane of weights is {@code v = a + 16 b + 256 c + 4096 d},
     * and modulo 2¹⁶
     *
     * <pre>{@code a·qa + b·qb + c·qc + d·qd = v·qa + (v >>> 4)·(qb − 16 qa) + (v >>> 8)·(qc − 16 qb) + (v >>> 12)·(qd − 16 qc)}</pre>
     *
     * so that nothing is masked out. The factors of v and of {@code v >>> 4} for word j are at {@code 2 j} and {@code 2 j + 1},
     * the others {@code n / 4} further.
     *
     * @param n a multiple of 64
     * @param factors receives {@code n / 2} ints, each for an even lane (low) and an odd one
     */
    static void spread(MemorySegment codes, int n, int[] factors) {
        int half = n / Integer.BYTES;
        for (int i = 0; i < half; i += N) {
            ShortVector v = ShortVector.fromMemorySegment(S, codes, (long) i * Integer.BYTES, LITTLE_ENDIAN);
            // a of even and odd lanes, then b of both, for one word after the other; likewise c and d
            ShortVector ab = v.lanewise(VectorOperators.LSHL, Byte.SIZE).lanewise(VectorOperators.ASHR, Byte.SIZE);
            ShortVector cd = v.lanewise(VectorOperators.ASHR, Byte.SIZE);
            LongVector before = ab.reinterpretAsLongs();
            ab.sub(sixteenfold(before.lanewise(VectorOperators.LSHL, Integer.SIZE)))
                    .reinterpretAsInts()
                    .intoArray(factors, i);
            LongVector bc = before.lanewise(VectorOperators.LSHR, Integer.SIZE)
                    .or(cd.reinterpretAsLongs().lanewise(VectorOperators.LSHL, Integer.SIZE));
            cd.sub(sixteenfold(bc)).reinterpretAsInts().intoArray(factors, half + i);
        }
    }

    private static ShortVector sixteenfold(LongVector v) {
        return v.reinterpretAsShorts().lanewise(VectorOperators.LSHL, NIBBLE);
    }

    /**
     * Spreads the codes of activations to factors of 16-bit lanes for weights of 8 bits. A lane of weights is {@code v = a + 256 b},
     * and modulo 2¹⁶
     *
     * <pre>{@code (a − 128)·qa + (b − 128)·qb = v·qa + (v >>> 8)·(qb − 256 qa) − 128·(qa + qb)}</pre>
     *
     * which is at most 2 · 128 · 127 in magnitude. The factors for word j are at {@code j} and {@code n / 4} further, what is added, with
     * {@link #NO_BORROW}, {@code n / 2} further.
     *
     * @param n a multiple of 64
     * @param factors receives {@code 3 n / 4} ints, each for an even lane (low) and an odd one
     */
    static void spreadForBytes(MemorySegment codes, int n, int[] factors) {
        int words = n / Integer.BYTES;
        for (int i = 0; i < words; i += N) {
            ShortVector v = ShortVector.fromMemorySegment(S, codes, (long) i * Integer.BYTES, LITTLE_ENDIAN);
            ShortVector first = v.lanewise(VectorOperators.LSHL, Byte.SIZE).lanewise(VectorOperators.ASHR, Byte.SIZE);
            ShortVector second = v.lanewise(VectorOperators.ASHR, Byte.SIZE);
            first.reinterpretAsInts().intoArray(factors, i);
            second.sub(first.lanewise(VectorOperators.LSHL, Byte.SIZE))
                    .reinterpretAsInts()
                    .intoArray(factors, words + i);
            START.sub(first.add(second).lanewise(VectorOperators.LSHL, MIDDLE_BITS))
                    .reinterpretAsInts()
                    .intoArray(factors, 2 * words + i);
        }
    }

    /**
     * {@code sums[to + r] += Σ (code · q + NO_BORROW)} over some words of 4-bit codes of a panel, and {@code sums[otherTo +
     * r]} of another. With a few calls of vectors more, C2 would leave some out of line; with the lines that are here twice as a
     * method, this one would be so short (325 bytes) that C2 puts it in the place of its call, and meets its limit there.
     *
     * @param at where the words of the panel begin, for lane {@code r} of a row
     * @param other where those of the other panel begin
     * @param words how many, at most 128
     * @param factors what {@link #spread} made of all activations
     * @param low index of the first word's factors
     * @param high index of its further ones
     */
    static void nibbles(
            MemorySegment codes,
            long at,
            long other,
            int words,
            int[] factors,
            int low,
            int high,
            int[] sums,
            int to,
            int otherTo) {
        IntVector sum = IntVector.fromArray(Lanes.I, sums, to);
        IntVector odd = IntVector.zero(Lanes.I);
        IntVector otherSum = IntVector.fromArray(Lanes.I, sums, otherTo);
        IntVector otherOdd = odd;
        for (int j = 0; j < words; j++) {
            ShortVector f0 = pair(factors, low + 2 * j);
            ShortVector f1 = pair(factors, low + 2 * j + 1);
            ShortVector f2 = pair(factors, high + 2 * j);
            ShortVector f3 = pair(factors, high + 2 * j + 1);
            ShortVector v = ShortVector.fromMemorySegment(S, codes, at + (long) j * WORD, LITTLE_ENDIAN);
            IntVector a = START.add(v.mul(f0))
                    .add(down(v, DOWN_1, NIBBLE).mul(f1))
                    .add(down(v, DOWN_2, 2 * NIBBLE).mul(f2))
                    .add(down(v, DOWN_3, 3 * NIBBLE).mul(f3))
                    .reinterpretAsInts();
            sum = sum.add(a);
            odd = odd.add(a.lanewise(VectorOperators.ASHR, Short.SIZE));
            ShortVector w = ShortVector.fromMemorySegment(S, codes, other + (long) j * WORD, LITTLE_ENDIAN);
            IntVector b = START.add(w.mul(f0))
                    .add(down(w, DOWN_1, NIBBLE).mul(f1))
                    .add(down(w, DOWN_2, 2 * NIBBLE).mul(f2))
                    .add(down(w, DOWN_3, 3 * NIBBLE).mul(f3))
                    .reinterpretAsInts();
            otherSum = otherSum.add(b);
            otherOdd = otherOdd.add(b.lanewise(VectorOperators.ASHR, Short.SIZE));
        }
        // the sums of even lanes are those of all 32 bits without 65536 times those of odd ones
        sum.sub(odd.mul(ALL_BUT_ONE)).intoArray(sums, to);
        otherSum.sub(otherOdd.mul(ALL_BUT_ONE)).intoArray(sums, otherTo);
    }

    /** A shift by a number that all lanes share takes two instructions in AVX-512, one by lanes takes many in AVX2. */
    private static ShortVector down(ShortVector v, ShortVector lanes, int by) {
        return N == 16 ? v.lanewise(VectorOperators.LSHR, lanes) : v.lanewise(VectorOperators.LSHR, by);
    }

    private static ShortVector pair(int[] factors, int i) {
        return IntVector.broadcast(Lanes.I, factors[i]).reinterpretAsShorts();
    }

    /**
     * {@code sums[to + r] += Σ ((code − 128) · q + NO_BORROW)} over some words of 8-bit codes of a panel, and {@code sums[otherTo + r]}
     * of another.
     *
     * @param at where the words of the panel begin, for lane {@code r} of a row
     * @param other where those of the other panel begin
     * @param words how many, at most 128
     * @param factors what {@link #spreadForBytes} made of all activations
     * @param all words of a row
     * @param from the first word
     */
    static void bytes(
            MemorySegment codes,
            long at,
            long other,
            int words,
            int[] factors,
            int all,
            int from,
            int[] sums,
            int to,
            int otherTo) {
        IntVector sum = IntVector.fromArray(Lanes.I, sums, to);
        IntVector odd = IntVector.zero(Lanes.I);
        IntVector otherSum = IntVector.fromArray(Lanes.I, sums, otherTo);
        IntVector otherOdd = odd;
        for (int j = 0; j < words; j++) {
            ShortVector f0 = pair(factors, from + j);
            ShortVector f1 = pair(factors, all + from + j);
            ShortVector start = pair(factors, 2 * all + from + j);
            ShortVector v = ShortVector.fromMemorySegment(S, codes, at + (long) j * WORD, LITTLE_ENDIAN);
            IntVector a =
                    start.add(v.mul(f0)).add(down(v, DOWN_2, Byte.SIZE).mul(f1)).reinterpretAsInts();
            sum = sum.add(a);
            odd = odd.add(a.lanewise(VectorOperators.ASHR, Short.SIZE));
            ShortVector w = ShortVector.fromMemorySegment(S, codes, other + (long) j * WORD, LITTLE_ENDIAN);
            IntVector b =
                    start.add(w.mul(f0)).add(down(w, DOWN_2, Byte.SIZE).mul(f1)).reinterpretAsInts();
            otherSum = otherSum.add(b);
            otherOdd = otherOdd.add(b.lanewise(VectorOperators.ASHR, Short.SIZE));
        }
        sum.sub(odd.mul(ALL_BUT_ONE)).intoArray(sums, to);
        otherSum.sub(otherOdd.mul(ALL_BUT_ONE)).intoArray(sums, otherTo);
    }

    /**
     * {@code y[yAt + r] = Σ_g fma(t - zero · sum, scale · xScale, …)}, g rising.
     *
     * @param step entries of scale and zero from group to group: 16, or 0 if all groups share them
     * @param sums for each group of activations its scale and the sum of its codes, negated
     */
    static void add(
            float[] t, int tAt, int groups, float[] scale, float[] zero, int step, float[] sums, float[] y, int yAt) {
        for (int r = 0; r < PANEL; r += N) {
            FloatVector sum = FloatVector.zero(Lanes.F);
            for (int g = 0; g < groups; g++) {
                FloatVector z = FloatVector.fromArray(Lanes.F, zero, g * step + r);
                FloatVector total = z.fma(
                        FloatVector.broadcast(Lanes.F, sums[2 * g + 1]),
                        FloatVector.fromArray(Lanes.F, t, tAt + g * PANEL + r));
                FloatVector s =
                        FloatVector.fromArray(Lanes.F, scale, g * step + r).mul(sums[2 * g]);
                sum = total.fma(s, sum);
            }
            sum.intoArray(y, yAt + r);
        }
    }
}
