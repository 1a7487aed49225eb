package dev.decanter.cpu.machine;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;
import dev.decanter.assembler.Mem;
import dev.decanter.assembler.Vec;
import dev.decanter.assembler.VectorOp;
import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.cpu.kernels.Paged;

/**
 * Emits for AVX-512 what is done to heads before attention: their rotation, and the append to a cache's pages. All fields of
 * the argument block are 8 bytes.
 */
final class HeadCode {
    /** Positions, and heads of each. */
    static final int ROWS = 0;

    static final int HEADS = 8;
    /** Rows of the first position and head, and the bytes from position to position and from head to head. */
    static final int X = 16;

    static final int X_ROW = 24;
    static final int X_HEAD = 32;

    // of the rotation
    static final int Y = 40;
    static final int Y_ROW = 48;
    static final int Y_HEAD = 56;
    static final int COS = 64;
    static final int COS_ROW = 72;
    static final int SIN = 80;
    static final int SIN_ROW = 88;
    /** Bytes of half a row, and those of it in whole vectors; a bit for each number that is left over. */
    static final int HALF = 96;

    static final int VECTORS = 104;
    static final int TAIL = 112;

    // of the append
    /** Address of the address of the page of the first position, and that position in it. */
    static final int TABLE = 40;

    static final int AT = 48;
    /** Bytes from a page to the first head, and from head to head. */
    static final int HEAD = 56;

    static final int HEAD_BYTES = 64;
    /** Numbers of a row, a multiple of 16. */
    static final int SIZE = 72;
    /** Bytes from a head to its scales, and from those to the lows. */
    static final int SCALES = 80;

    static final int LOWS = 88;
    static final int CONSTANTS = 96;
    /** Room for a row and a vector. */
    static final int ROOM = 104;

    static final int WORDS = 15;

    private static final int LINE = 64;
    private static final int LANES = 16;
    private static final int CHOSEN = 1;
    private static final int NOT_EQUAL = 4;
    private static final Gp[] SAVED = {Gp.RBX, Gp.RBP, Gp.R12, Gp.R13, Gp.R14, Gp.R15};
    private static final int[] ROTATIONS = {8, 4, 2, 1};
    private static final float[] NUMBERS = {-CachePrecision.MAX, CachePrecision.MAX, 255, Float.POSITIVE_INFINITY, 1};

    private static final Vec LEAST = Vec.zmm(16);
    private static final Vec GREATEST = Vec.zmm(17);
    private static final Vec STEPS = Vec.zmm(18);
    private static final Vec INFINITY = Vec.zmm(19);
    private static final Vec ONE = Vec.zmm(20);
    private static final int ROTATION = 21;

    private final Assembler a = new Assembler();

    private HeadCode() {}

    /** What {@link #CONSTANTS} points at. */
    static int[] constants() {
        return ConstantVectors.of(NUMBERS, ROTATIONS);
    }

    private static Mem field(int offset) {
        return Gp.RDI.at(offset);
    }

    private void begin() {
        for (Gp register : SAVED) {
            a.push(register);
        }
    }

    private byte[] end() {
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.vector().zeroUpper();
        a.ret();
        return a.toByteArray();
    }

    private void step(Gp register, int field) {
        a.mov(Gp.RAX, field(field));
        a.add(register, Gp.RAX);
    }

    /** Jumps back while a field, which is counted down, is not 0. */
    private void again(int left, Label label) {
        a.mov(Gp.RAX, field(left));
        a.sub(Gp.RAX, 1);
        a.mov(field(left), Gp.RAX);
        a.cmp(Gp.RAX, 0);
        a.jump(Condition.NOT_EQUAL, label);
    }

    /** y[i] = x[i]·cos[i] − x[i+h]·sin[i], y[i+h] = x[i+h]·cos[i+h] + x[i]·sin[i+h], each operation rounded. */
    static byte[] rotate() {
        HeadCode code = new HeadCode();
        code.begin();
        code.rotateRows();
        return code.end();
    }

