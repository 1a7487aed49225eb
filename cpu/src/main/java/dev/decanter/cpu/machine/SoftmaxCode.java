package dev.decanter.cpu.machine;

import static dev.decanter.cpu.machine.AttentionFields.*;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;
import dev.decanter.assembler.Mem;
import dev.decanter.assembler.Vec;
import dev.decanter.assembler.VectorOp;

/**
 * Emits the softmax of {@link AttentionCode}: weights of a tile's scores, and the union of what ranges of keys gave. The
 * exponential is that of the Vector API's kernels (Cephes): x = n ln 2 + r, a polynomial in r, times 2^n; 0 below the normal
 * range.
 */
final class SoftmaxCode {
    private static final int LINE = 64;
    private static final int LANES = 16;
    /** Predicates of comparisons. */
    private static final int NOT_EQUAL = 4;

    private static final int NOT_LESS = 5;
    private static final int CHOSEN = 1;

    private static final float[] NUMBERS = {
        Float.NEGATIVE_INFINITY,
        -87.33654f,
        1.442695f,
        // adding 1.5 · 2^23 rounds to an integer that then lies in the low bits
        12582912f,
        0x1.63p-1f,
        -0.00021219444f,
        0.00019875691f,
        0.0013981999f,
        0.008333452f,
        0.041665796f,
        0.16666666f,
        0.5f,
        1f,
        Float.intBitsToFloat(127)
    };
    private static final int[] ROTATIONS = {8, 4, 2, 1};

    private static final int FIRST = 8;
    private static final Vec HIDDEN = Vec.zmm(FIRST);
    private static final Vec LEAST = Vec.zmm(FIRST + 1);
    private static final Vec LOG2_E = Vec.zmm(FIRST + 2);
    private static final Vec ROUNDER = Vec.zmm(FIRST + 3);
    private static final Vec LN2_HIGH = Vec.zmm(FIRST + 4);
    private static final Vec LN2_LOW = Vec.zmm(FIRST + 5);
    private static final int POLYNOMIAL = FIRST + 6;
    private static final int TERMS = 6;
    private static final Vec ONE = Vec.zmm(FIRST + 12);
    private static final Vec BIAS = Vec.zmm(FIRST + 13);
    private static final int ROTATION = FIRST + NUMBERS.length;
    private static final Vec PEAK = Vec.zmm(28);
    private static final Vec SHIFT = Vec.zmm(29);
    private static final Vec SUM = Vec.zmm(30);
    private static final Vec RESULT = Vec.zmm(31);

    private final Assembler a;

    SoftmaxCode(Assembler a) {
        this.a = a;
    }

    /** What {@link AttentionFields#CONSTANTS} points at: vectors, each of one number but for the rotations. */
    static int[] constants() {
        return ConstantVectors.of(NUMBERS, ROTATIONS);
    }

    private static Mem field(int offset) {
        return Gp.RDI.at(offset);
    }

    private void loadConstants() {
        a.mov(Gp.RAX, field(CONSTANTS));
        for (int i = 0; i < NUMBERS.length + ROTATIONS.length; i++) {
            a.vector().load(Vec.zmm(FIRST + i), Gp.RAX.at(i * LINE));
        }
    }

