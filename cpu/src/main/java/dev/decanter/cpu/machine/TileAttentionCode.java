package dev.decanter.cpu.machine;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;
import dev.decanter.assembler.Vec;
import dev.decanter.assembler.VectorOp;
import java.util.Arrays;

/**
 * Emits attention of 16 rows of queries over a range of keys with AMX: scores by tiles of bf16, their softmax by vectors, the
 * weights' product with values by tiles again. Scores come in powers of two, so the exponential needs no constant but its
 * polynomial's: 2^t = 2^n · p(t − n) with n = round(t), p of degree 4 (Taylor at 0 in ln 2, off by at most 5e-5, bf16 by 4e-3).
 */
final class TileAttentionCode {
    /** Fields of the argument block. */
    static final int CONFIGURATION = 0;

    /** bf16 [16, D]; D is a multiple of 32. */
    static final int QUERIES = 8;

    static final int QUERY_BYTES = 16;
    /** Pairs of bf16 [pages, D / 2, 64]. */
    static final int KEYS = 24;

    static final int PAGES = 32;
    /** Numbers of a query in steps of 32. */
    static final int DEPTH = 40;
    /** f32 [16, keys] and {@value #VECTOR} bytes after each row and before the first: scores, then weights in bf16 in their place. */
    static final int SCORES = 48;

    static final int SCORE_BYTES = 56;
    /** Keys in steps of 32. */
    static final int STEPS = 64;
    /** Pairs of bf16 [keys / 2, values]. */
    static final int VALUES = 72;

    static final int VALUE_BYTES = 80;
    /** Values in steps of 16. */
    static final int WIDTH = 88;
    /** f32 [16, values]. */
    static final int SUMS = 96;
    /** Peak and sum of each row, {@value #STATE} bytes apart. */
    static final int STATES = 104;

    static final int CONSTANTS = 112;
    /** For each row the address of its first visible score and of the one after its last. */
    static final int LIMITS = 120;

    /** For each row the address of its query in f32, or 0 if {@link #QUERIES} is as it should be. */
    static final int QUERY_ROWS = 128;
    /** For each row the address of its result, or 0 if none is wanted. */
    static final int OUT_ROWS = 136;
    /** f32: what queries are multiplied by. */
    static final int FACTOR = 144;
    /** Numbers of a query in whole steps of 32, and a bit for each one that is left over. */
    static final int QUERY_STEPS = 152;

    static final int QUERY_TAIL = 160;
    /** Numbers of a result in whole vectors, and a bit for each one that is left over. */
    static final int OUT_VECTORS = 168;

    static final int OUT_TAIL = 176;
    static final int WORDS = 23;

    static final int ROWS = 16;
    static final int VECTOR = 64;
    static final int STATE = 2 * VECTOR;

    /** A score that stands for none: finite, so that a row of nothing else makes no NaN. */
    static final float HIDDEN = -1.5e38f;

    /** Least exponent: with the polynomial's, the result stays a normal number. */
    private static final float LEAST = -125;
    /** Adding it rounds to an integer, which then lies in the low bits. */
    private static final float ROUNDER = 12582912f;

    private static final float[] POLYNOMIAL = {1f, 0.6931472f, 0.2402265f, 0.05550411f, 0.009618129f};
    private static final int[] ROTATIONS = {8, 4, 2, 1};

    // registers of the softmax
    private static final Vec LEAST_V = Vec.zmm(16);
    private static final Vec ROUNDER_V = Vec.zmm(17);
    private static final int POLYNOMIAL_V = 18;
    private static final int ROTATION_V = 24;
    private static final Vec HIDDEN_V = Vec.zmm(23);
    private static final Vec PEAK_V = Vec.zmm(28);
    private static final Vec SUM_V = Vec.zmm(29);

    private final Assembler a = new Assembler();

    private TileAttentionCode() {}

    /** What {@link #CONSTANTS} points at: vectors, each of one number but for the rotations. */
    static int[] constants() {
        float[] numbers = Arrays.copyOf(new float[] {LEAST, ROUNDER, HIDDEN}, 3 + POLYNOMIAL.length);
        System.arraycopy(POLYNOMIAL, 0, numbers, 3, POLYNOMIAL.length);
        return ConstantVectors.of(numbers, ROTATIONS);
    }

