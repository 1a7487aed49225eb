package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;
import dev.decanter.assembler.Mem;
import dev.decanter.assembler.ScalarOp;
import dev.decanter.assembler.Vec;
import dev.decanter.assembler.VectorInstructions;
import dev.decanter.assembler.VectorOp;
import dev.decanter.cpu.kernels.QuantizedRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Writes the routines of {@link MachineRows} that quantize rows, for AVX-512. A row goes through three loops: its sum of squares
 * (with the order of additions of the vector kernels: 32 partial sums, one tree, the last numbers one by one); the
 * normalized row to memory, padded with zeros; and, group by group, the greatest magnitude and the codes.
 *
 * @param kind what is done before a row is quantized
 * @param weighted whether the normalization has a weight
 * @param result what comes of it
 */
record RowCode(Kind kind, boolean weighted, Result result) {
    /** What comes of a row. */
    enum Result {
        /** Codes in groups of whole chunks. */
        CHUNKS,
        /** Codes in groups of 32 inputs, two to a chunk. */
        HALVES,
        /** The normalized row. */
        FLOATS
    }

    /** What is done before a row is quantized. */
    enum Kind {
        /** Nothing: the row is read where it lies, in whole chunks and groups. */
        DIRECT,
        /** The row is padded with zeros. */
        COPY,
        RMS,
        /** A residual is added, and the sum written. */
        ADD_RMS;

        boolean norm() {
            return this == RMS || this == ADD_RMS;
        }
    }

    /** Words of the argument block. */
    static final int X = 0;

    /** Bytes from row to row of x, residual and sum. */
    static final int X_STRIDE = 1;

    static final int RESIDUAL = 2;
    static final int SUM = 3;
    static final int WEIGHT = 4;
    /** Memory for a padded row; where the first row goes, if rows are the result. */
    static final int LINE = 5;
    /** Whole vectors of a row. */
    static final int WHOLE = 6;
    /** A bit for each number behind them, and how many there are. */
    static final int TAIL_MASK = 7;

    static final int TAIL = 8;
    /** Vectors of zeros behind the row. */
    static final int ZEROS = 9;
    /** The numbers of a row, f32, and eps. */
    static final int LENGTH_EPS = 10;
    /** Number of the first row, of the row after the last that exists, and of the row after the last of the call. */
    static final int ROW = 11;

    static final int ROWS = 12;
    static final int END = 13;
    /** Where codes, scales and sums of the first row go. */
    static final int CODES = 14;

    static final int SCALES = 15;
    static final int SUMS = 16;
    /** Bytes from chunk to chunk of codes, from group to group of scales and sums. */
    static final int CHUNK_STEP = 17;

    static final int GROUP_STEP = 18;
    /** Bytes from a tile's last row to the next tile's first one, of codes and of scales and sums. */
    static final int TILE_STEP = 19;

    static final int TILE_GROUP_STEP = 20;
    /** Groups of a row (chunks, if a chunk has two), and chunks of a group. */
    static final int GROUPS = 21;

    static final int CHUNKS = 22;
    /** Bytes from row to row, if rows are the result. */
    static final int Y_STRIDE = 23;

    static final int WORDS = 24;

    private static final int LINE_BYTES = 64;
    private static final int CHUNK_VECTORS = 4;
    private static final int LANES = 16;
    private static final Gp[] SAVED = {Gp.RBX, Gp.RBP, Gp.R12, Gp.R13, Gp.R14, Gp.R15};
    /** Masks: of the tail, of the lowest lane, of whether a group has codes, of whether its scale is kept. */
    private static final int TAIL_LANES = 1;

    private static final int LOWEST = 2;
    private static final int CODED = 3;
    private static final int SCALED = 4;
    private static final int LESS = 1;
    private static final int NOT_EQUAL = 4;