    /** Turns the scores of {@code rows} rows into weights relative to each row's peak, and notes peak and sum in its part. */
    void weights(int rows) {
        loadConstants();
        a.mov(Gp.R12, field(TILE_PAGES));
        a.shl(Gp.R12, 8);
        a.mov(Gp.RSI, field(SCORES));
        a.mov(Gp.R8, field(LIMITS.tile()));
        a.mov(Gp.R9, field(MASK.tile()));
        a.mov(Gp.R10, field(BEGIN));
        a.add(Gp.R9, Gp.R10);
        a.mov(Gp.R14, field(PARTS.tile()));
        a.mov(Gp.RAX, field(WIDTH));
        a.add(Gp.R14, Gp.RAX);
        a.mov(Gp.RBX, rows);
        Label row = a.label();
        a.bind(row);
        a.mov(Gp.R11, Gp.RSI);
        a.add(Gp.R11, Gp.R12);
        addMask();
        hide();
        peak();
        shift();
        a.vector().store(Gp.R14.at(), PEAK);
        exponentials();
        a.vector().store(Gp.R14.at(LINE), SUM);
        step(Gp.RSI, SCORE_BYTES);
        step(Gp.R8, LIMITS.innerStep());
        step(Gp.R9, MASK.innerStep());
        step(Gp.R14, PARTS.innerStep());
        a.sub(Gp.RBX, 1);
        a.jump(Condition.NOT_EQUAL, row);
        a.clear(Gp.RAX);
        a.mov(field(COLUMN), Gp.RAX);
    }

    private void step(Gp register, int field) {
        a.mov(Gp.RAX, field(field));
        a.add(register, Gp.RAX);
    }

    /** Adds the mask's numbers where there are any; only those of keys that exist are read. */
    private void addMask() {
        Label none = a.label();
        Label again = a.label();
        Label tail = a.label();
        Label fewer = a.label();
        a.mov(Gp.RAX, field(MASKED));
        a.cmp(Gp.RAX, 0);
        a.jump(Condition.EQUAL, none);
        a.mov(Gp.RAX, Gp.RSI);
        a.mov(Gp.RDX, Gp.R9);
        a.mov(Gp.RCX, field(COUNT));
        a.mov(Gp.R10, Gp.R12);
        a.shr(Gp.R10, 2);
        a.cmp(Gp.RCX, Gp.R10);
        a.jump(Condition.LESS_EQUAL, fewer);
        a.mov(Gp.RCX, Gp.R10);
        a.bind(fewer);
        a.bind(again);
        a.cmp(Gp.RCX, LANES);
        a.jump(Condition.LESS, tail);
        a.vector().load(Vec.zmm(0), Gp.RAX.at());
        a.vector().emit(VectorOp.VADDPS, Vec.zmm(0), Vec.zmm(0), Gp.RDX.at());
        a.vector().store(Gp.RAX.at(), Vec.zmm(0));
        a.add(Gp.RAX, LINE);
        a.add(Gp.RDX, LINE);
        a.sub(Gp.RCX, LANES);
        a.jump(again);
        a.bind(tail);
        a.cmp(Gp.RCX, 0);
        a.jump(Condition.EQUAL, none);
        a.mov(Gp.RCX, field(TAIL));
        a.vector().mask(CHOSEN, Gp.RCX);
        a.vector().loadPart(Vec.zmm(1), Gp.RDX.at(), CHOSEN);
        a.vector().emit(VectorOp.VADDPS, Vec.zmm(1), Vec.zmm(1), Gp.RAX.at());
        a.vector().store(Gp.RAX.at(), Vec.zmm(1));
        a.bind(none);
    }

    /** Overwrites what a row does not see, in whole vectors: those that reach beyond the row end in the room between rows. */
    private void hide() {
        Label before = a.label();
        Label visible = a.label();
        Label after = a.label();
        Label end = a.label();
        limit(0);
        a.bind(before);
        a.cmp(Gp.RAX, Gp.RSI);
        a.jump(Condition.LESS_EQUAL, visible);
        a.sub(Gp.RAX, LINE);
        a.vector().store(Gp.RAX.at(), HIDDEN);
        a.jump(before);
        a.bind(visible);
        limit(Long.BYTES);
        a.bind(after);
        a.cmp(Gp.RAX, Gp.R11);
        a.jump(Condition.GREATER_EQUAL, end);
        a.vector().store(Gp.RAX.at(), HIDDEN);
        a.add(Gp.RAX, LINE);
        a.jump(after);
        a.bind(end);
    }