    static byte[] emit() {
        TileAttentionCode code = new TileAttentionCode();
        code.all();
        return code.a.toByteArray();
    }

    private void all() {
        a.push(Gp.RBX);
        a.push(Gp.RBP);
        a.push(Gp.R12);
        a.mov(Gp.RAX, Gp.RDI.at(CONFIGURATION));
        a.tiles().configure(Gp.RAX.at());
        queries();
        scores();
        constantsToRegisters();
        softmax();
        a.mov(Gp.R12, Gp.RDI.at(WIDTH));
        a.mov(Gp.RDX, Gp.RDI.at(VALUES));
        a.mov(Gp.RSI, Gp.RDI.at(SUMS));
        weigh(4);
        weigh(1);
        a.tiles().release();
        results();
        a.pop(Gp.R12);
        a.pop(Gp.RBP);
        a.pop(Gp.RBX);
        a.vector().zeroUpper();
        a.ret();
    }

    /** Queries times the factor in bf16, with zeros up to a whole step. */
    private void queries() {
        Label row = a.label();
        Label step = a.label();
        Label tail = a.label();
        Label next = a.label();
        Label none = a.label();
        Vec factor = Vec.zmm(16);
        a.mov(Gp.R9, Gp.RDI.at(QUERY_ROWS));
        a.cmp(Gp.R9, 0);
        a.jump(Condition.EQUAL, none);
        a.vector().emit(VectorOp.VBROADCASTSS, factor, Gp.RDI.at(FACTOR));
        a.mov(Gp.R8, Gp.RDI.at(QUERIES));
        a.mov(Gp.R10, Gp.RDI.at(QUERY_TAIL));
        a.vector().mask(1, Gp.R10);
        a.mov(Gp.RAX, Gp.R10);
        a.shr(Gp.RAX, ROWS);
        a.vector().mask(2, Gp.RAX);
        a.mov(Gp.RBX, ROWS);
        a.bind(row);
        a.mov(Gp.RSI, Gp.R9.at());
        a.mov(Gp.RCX, Gp.RDI.at(QUERY_STEPS));
        a.bind(step);
        a.cmp(Gp.RCX, 0);
        a.jump(Condition.EQUAL, tail);
        a.vector().emit(VectorOp.VMULPS, Vec.zmm(0), factor, Gp.RSI.at());
        a.vector().emit(VectorOp.VMULPS, Vec.zmm(1), factor, Gp.RSI.at(VECTOR));
        halves();
        a.add(Gp.RSI, 2 * VECTOR);
        a.sub(Gp.RCX, 1);
        a.jump(step);
        a.bind(tail);
        a.cmp(Gp.R10, 0);
        a.jump(Condition.EQUAL, next);
        a.vector().loadPart(Vec.zmm(0), Gp.RSI.at(), 1);
        a.vector().loadPart(Vec.zmm(1), Gp.RSI.at(VECTOR), 2);
        a.vector().emit(VectorOp.VMULPS, Vec.zmm(0), Vec.zmm(0), factor);
        a.vector().emit(VectorOp.VMULPS, Vec.zmm(1), Vec.zmm(1), factor);
        halves();
        a.bind(next);
        a.add(Gp.R9, Long.BYTES);
        a.sub(Gp.RBX, 1);
        a.jump(Condition.NOT_EQUAL, row);
        a.bind(none);
    }

    private void halves() {
        a.vector().emit(VectorOp.VCVTNE2PS2BF16, Vec.zmm(0), Vec.zmm(1), Vec.zmm(0));
        a.vector().store(Gp.R8.at(), Vec.zmm(0));
        a.add(Gp.R8, VECTOR);
    }