    private static final Vec MAGNITUDE = Vec.zmm(31);
    private static final Vec FACTOR = Vec.zmm(30);
    private static final Vec[] DOWN = {Vec.zmm(26), Vec.zmm(27), Vec.zmm(28), Vec.zmm(29)};
    private static final Vec ZERO = Vec.zmm(25);
    private static final Vec BELOW = Vec.zmm(24);
    private static final Vec INFINITY = Vec.zmm(23);
    private static final Vec GREATEST = Vec.zmm(22);
    private static final Vec LEVELS = Vec.zmm(21);
    private static final Vec ONE = Vec.zmm(20);

    /** Lane i of vector j is i + 8 >> j, modulo 16. */
    private static final MemorySegment ROTATIONS = rotations();

    private static MemorySegment rotations() {
        MemorySegment memory = Arena.global().allocate((long) DOWN.length * LINE_BYTES, LINE_BYTES);
        for (int j = 0; j < DOWN.length; j++) {
            for (int i = 0; i < LANES; i++) {
                memory.setAtIndex(JAVA_INT, (long) j * LANES + i, (i + (8 >> j)) % LANES);
            }
        }
        return memory;
    }

    private static Mem word(int word) {
        return Gp.RDI.at(word * Long.BYTES);
    }

    private static Vec low(Vec v) {
        return Vec.xmm(v.number());
    }

    /** The routine's code. */
    byte[] write() {
        Assembler a = new Assembler();
        for (Gp register : SAVED) {
            a.push(register);
        }
        constants(a);
        a.mov(Gp.R12, word(CODES));
        a.mov(Gp.R13, word(SCALES));
        a.mov(Gp.R15, word(SUMS));
        a.mov(Gp.R14, word(ROW));
        Label row = a.label();
        a.bind(row);
        if (result == Result.FLOATS) {
            prepare(a);
        } else {
            Label absent = a.label();
            Label next = a.label();
            a.mov(Gp.RAX, word(ROWS));
            a.cmp(Gp.R14, Gp.RAX);
            a.jump(Condition.GREATER_EQUAL, absent);
            prepare(a);
            groups(a);
            a.jump(next);
            a.bind(absent);
            absent(a);
            a.bind(next);
        }
        nextRow(a);
        a.mov(Gp.RAX, word(END));
        a.cmp(Gp.R14, Gp.RAX);
        a.jump(Condition.LESS, row);
        a.vector().zeroUpper();
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.ret();
        return a.toByteArray();
    }

    private void constants(Assembler a) {
        VectorInstructions v = a.vector();
        a.mov(Gp.RAX, ROTATIONS.address());
        for (int j = 0; j < DOWN.length; j++) {
            v.load(DOWN[j], Gp.RAX.at(j * LINE_BYTES));
        }
        v.emit(VectorOp.VPXOR, ZERO, ZERO, ZERO);
        all(a, MAGNITUDE, 0x7fffffff);
        all(a, BELOW, -1);
        all(a, INFINITY, Float.floatToRawIntBits(Float.POSITIVE_INFINITY));
        all(a, GREATEST, Float.floatToRawIntBits(Float.MAX_VALUE));
        all(a, LEVELS, Float.floatToRawIntBits(127));
        all(a, ONE, Float.floatToRawIntBits(1));
        a.mov(Gp.RAX, word(TAIL_MASK));
        v.mask(TAIL_LANES, Gp.RAX);
        a.mov(Gp.RAX, 1);
        v.mask(LOWEST, Gp.RAX);
    }

    static void all(Assembler a, Vec target, int bits) {
        a.mov(Gp.RAX, bits);
        a.vector().broadcast(target, Gp.RAX);
    }