    /** rax = where in the row at rsi a limit lies, at most at its ends. */
    private void limit(int which) {
        Label positive = a.label();
        Label inside = a.label();
        a.mov(Gp.RAX, Gp.R8.at(which));
        a.mov(Gp.RCX, field(BEGIN));
        a.sub(Gp.RAX, Gp.RCX);
        a.cmp(Gp.RAX, 0);
        a.jump(Condition.GREATER_EQUAL, positive);
        a.clear(Gp.RAX);
        a.bind(positive);
        a.cmp(Gp.RAX, Gp.R12);
        a.jump(Condition.LESS_EQUAL, inside);
        a.mov(Gp.RAX, Gp.R12);
        a.bind(inside);
        a.add(Gp.RAX, Gp.RSI);
    }

    private void peak() {
        Vec other = Vec.zmm(0);
        a.vector().load(PEAK, Gp.RSI.at());
        a.vector().load(other, Gp.RSI.at(LINE));
        a.lea(Gp.RAX, Gp.RSI.at(2 * LINE));
        Label step = a.label();
        a.bind(step);
        a.vector().emit(VectorOp.VMAXPS, PEAK, PEAK, Gp.RAX.at());
        a.vector().emit(VectorOp.VMAXPS, other, other, Gp.RAX.at(LINE));
        a.add(Gp.RAX, 2 * LINE);
        a.cmp(Gp.RAX, Gp.R11);
        a.jump(Condition.LESS, step);
        a.vector().emit(VectorOp.VMAXPS, PEAK, PEAK, other);
        across(VectorOp.VMAXPS, PEAK);
    }

    /** A row that sees nothing has -∞ for its peak; its scores less 0 have no weight. */
    private void shift() {
        a.vector().compare(CHOSEN, PEAK, HIDDEN, NOT_EQUAL);
        a.vector().movePart(SHIFT, PEAK, CHOSEN);
    }

    /** Every lane becomes the result over all lanes. */
    private void across(VectorOp op, Vec v) {
        Vec rotated = Vec.zmm(0);
        for (int i = 0; i < ROTATIONS.length; i++) {
            a.vector().emit(VectorOp.VPERMD, rotated, Vec.zmm(ROTATION + i), v);
            a.vector().emit(op, v, v, rotated);
        }
    }

    private void exponentials() {
        a.vector().emit(VectorOp.VPXOR, SUM, SUM, SUM);
        a.mov(Gp.RAX, Gp.RSI);
        Label step = a.label();
        a.bind(step);
        for (int i = 0; i < 2; i++) {
            a.vector().load(RESULT, Gp.RAX.at(i * LINE));
            exponential();
            a.vector().store(Gp.RAX.at(i * LINE), RESULT);
            a.vector().emit(VectorOp.VADDPS, SUM, SUM, RESULT);
        }
        a.add(Gp.RAX, 2 * LINE);
        a.cmp(Gp.RAX, Gp.R11);
        a.jump(Condition.LESS, step);
        across(VectorOp.VADDPS, SUM);
    }