    /** Sums divided by the weights' sum; zeros for a row that sees nothing. */
    private void results() {
        Label row = a.label();
        Label nothing = a.label();
        Label vector = a.label();
        Label tail = a.label();
        Label next = a.label();
        Label none = a.label();
        Vec inverse = Vec.zmm(0);
        Vec zero = Vec.zmm(1);
        Vec result = Vec.zmm(2);
        a.mov(Gp.R9, Gp.RDI.at(OUT_ROWS));
        a.cmp(Gp.R9, 0);
        a.jump(Condition.EQUAL, none);
        a.mov(Gp.R8, Gp.RDI.at(SUMS));
        a.mov(Gp.R10, Gp.RDI.at(STATES));
        a.mov(Gp.R11, Gp.RDI.at(LIMITS));
        a.mov(Gp.RDX, Gp.RDI.at(OUT_TAIL));
        a.vector().mask(1, Gp.RDX);
        a.mov(Gp.RAX, Gp.RDI.at(CONSTANTS));
        // the polynomial's first number
        a.vector().load(Vec.zmm(POLYNOMIAL_V), Gp.RAX.at(3 * VECTOR));
        a.vector().emit(VectorOp.VPXOR, zero, zero, zero);
        a.mov(Gp.RBX, ROWS);
        a.bind(row);
        a.vector().move(inverse, zero);
        a.mov(Gp.RAX, Gp.R11.at());
        a.mov(Gp.RCX, Gp.R11.at(Long.BYTES));
        a.cmp(Gp.RAX, Gp.RCX);
        a.jump(Condition.GREATER_EQUAL, nothing);
        a.vector().emit(VectorOp.VDIVPS, inverse, Vec.zmm(POLYNOMIAL_V), Gp.R10.at(VECTOR));
        a.bind(nothing);
        a.mov(Gp.RSI, Gp.R8);
        a.mov(Gp.RBP, Gp.R9.at());
        a.mov(Gp.RCX, Gp.RDI.at(OUT_VECTORS));
        a.bind(vector);
        a.cmp(Gp.RCX, 0);
        a.jump(Condition.EQUAL, tail);
        a.vector().emit(VectorOp.VMULPS, result, inverse, Gp.RSI.at());
        a.vector().store(Gp.RBP.at(), result);
        a.add(Gp.RSI, VECTOR);
        a.add(Gp.RBP, VECTOR);
        a.sub(Gp.RCX, 1);
        a.jump(vector);
        a.bind(tail);
        a.cmp(Gp.RDX, 0);
        a.jump(Condition.EQUAL, next);
        a.vector().emit(VectorOp.VMULPS, result, inverse, Gp.RSI.at());
        a.vector().storePart(Gp.RBP.at(), result, 1);
        a.bind(next);
        // what lies between rows of sums is a row of pairs in size
        a.mov(Gp.RAX, Gp.RDI.at(VALUE_BYTES));
        a.add(Gp.R8, Gp.RAX);
        a.add(Gp.R9, Long.BYTES);
        a.add(Gp.R10, STATE);
        a.add(Gp.R11, 2 * Long.BYTES);
        a.sub(Gp.RBX, 1);
        a.jump(Condition.NOT_EQUAL, row);
        a.bind(none);
    }