    /** Leaves in rsi where the row lies that is to be quantized. */
    private void prepare(Assembler a) {
        a.mov(Gp.RSI, word(X));
        if (kind == Kind.DIRECT) {
            return;
        }
        if (kind.norm()) {
            factor(a);
        }
        a.mov(Gp.RSI, word(kind == Kind.ADD_RMS ? SUM : X));
        a.mov(Gp.RBX, word(LINE));
        a.mov(Gp.RDX, word(WEIGHT));
        Loop vectors = new Loop(a, WHOLE);
        a.vector().load(Vec.zmm(0), Gp.RSI.at());
        normalize(a, false);
        a.vector().store(Gp.RBX.at(), Vec.zmm(0));
        a.add(Gp.RSI, LINE_BYTES);
        a.add(Gp.RDX, LINE_BYTES);
        a.add(Gp.RBX, LINE_BYTES);
        vectors.end(a);
        Label whole = a.label();
        a.mov(Gp.RCX, word(TAIL));
        a.cmp(Gp.RCX, 0);
        a.jump(Condition.EQUAL, whole);
        a.vector().loadPart(Vec.zmm(0), Gp.RSI.at(), TAIL_LANES);
        normalize(a, true);
        if (result == Result.FLOATS) {
            a.vector().storePart(Gp.RBX.at(), Vec.zmm(0), TAIL_LANES);
            a.bind(whole);
            return;
        }
        // what is no number times 0 must not reach the padding
        a.vector().movePart(Vec.zmm(0), Vec.zmm(0), TAIL_LANES);
        a.vector().store(Gp.RBX.at(), Vec.zmm(0));
        a.add(Gp.RBX, LINE_BYTES);
        a.bind(whole);
        Loop zeros = new Loop(a, ZEROS);
        a.vector().store(Gp.RBX.at(), ZERO);
        a.add(Gp.RBX, LINE_BYTES);
        zeros.end(a);
        a.mov(Gp.RSI, word(LINE));
    }

    /** A loop that runs rcx times, perhaps never. Lambdas would cost more than all they emit, before the first token. */
    private record Loop(Label begin, Label end) {
        Loop(Assembler a, int count) {
            this(a.label(), a.label());
            a.mov(Gp.RCX, word(count));
            a.cmp(Gp.RCX, 0);
            a.jump(Condition.EQUAL, end);
            a.bind(begin);
        }

        void end(Assembler a) {
            a.sub(Gp.RCX, 1);
            a.jump(Condition.NOT_EQUAL, begin);
            a.bind(end);
        }
    }

    private void normalize(Assembler a, boolean tail) {
        if (!kind.norm()) {
            return;
        }
        a.vector().emit(VectorOp.VMULPS, Vec.zmm(0), Vec.zmm(0), FACTOR);
        if (weighted && tail) {
            a.vector().loadPart(Vec.zmm(1), Gp.RDX.at(), TAIL_LANES);
            a.vector().emit(VectorOp.VMULPS, Vec.zmm(0), Vec.zmm(0), Vec.zmm(1));
        } else if (weighted) {
            a.vector().emit(VectorOp.VMULPS, Vec.zmm(0), Vec.zmm(0), Gp.RDX.at());
        }
    }