    /** RESULT = e^(RESULT − SHIFT), of a number up to 0. NaN is the last source of comparisons, so it stays. */
    private void exponential() {
        Vec given = Vec.zmm(0);
        Vec x = Vec.zmm(1);
        Vec shifted = Vec.zmm(2);
        Vec n = Vec.zmm(3);
        Vec p = Vec.zmm(4);
        a.vector().emit(VectorOp.VSUBPS, given, RESULT, SHIFT);
        a.vector().emit(VectorOp.VMAXPS, x, LEAST, given);
        a.vector().move(shifted, x);
        a.vector().emit(VectorOp.VFMADD213PS, shifted, LOG2_E, ROUNDER);
        a.vector().emit(VectorOp.VSUBPS, n, shifted, ROUNDER);
        a.vector().emit(VectorOp.VFNMADD231PS, x, n, LN2_HIGH);
        a.vector().emit(VectorOp.VFNMADD231PS, x, n, LN2_LOW);
        a.vector().move(p, Vec.zmm(POLYNOMIAL));
        for (int i = 1; i < TERMS; i++) {
            a.vector().emit(VectorOp.VFMADD213PS, p, x, Vec.zmm(POLYNOMIAL + i));
        }
        a.vector().emit(VectorOp.VMULPS, n, x, x);
        a.vector().emit(VectorOp.VFMADD213PS, p, n, x);
        a.vector().emit(VectorOp.VADDPS, p, p, ONE);
        a.vector().emit(VectorOp.VPADDD, shifted, shifted, BIAS);
        a.vector().shiftLeft32(shifted, shifted, 23);
        a.vector().emit(VectorOp.VMULPS, p, p, shifted);
        a.vector().compare(CHOSEN, given, LEAST, NOT_LESS);
        a.vector().movePart(RESULT, p, CHOSEN);
    }

    /** Results of {@code rows} rows from their parts, in the order of the ranges. */
    void merge(int rows) {
        loadConstants();
        a.mov(Gp.R8, field(PARTS.tile()));
        a.mov(Gp.R9, field(OUT.tile()));
        a.mov(Gp.R10, field(PART_BYTES));
        a.mov(Gp.R12, field(WIDTH));
        a.mov(Gp.RBX, rows);
        Label row = a.label();
        a.bind(row);
        a.vector().move(PEAK, HIDDEN);
        overRanges(() -> a.vector().emit(VectorOp.VMAXPS, PEAK, PEAK, Gp.RAX.at()));
        shift();
        a.vector().emit(VectorOp.VPXOR, SUM, SUM, SUM);
        overRanges(() -> {
            a.vector().load(RESULT, Gp.RAX.at());
            exponential();
            a.vector().store(Gp.RAX.at(), RESULT);
            a.vector().emit(VectorOp.VFMADD231PS, SUM, RESULT, Gp.RAX.at(LINE));
        });
        Vec zero = Vec.zmm(0);
        a.vector().emit(VectorOp.VPXOR, zero, zero, zero);
        a.vector().compare(CHOSEN, SUM, zero, NOT_EQUAL);
        a.vector().emit(VectorOp.VDIVPS, SUM, ONE, SUM);
        a.vector().movePart(SUM, SUM, CHOSEN);
        a.mov(Gp.RDX, Gp.R12);
        a.mov(Gp.R11, Gp.R9);
        Label column = a.label();
        a.bind(column);
        a.vector().emit(VectorOp.VPXOR, RESULT, RESULT, RESULT);
        overRanges(() -> {
            // the column lies rdx bytes before the factor
            a.mov(Gp.RBP, Gp.RAX);
            a.sub(Gp.RBP, Gp.RDX);
            a.vector().load(Vec.zmm(1), Gp.RBP.at());
            a.vector().emit(VectorOp.VFMADD231PS, RESULT, Vec.zmm(1), Gp.RAX.at());
        });
        a.vector().emit(VectorOp.VMULPS, RESULT, RESULT, SUM);
        a.vector().store(Gp.R11.at(), RESULT);
        a.add(Gp.R11, LINE);
        a.sub(Gp.RDX, LINE);
        a.jump(Condition.NOT_EQUAL, column);
        step(Gp.R8, PARTS.innerStep());
        step(Gp.R9, OUT.innerStep());
        a.sub(Gp.RBX, 1);
        a.jump(Condition.NOT_EQUAL, row);
    }

    /** Runs code for each range's part of the row at r8, with rax at its peak. */
    private void overRanges(Runnable body) {
        Label range = a.label();
        a.mov(Gp.RCX, field(RANGES));
        a.mov(Gp.RAX, Gp.R8);
        a.add(Gp.RAX, Gp.R12);
        a.bind(range);
        body.run();
        a.add(Gp.RAX, Gp.R10);
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, range);
    }
}