    /** Four tiles of 16 keys at once: a tile of queries is loaded for four products. */
    private void scores() {
        a.mov(Gp.RSI, Gp.RDI.at(KEYS));
        a.mov(Gp.RCX, Gp.RDI.at(PAGES));
        a.mov(Gp.RDX, Gp.RDI.at(SCORES));
        a.mov(Gp.R8, Gp.RDI.at(QUERY_BYTES));
        a.mov(Gp.R9, 4 * VECTOR);
        a.mov(Gp.R10, Gp.RDI.at(SCORE_BYTES));
        Label page = a.label();
        a.bind(page);
        for (int j = 0; j < 4; j++) {
            a.tiles().zero(j);
        }
        a.mov(Gp.RAX, Gp.RDI.at(QUERIES));
        a.mov(Gp.RBX, Gp.RDI.at(DEPTH));
        Label step = a.label();
        a.bind(step);
        a.tiles().load(4, Gp.RAX.at(Gp.R8, 1));
        for (int j = 0; j < 4; j++) {
            a.tiles().load(5 + j % 3, Gp.RSI.at(Gp.R9, 1).plus(j * VECTOR));
            a.tiles().dotBfloat16(j, 4, 5 + j % 3);
        }
        a.add(Gp.RAX, VECTOR);
        a.add(Gp.RSI, ROWS * 4 * VECTOR);
        a.sub(Gp.RBX, 1);
        a.jump(Condition.NOT_EQUAL, step);
        for (int j = 0; j < 4; j++) {
            a.tiles().store(Gp.RDX.at(Gp.R10, 1).plus(j * VECTOR), j);
        }
        a.add(Gp.RDX, 4 * VECTOR);
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, page);
    }

    private void constantsToRegisters() {
        a.mov(Gp.RAX, Gp.RDI.at(CONSTANTS));
        int at = 0;
        for (Vec target : new Vec[] {LEAST_V, ROUNDER_V, HIDDEN_V}) {
            a.vector().load(target, Gp.RAX.at(VECTOR * at++));
        }
        for (int i = 0; i < POLYNOMIAL.length; i++) {
            a.vector().load(Vec.zmm(POLYNOMIAL_V + i), Gp.RAX.at(VECTOR * at++));
        }
        for (int i = 0; i < ROTATIONS.length; i++) {
            a.vector().load(Vec.zmm(ROTATION_V + i), Gp.RAX.at(VECTOR * at++));
        }
    }

    private void softmax() {
        a.mov(Gp.RSI, Gp.RDI.at(SCORES));
        a.mov(Gp.R8, Gp.RDI.at(STATES));
        a.mov(Gp.R9, Gp.RDI.at(LIMITS));
        a.mov(Gp.RBX, ROWS);
        Label row = a.label();
        a.bind(row);
        // the end of the row's scores
        a.mov(Gp.R11, Gp.RDI.at(STEPS));
        a.shl(Gp.R11, 7);
        a.add(Gp.R11, Gp.RSI);
        hide();
        peak();
        powers();
        a.vector().store(Gp.R8.at(), PEAK_V);
        a.vector().store(Gp.R8.at(VECTOR), SUM_V);
        a.add(Gp.R8, STATE);
        a.add(Gp.R9, 16);
        a.add(Gp.RSI, Gp.R10);
        a.sub(Gp.RBX, 1);
        a.jump(Condition.NOT_EQUAL, row);
    }

    /** Overwrites what a row does not see, in whole vectors: those that reach beyond the row end in the room between rows. */
    private void hide() {
        Label before = a.label();
        Label visible = a.label();
        a.mov(Gp.RAX, Gp.R9.at());
        a.bind(before);
        a.cmp(Gp.RAX, Gp.RSI);
        a.jump(Condition.LESS, visible);
        a.jump(Condition.EQUAL, visible);
        a.sub(Gp.RAX, VECTOR);
        a.vector().store(Gp.RAX.at(), HIDDEN_V);
        a.jump(before);
        a.bind(visible);
        Label after = a.label();
        Label end = a.label();
        a.mov(Gp.RAX, Gp.R9.at(8));
        a.bind(after);
        a.cmp(Gp.RAX, Gp.R11);
        a.jump(Condition.GREATER_EQUAL, end);
        a.vector().store(Gp.RAX.at(), HIDDEN_V);
        a.add(Gp.RAX, VECTOR);
        a.jump(after);
        a.bind(end);
    }

    private void peak() {
        Vec other = Vec.zmm(0);
        a.vector().load(PEAK_V, Gp.RSI.at());
        a.vector().load(other, Gp.RSI.at(VECTOR));
        a.lea(Gp.RAX, Gp.RSI.at(2 * VECTOR));
        Label step = a.label();
        Label end = a.label();
        a.bind(step);
        a.cmp(Gp.RAX, Gp.R11);
        a.jump(Condition.GREATER_EQUAL, end);
        a.vector().emit(VectorOp.VMAXPS, PEAK_V, PEAK_V, Gp.RAX.at());
        a.vector().emit(VectorOp.VMAXPS, other, other, Gp.RAX.at(VECTOR));
        a.add(Gp.RAX, 2 * VECTOR);
        a.jump(step);
        a.bind(end);
        a.vector().emit(VectorOp.VMAXPS, PEAK_V, PEAK_V, other);
        across(VectorOp.VMAXPS, PEAK_V);
    }

    /** Every lane becomes the result over all lanes. */
    private void across(VectorOp op, Vec v) {
        Vec rotated = Vec.zmm(0);
        for (int i = 0; i < ROTATIONS.length; i++) {
            a.vector().emit(VectorOp.VPERMD, rotated, Vec.zmm(ROTATION_V + i), v);
            a.vector().emit(op, v, v, rotated);
        }
    }

    /** Weights of a row, two vectors a turn, in bf16 to where the first scores were. */
    private void powers() {
        a.vector().emit(VectorOp.VPXOR, SUM_V, SUM_V, SUM_V);
        Vec second = Vec.zmm(30);
        a.vector().emit(VectorOp.VPXOR, second, second, second);
        a.mov(Gp.RAX, Gp.RSI);
        a.mov(Gp.RBP, Gp.RSI);
        Label step = a.label();
        a.bind(step);
        power(0, 0);
        power(1, 4);
        a.vector().emit(VectorOp.VADDPS, SUM_V, SUM_V, Vec.zmm(0));
        a.vector().emit(VectorOp.VADDPS, second, second, Vec.zmm(4));
        a.vector().emit(VectorOp.VCVTNE2PS2BF16, Vec.zmm(8), Vec.zmm(4), Vec.zmm(0));
        a.vector().store(Gp.RBP.at(), Vec.zmm(8));
        a.add(Gp.RAX, 2 * VECTOR);
        a.add(Gp.RBP, VECTOR);
        a.cmp(Gp.RAX, Gp.R11);
        a.jump(Condition.LESS, step);
        a.vector().emit(VectorOp.VADDPS, SUM_V, SUM_V, second);
        across(VectorOp.VADDPS, SUM_V);
    }

    /** The power of two of a vector of scores less the peak; result in register {@code at}, which the next three help. */
    private void power(int vector, int at) {
        Vec p = Vec.zmm(at);
        Vec t = Vec.zmm(at + 1);
        Vec shifted = Vec.zmm(at + 2);
        Vec n = Vec.zmm(at + 3);
        a.vector().load(t, Gp.RAX.at(vector * VECTOR));
        a.vector().emit(VectorOp.VSUBPS, t, t, PEAK_V);
        // NaN is the last source, so it stays
        a.vector().emit(VectorOp.VMAXPS, t, LEAST_V, t);
        a.vector().emit(VectorOp.VADDPS, shifted, t, ROUNDER_V);
        a.vector().emit(VectorOp.VSUBPS, n, shifted, ROUNDER_V);
        a.vector().emit(VectorOp.VSUBPS, t, t, n);
        a.vector().move(p, Vec.zmm(POLYNOMIAL_V + POLYNOMIAL.length - 1));
        for (int i = POLYNOMIAL.length - 2; i >= 0; i--) {
            a.vector().emit(VectorOp.VFMADD213PS, p, t, Vec.zmm(POLYNOMIAL_V + i));
        }
        a.vector().shiftLeft32(shifted, shifted, 23);
        a.vector().emit(VectorOp.VPADDD, p, p, shifted);
    }

    /** Sums of {@code tiles} times 16 values while there are so many left. */
    private void weigh(int tiles) {
        Label again = a.label();
        Label end = a.label();
        a.bind(again);
        a.cmp(Gp.R12, tiles);
        a.jump(Condition.LESS, end);
        for (int j = 0; j < tiles; j++) {
            a.tiles().zero(j);
        }
        a.mov(Gp.RAX, Gp.RDI.at(SCORES));
        a.mov(Gp.RCX, Gp.RDI.at(STEPS));
        a.mov(Gp.R9, Gp.RDI.at(VALUE_BYTES));
        a.mov(Gp.R11, Gp.R9);
        a.shl(Gp.R11, 4);
        a.mov(Gp.R8, Gp.RDX);
        Label step = a.label();
        a.bind(step);
        a.tiles().load(4, Gp.RAX.at(Gp.R10, 1));
        for (int j = 0; j < tiles; j++) {
            a.tiles().load(5 + j % 3, Gp.R8.at(Gp.R9, 1).plus(j * VECTOR));
            a.tiles().dotBfloat16(j, 4, 5 + j % 3);
        }
        a.add(Gp.RAX, VECTOR);
        a.add(Gp.R8, Gp.R11);
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, step);
        for (int j = 0; j < tiles; j++) {
            a.tiles().store(Gp.RSI.at(Gp.R9, 1).plus(j * VECTOR), j);
        }
        a.add(Gp.RSI, tiles * VECTOR);
        a.add(Gp.RDX, tiles * VECTOR);
        a.sub(Gp.R12, tiles);
        a.jump(again);
        a.bind(end);
    }
}