    /** {@code 1 / √(Σ x² / n + eps)} for all lanes of {@link #FACTOR}; with a residual, the sums are written on the way. */
    private void factor(Assembler a) {
        VectorInstructions v = a.vector();
        Vec even = Vec.zmm(0);
        Vec odd = Vec.zmm(1);
        v.emit(VectorOp.VPXOR, even, even, even);
        v.emit(VectorOp.VPXOR, odd, odd, odd);
        a.mov(Gp.RDX, word(RESIDUAL));
        a.mov(Gp.RBX, word(SUM));
        a.mov(Gp.RCX, word(WHOLE));
        Label pair = a.label();
        Label last = a.label();
        Label none = a.label();
        a.bind(pair);
        a.cmp(Gp.RCX, 2);
        a.jump(Condition.LESS, last);
        square(a, even, 0);
        square(a, odd, LINE_BYTES);
        onward(a, 2 * LINE_BYTES);
        a.sub(Gp.RCX, 2);
        a.jump(pair);
        a.bind(last);
        a.cmp(Gp.RCX, 0);
        a.jump(Condition.EQUAL, none);
        square(a, even, 0);
        onward(a, LINE_BYTES);
        a.bind(none);
        v.emit(VectorOp.VADDPS, even, even, odd);
        tree(a, VectorOp.VADDPS, even, Vec.zmm(2));
        tailSquares(a);
        v.emit(VectorOp.VBROADCASTSS, Vec.xmm(3), word(LENGTH_EPS));
        v.emit(VectorOp.VDIVPS, Vec.xmm(0), Vec.xmm(0), Vec.xmm(3));
        v.emit(VectorOp.VBROADCASTSS, Vec.xmm(3), word(LENGTH_EPS).plus(Float.BYTES));
        v.emit(VectorOp.VADDPS, Vec.xmm(0), Vec.xmm(0), Vec.xmm(3));
        // the root and its inverse in f64, and one rounding to f32
        v.scalar(ScalarOp.VCVTSS2SD, Vec.xmm(0), Vec.xmm(0), Vec.xmm(0));
        v.scalar(ScalarOp.VSQRTSD, Vec.xmm(0), Vec.xmm(0), Vec.xmm(0));
        v.move(Vec.xmm(3), low(ONE));
        v.scalar(ScalarOp.VCVTSS2SD, Vec.xmm(3), Vec.xmm(3), Vec.xmm(3));
        v.scalar(ScalarOp.VDIVSD, Vec.xmm(0), Vec.xmm(3), Vec.xmm(0));
        v.scalar(ScalarOp.VCVTSD2SS, Vec.xmm(0), Vec.xmm(0), Vec.xmm(0));
        v.emit(VectorOp.VBROADCASTSS, FACTOR, Vec.xmm(0));
    }

    private void square(Assembler a, Vec sum, int at) {
        Vec x = Vec.zmm(sum.number() + 4);
        a.vector().load(x, Gp.RSI.at(at));
        if (kind == Kind.ADD_RMS) {
            a.vector().emit(VectorOp.VADDPS, x, x, Gp.RDX.at(at));
            a.vector().store(Gp.RBX.at(at), x);
        }
        a.vector().emit(VectorOp.VFMADD231PS, sum, x, x);
    }

    private void onward(Assembler a, int bytes) {
        a.add(Gp.RSI, bytes);
        if (kind == Kind.ADD_RMS) {
            a.add(Gp.RDX, bytes);
            a.add(Gp.RBX, bytes);
        }
    }