    private void rotateRows() {
        Label row = a.label();
        Label head = a.label();
        Label vector = a.label();
        Label tail = a.label();
        Label done = a.label();
        a.mov(Gp.R8, field(X));
        a.mov(Gp.R9, field(Y));
        a.mov(Gp.R10, field(COS));
        a.mov(Gp.R11, field(SIN));
        a.mov(Gp.RAX, field(TAIL));
        a.vector().mask(CHOSEN, Gp.RAX);
        a.bind(row);
        a.mov(Gp.RSI, Gp.R8);
        a.mov(Gp.RDX, Gp.R9);
        a.mov(Gp.RCX, field(HEADS));
        a.mov(Gp.R12, Gp.R10);
        step(Gp.R12, HALF);
        a.mov(Gp.R13, Gp.R11);
        step(Gp.R13, HALF);
        a.bind(head);
        a.mov(Gp.RBX, Gp.RSI);
        step(Gp.RBX, HALF);
        a.mov(Gp.RBP, Gp.RDX);
        step(Gp.RBP, HALF);
        a.mov(Gp.R14, field(VECTORS));
        a.clear(Gp.RAX);
        a.bind(vector);
        a.cmp(Gp.RAX, Gp.R14);
        a.jump(Condition.GREATER_EQUAL, tail);
        rotate(false);
        a.add(Gp.RAX, LINE);
        a.jump(vector);
        a.bind(tail);
        a.mov(Gp.R15, field(TAIL));
        a.cmp(Gp.R15, 0);
        a.jump(Condition.EQUAL, done);
        rotate(true);
        a.bind(done);
        step(Gp.RSI, X_HEAD);
        step(Gp.RDX, Y_HEAD);
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, head);
        step(Gp.R8, X_ROW);
        step(Gp.R9, Y_ROW);
        step(Gp.R10, COS_ROW);
        step(Gp.R11, SIN_ROW);
        again(ROWS, row);
    }

    /** A vector of each half, rax bytes from their beginnings. */
    private void rotate(boolean part) {
        Gp[] from = {Gp.RSI, Gp.RBX, Gp.R10, Gp.R12, Gp.R11, Gp.R13};
        for (int i = 0; i < from.length; i++) {
            Mem place = from[i].at(Gp.RAX, 1);
            if (part) {
                a.vector().loadPart(Vec.zmm(i), place, CHOSEN);
            } else {
                a.vector().load(Vec.zmm(i), place);
            }
        }
        a.vector().emit(VectorOp.VMULPS, Vec.zmm(2), Vec.zmm(0), Vec.zmm(2));
        a.vector().emit(VectorOp.VMULPS, Vec.zmm(4), Vec.zmm(1), Vec.zmm(4));
        a.vector().emit(VectorOp.VSUBPS, Vec.zmm(2), Vec.zmm(2), Vec.zmm(4));
        a.vector().emit(VectorOp.VMULPS, Vec.zmm(3), Vec.zmm(1), Vec.zmm(3));
        a.vector().emit(VectorOp.VMULPS, Vec.zmm(5), Vec.zmm(0), Vec.zmm(5));
        a.vector().emit(VectorOp.VADDPS, Vec.zmm(3), Vec.zmm(3), Vec.zmm(5));
        Mem low = Gp.RDX.at(Gp.RAX, 1);
        Mem high = Gp.RBP.at(Gp.RAX, 1);
        if (part) {
            a.vector().storePart(low, Vec.zmm(2), CHOSEN);
            a.vector().storePart(high, Vec.zmm(3), CHOSEN);
        } else {
            a.vector().store(low, Vec.zmm(2));
            a.vector().store(high, Vec.zmm(3));
        }
    }

    /** Rows into pages of a precision, each a column if turned. */
    static byte[] append(CachePrecision precision, boolean turned) {
        HeadCode code = new HeadCode();
        code.begin();
        code.appendRows(precision, turned);
        return code.end();
    }

    private void appendRows(CachePrecision precision, boolean turned) {
        a.mov(Gp.RAX, field(CONSTANTS));
        for (int i = 0; i < NUMBERS.length + ROTATIONS.length; i++) {
            a.vector().load(Vec.zmm(LEAST.number() + i), Gp.RAX.at(i * LINE));
        }
        Label row = a.label();
        Label head = a.label();
        Label same = a.label();
        a.mov(Gp.R10, field(TABLE));
        a.mov(Gp.R8, field(X));
        a.mov(Gp.R11, field(AT));
        a.bind(row);
        a.mov(Gp.RSI, Gp.R8);
        a.mov(Gp.R9, Gp.R10.at());
        step(Gp.R9, HEAD);
        a.mov(Gp.RCX, field(HEADS));
        a.bind(head);
        a.mov(Gp.R15, Gp.RSI);
        if (precision == CachePrecision.U8) {
            codes();
        }
        store(precision, turned);
        step(Gp.RSI, X_HEAD);
        step(Gp.R9, HEAD_BYTES);
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, head);
        step(Gp.R8, X_ROW);
        a.add(Gp.R11, 1);
        a.cmp(Gp.R11, Paged.ROWS);
        a.jump(Condition.NOT_EQUAL, same);
        a.clear(Gp.R11);
        a.add(Gp.R10, Long.BYTES);
        a.bind(same);
        again(ROWS, row);
    }

    /** Stores the numbers at r15 at position r11 of the head at r9. */
    private void store(CachePrecision precision, boolean turned) {
        Label next = a.label();
        a.mov(Gp.RDX, field(SIZE));
        a.mov(Gp.RBX, Gp.R11);
        if (turned) {
            a.shl(Gp.RBX, Integer.numberOfTrailingZeros(precision.bytes()));
        } else {
            a.imul(Gp.RBX, Gp.RDX);
            a.shl(Gp.RBX, Integer.numberOfTrailingZeros(precision.bytes()));
        }
        a.add(Gp.RBX, Gp.R9);
        a.mov(Gp.R14, field(ROOM));
        a.bind(next);
        Mem place = turned ? Gp.R14.at() : Gp.RBX.at();
        a.vector().load(Vec.zmm(0), Gp.R15.at());
        switch (precision) {
            case F32 -> a.vector().store(place, Vec.zmm(0));
            case F16 -> {
                limit(Vec.zmm(0));
                a.vector().storeHalves(place, Vec.zmm(0));
            }
            // what was encoded before
            case U8 -> a.vector().storeBytes(place, Vec.zmm(0));
        }
        if (turned) {
            scatter(precision.bytes());
        } else {
            a.add(Gp.RBX, LANES * precision.bytes());
        }
        a.add(Gp.R15, LINE);
        a.sub(Gp.RDX, LANES);
        a.jump(Condition.NOT_EQUAL, next);
    }

    /** 16 numbers at r14 to positions of a column. */
    private void scatter(int bytes) {
        for (int i = 0; i < LANES; i++) {
            Mem place = Gp.RBX.at(i * Paged.ROWS * bytes);
            a.mov(Gp.RAX, Gp.R14.at(i * bytes));
            switch (bytes) {
                case 1 -> a.mov8(place, Gp.RAX);
                case 2 -> a.mov16(place, Gp.RAX);
                default -> a.mov32(place, Gp.RAX);
            }
        }
        a.add(Gp.RBX, LANES * Paged.ROWS * bytes);
    }

    /** Takes what f16 cannot hold to its limits; NaN is the last source, so it stays. */
    private void limit(Vec x) {
        a.vector().emit(VectorOp.VMINPS, x, GREATEST, x);
        a.vector().emit(VectorOp.VMAXPS, x, LEAST, x);
    }

    /** Turns the row at r15 into codes behind the room for what is scattered, to which r15 then points; see {@link CachePrecision#U8}. */
    private void codes() {
        Label group = a.label();
        Label last = a.label();
        a.mov(Gp.R14, field(ROOM));
        a.add(Gp.R14, LINE);
        a.mov(Gp.RBP, field(SCALES));
        a.add(Gp.RBP, Gp.R9);
        a.lea(Gp.RBP, Gp.RBP.at(Gp.R11, Float.BYTES));
        a.mov(Gp.R13, field(LOWS));
        a.add(Gp.R13, Gp.RBP);
        a.mov(Gp.RDX, field(SIZE));
        a.bind(group);
        a.mov(Gp.R12, Gp.RDX);
        a.cmp(Gp.R12, PageLayout.GROUP);
        a.jump(Condition.LESS, last);
        a.mov(Gp.R12, PageLayout.GROUP);
        a.bind(last);
        encode();
        a.add(Gp.RBP, Paged.ROWS * Float.BYTES);
        a.add(Gp.R13, Paged.ROWS * Float.BYTES);
        a.sub(Gp.RDX, PageLayout.GROUP);
        a.jump(Condition.GREATER, group);
        a.mov(Gp.R15, field(ROOM));
        a.add(Gp.R15, LINE);
    }

    /** A group of r12 numbers at r15: codes to r14, scale to rbp, low to r13. */
    private void encode() {
        Vec low = Vec.zmm(1);
        Vec high = Vec.zmm(2);
        Vec nan = Vec.zmm(3);
        Vec x = Vec.zmm(0);
        Vec scale = Vec.zmm(4);
        Vec inverse = Vec.zmm(5);
        Label extreme = a.label();
        Label code = a.label();
        a.vector().move(low, INFINITY);
        a.vector().emit(VectorOp.VPXOR, nan, nan, nan);
        a.vector().emit(VectorOp.VSUBPS, high, nan, INFINITY);
        a.mov(Gp.RAX, Gp.R12);
        a.mov(Gp.RBX, Gp.R15);
        a.bind(extreme);
        limited(x, Gp.RBX);
        a.vector().emit(VectorOp.VMINPS, low, low, x);
        a.vector().emit(VectorOp.VMAXPS, high, high, x);
        // 0, or NaN, which minimum and maximum may lose
        a.vector().emit(VectorOp.VSUBPS, x, x, x);
        a.vector().emit(VectorOp.VADDPS, nan, nan, x);
        a.add(Gp.RBX, LINE);
        a.sub(Gp.RAX, LANES);
        a.jump(Condition.NOT_EQUAL, extreme);
        across(VectorOp.VMINPS, low);
        across(VectorOp.VMAXPS, high);
        across(VectorOp.VADDPS, nan);
        a.vector().emit(VectorOp.VADDPS, high, high, nan);
        a.vector().emit(VectorOp.VADDPS, low, low, nan);
        a.vector().emit(VectorOp.VSUBPS, scale, high, low);
        a.vector().emit(VectorOp.VDIVPS, scale, scale, STEPS);
        a.vector().emit(VectorOp.VDIVPS, inverse, ONE, scale);
        // so narrow a range that its steps have no reciprocal: all of it is its least number
        a.vector().compare(CHOSEN, inverse, INFINITY, NOT_EQUAL);
        a.vector().movePart(inverse, inverse, CHOSEN);
        a.vector().movePart(scale, scale, CHOSEN);
        number(Gp.RBP, scale);
        number(Gp.R13, low);
        a.bind(code);
        limited(x, Gp.R15);
        a.vector().emit(VectorOp.VSUBPS, x, x, low);
        a.vector().emit(VectorOp.VMULPS, x, x, inverse);
        a.vector().emit(VectorOp.VMINPS, x, STEPS, x);
        a.vector().emit(VectorOp.VCVTPS2DQ, x, x);
        a.vector().store(Gp.R14.at(), x);
        a.add(Gp.R15, LINE);
        a.add(Gp.R14, LINE);
        a.sub(Gp.R12, LANES);
        a.jump(Condition.NOT_EQUAL, code);
    }

    private void limited(Vec x, Gp at) {
        a.vector().load(x, at.at());
        limit(x);
    }

    /** Stores a vector's first number, by way of the room. */
    private void number(Gp at, Vec value) {
        a.mov(Gp.RAX, field(ROOM));
        a.vector().store(Gp.RAX.at(), value);
        a.mov(Gp.RAX, Gp.RAX.at());
        a.mov32(at.at(), Gp.RAX);
    }

    /** Every lane becomes the result over all lanes. */
    private void across(VectorOp op, Vec v) {
        Vec rotated = Vec.zmm(0);
        for (int i = 0; i < ROTATIONS.length; i++) {
            a.vector().emit(VectorOp.VPERMD, rotated, Vec.zmm(ROTATION + i), v);
            a.vector().emit(op, v, v, rotated);
        }
    }
}