    /** Squares of the numbers behind the whole vectors, one after the other onto lane 0 of zmm0. */
    private void tailSquares(Assembler a) {
        VectorInstructions v = a.vector();
        Label none = a.label();
        Label number = a.label();
        a.mov(Gp.RCX, word(TAIL));
        a.cmp(Gp.RCX, 0);
        a.jump(Condition.EQUAL, none);
        Vec x = Vec.zmm(4);
        v.loadPart(x, Gp.RSI.at(), TAIL_LANES);
        if (kind == Kind.ADD_RMS) {
            v.loadPart(Vec.zmm(5), Gp.RDX.at(), TAIL_LANES);
            v.emit(VectorOp.VADDPS, x, x, Vec.zmm(5));
            v.storePart(Gp.RBX.at(), x, TAIL_LANES);
        }
        a.bind(number);
        v.emit(VectorOp.VFMADD231PS, Vec.zmm(0), x, x);
        v.emit(VectorOp.VPERMD, x, DOWN[DOWN.length - 1], x);
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, number);
        a.bind(none);
    }

    /** Joins lanes 8, 4, 2 and 1 apart; lane 0 has the result then, and the others too if the operation knows no order. */
    private static void tree(Assembler a, VectorOp op, Vec v, Vec other) {
        for (Vec by : DOWN) {
            a.vector().emit(VectorOp.VPERMD, other, by, v);
            a.vector().emit(op, v, v, other);
        }
    }

    /** Quantizes the row at rsi. */
    private void groups(Assembler a) {
        a.mov(Gp.RDX, Gp.R12);
        a.mov(Gp.RCX, Gp.R13);
        a.mov(Gp.R8, Gp.R15);
        a.mov(Gp.R9, word(CHUNK_STEP));
        a.mov(Gp.R10, word(GROUP_STEP));
        a.mov(Gp.R11, word(GROUPS));
        Label group = a.label();
        a.bind(group);
        if (result == Result.HALVES) {
            group(a, 2, 0);
            group(a, 2, 2 * LANES);
            a.add(Gp.RDX, Gp.R9);
        } else {
            group(a, CHUNK_VECTORS, 0);
        }
        a.sub(Gp.R11, 1);
        a.jump(Condition.NOT_EQUAL, group);
    }

    /** A group of chunks of some vectors; {@code codes} is where its codes go beyond rdx. */
    private void group(Assembler a, int vectors, int codes) {
        VectorInstructions v = a.vector();
        for (int i = 0; i < vectors; i++) {
            v.emit(VectorOp.VPXOR, Vec.zmm(i), Vec.zmm(i), Vec.zmm(i));
        }
        a.mov(Gp.RBX, Gp.RSI);
        Label magnitudes = chunks(a);
        for (int i = 0; i < vectors; i++) {
            // magnitudes of floats rise with their bits, NaN above all
            v.emit(VectorOp.VPAND, Vec.zmm(4 + i), MAGNITUDE, Gp.RBX.at(i * LINE_BYTES));
            v.emit(VectorOp.VPMAXSD, Vec.zmm(i), Vec.zmm(i), Vec.zmm(4 + i));
        }
        a.add(Gp.RBX, vectors * LINE_BYTES);
        again(a, magnitudes);
        for (int i = 1; i < vectors; i++) {
            v.emit(VectorOp.VPMAXSD, Vec.zmm(0), Vec.zmm(0), Vec.zmm(i));
        }
        tree(a, VectorOp.VPMAXSD, Vec.zmm(0), Vec.zmm(1));
        scale(a);
        v.emit(VectorOp.VPXOR, Vec.zmm(0), Vec.zmm(0), Vec.zmm(0));
        v.emit(VectorOp.VPXOR, Vec.zmm(1), Vec.zmm(1), Vec.zmm(1));
        Label rounded = chunks(a);
        for (int i = 0; i < vectors; i++) {
            Vec q = Vec.zmm(8 + i);
            v.loadPart(q, Gp.RSI.at(i * LINE_BYTES), CODED);
            v.emit(VectorOp.VMULPS, q, q, Vec.zmm(5));
            v.emit(VectorOp.VCVTPS2DQ, q, q);
            v.emit(VectorOp.VPADDD, Vec.zmm(i % 2), Vec.zmm(i % 2), q);
            v.storeBytes(Gp.RDX.at(codes + i * LANES), q);
        }
        a.add(Gp.RSI, vectors * LINE_BYTES);
        if (result == Result.CHUNKS) {
            a.add(Gp.RDX, Gp.R9);
        }
        again(a, rounded);
        v.emit(VectorOp.VPADDD, Vec.zmm(0), Vec.zmm(0), Vec.zmm(1));
        tree(a, VectorOp.VPADDD, Vec.zmm(0), Vec.zmm(1));
        v.storePart(Gp.R8.at(), Vec.zmm(0), LOWEST);
        a.add(Gp.RCX, Gp.R10);
        a.add(Gp.R8, Gp.R10);
    }

    /** Begins a loop over the chunks of a group. */
    private Label chunks(Assembler a) {
        Label chunk = a.label();
        if (result == Result.CHUNKS) {
            a.mov(Gp.RBP, word(CHUNKS));
            a.bind(chunk);
        }
        return chunk;
    }

    private void again(Assembler a, Label chunk) {
        if (result == Result.CHUNKS) {
            a.sub(Gp.RBP, 1);
            a.jump(Condition.NOT_EQUAL, chunk);
        }
    }

    /** Writes the scale of the group whose greatest magnitude zmm0 has; leaves its inverse in zmm5, and whether it has codes. */
    private static void scale(Assembler a) {
        VectorInstructions v = a.vector();
        v.emit(VectorOp.VDIVPS, Vec.xmm(4), Vec.xmm(0), low(LEVELS));
        v.emit(VectorOp.VDIVPS, Vec.xmm(5), low(ONE), Vec.xmm(4));
        // less 1, the bits of 0 and NaN are a NaN and those of an infinity no less than the greatest number
        v.emit(VectorOp.VBROADCASTSS, Vec.zmm(5), Vec.xmm(5));
        v.emit(VectorOp.VPADDD, Vec.zmm(6), Vec.zmm(5), BELOW);
        v.compare(CODED, Vec.zmm(6), GREATEST, LESS);
        v.compare(SCALED, Vec.zmm(5), INFINITY, NOT_EQUAL);
        v.movePart(Vec.zmm(5), Vec.zmm(5), CODED);
        v.movePart(Vec.zmm(4), Vec.zmm(4), SCALED);
        v.storePart(Gp.RCX.at(), Vec.zmm(4), LOWEST);
    }

    /** A row that only fills its tile. */
    private void absent(Assembler a) {
        a.mov(Gp.R9, word(CHUNK_STEP));
        a.mov(Gp.R10, word(GROUP_STEP));
        a.mov(Gp.RDX, Gp.R12);
        a.mov(Gp.RCX, Gp.R13);
        a.mov(Gp.R8, Gp.R15);
        a.mov(Gp.R11, word(GROUPS));
        Label group = a.label();
        a.bind(group);
        Label zeros = chunks(a);
        a.vector().store(Gp.RDX.at(), ZERO);
        a.add(Gp.RDX, Gp.R9);
        again(a, zeros);
        for (int i = 0; i < (result == Result.HALVES ? 2 : 1); i++) {
            a.vector().storePart(Gp.RCX.at(), ZERO, LOWEST);
            a.vector().storePart(Gp.R8.at(), ZERO, LOWEST);
            a.add(Gp.RCX, Gp.R10);
            a.add(Gp.R8, Gp.R10);
        }
        a.sub(Gp.R11, 1);
        a.jump(Condition.NOT_EQUAL, group);
    }

    /** On to the next row's operands and places; of rows that are not there, places alone. */
    private void nextRow(Assembler a) {
        advance(a, X, X_STRIDE);
        if (kind == Kind.ADD_RMS) {
            advance(a, RESIDUAL, X_STRIDE);
            advance(a, SUM, X_STRIDE);
        }
        a.add(Gp.R14, 1);
        if (result == Result.FLOATS) {
            advance(a, LINE, Y_STRIDE);
            return;
        }
        a.add(Gp.R12, QuantizedRows.CHUNK);
        a.add(Gp.R13, Float.BYTES);
        a.add(Gp.R15, Float.BYTES);
        Label within = a.label();
        a.mov(Gp.RAX, Gp.R14);
        a.and(Gp.RAX, QuantizedRows.TILE - 1);
        a.jump(Condition.NOT_EQUAL, within);
        a.mov(Gp.RAX, word(TILE_STEP));
        a.add(Gp.R12, Gp.RAX);
        a.mov(Gp.RAX, word(TILE_GROUP_STEP));
        a.add(Gp.R13, Gp.RAX);
        a.add(Gp.R15, Gp.RAX);
        a.bind(within);
    }

    private static void advance(Assembler a, int place, int step) {
        a.mov(Gp.RAX, word(step));
        a.mov(Gp.RCX, word(place));
        a.add(Gp.RCX, Gp.RAX);
        a.mov(word(place), Gp.RCX);
    }
}
