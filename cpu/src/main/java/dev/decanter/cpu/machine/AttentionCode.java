package dev.decanter.cpu.machine;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;
import dev.decanter.assembler.Mem;
import dev.decanter.assembler.Vec;
import dev.decanter.assembler.VectorOp;
import dev.decanter.cpu.kernels.AttentionKernels;
import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.cpu.kernels.Paged;

/**
 * Emits the loops of {@link MachineAttention} for AVX-512. Sums stay in registers: {@code rows} times {@code vectors} of them,
 * at most 16. While a page is read the same part of the next one in the table is asked for, since the heads of a page are
 * too far apart for the processor to see it coming.
 *
 * @param rows 1, 2, 4 or 8
 * @param vectors registers of 16 lanes that a row's sums take
 */
record AttentionCode(CachePrecision precision, int rows, int vectors) {
    /** Fields of the argument block: addresses of pages, one more than are read. */
    static final int TABLE = 0;

    /** Pages of keys, or keys to sum the values of. */
    static final int COUNT = 8;

    /** Queries or weights. */
    static final int INPUT = 16;

    static final int OUTPUT = 24;
    static final int OUTPUT_STRIDE = 32;

    /** Numbers of a key. */
    static final int SIZE = 40;

    /** Bytes from a head to its scales (of the group that is worked on), and from there to the lows. */
    static final int SCALES = 48;

    static final int LOWS = 56;
    static final int INPUT_STRIDE = 64;

    /** Bytes from a head to the columns of values that are worked on, and from position to position. */
    static final int COLUMNS = 72;

    static final int ROW_BYTES = 80;

    private static final int LINE = 64;
    private static final int LANES = 16;
    /** Registers after the sums. */
    private static final int OPERAND = 16;

    private static final int FACTOR = 20;
    private static final int SCALE = 21;
    private static final int LOW = 25;
    private static final int CODE = 29;
    private static final Gp[] SAVED = {Gp.RBX, Gp.RBP, Gp.R12, Gp.R13};
    private static final Gp[] WEIGHTS = {Gp.R9, Gp.R11, Gp.RDX};

    private boolean coded() {
        return precision == CachePrecision.U8;
    }

    private int vectorBytes() {
        return LANES * precision.bytes();
    }

    private Vec sum(int row, int vector) {
        return Vec.zmm(row * vectors + vector);
    }

    /** Products of queries and keys. */
    byte[] scores() {
        Assembler a = new Assembler();
        begin(a);
        a.mov(Gp.RSI, Gp.RDI.at(TABLE));
        a.mov(Gp.RCX, Gp.RDI.at(COUNT));
        a.mov(Gp.RDX, Gp.RDI.at(OUTPUT));
        Label page = a.label();
        a.bind(page);
        a.mov(Gp.RAX, Gp.RSI.at());
        a.mov(Gp.R8, Gp.RSI.at(8));
        for (int from = 0; from < Paged.ROWS / LANES; from += vectors) {
            scores(a, from);
        }
        a.add(Gp.RSI, 8);
        a.add(Gp.RDX, Paged.ROWS * Float.BYTES);
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, page);
        end(a);
        return a.toByteArray();
    }

    /** The keys of {@code vectors} registers of a page. */
    private void scores(Assembler a, int from) {
        clear(a);
        a.mov(Gp.R9, Gp.RDI.at(INPUT));
        a.lea(Gp.R11, Gp.RAX.at(from * vectorBytes()));
        a.mov(Gp.RBX, Gp.RDI.at(SIZE));
        if (coded()) {
            a.mov(Gp.R12, Gp.RDI.at(SCALES));
            a.add(Gp.R12, Gp.RAX);
            a.mov(Gp.R13, Gp.RDI.at(LOWS));
            a.add(Gp.R13, Gp.R12);
        }
        Label group = a.label();
        a.bind(group);
        a.mov(Gp.R10, Gp.RBX);
        if (coded()) {
            Label last = a.label();
            a.cmp(Gp.R10, PageLayout.GROUP);
            a.jump(Condition.LESS, last);
            a.mov(Gp.R10, PageLayout.GROUP);
            a.bind(last);
            for (int v = 0; v < vectors; v++) {
                a.vector().load(Vec.zmm(SCALE + v), Gp.R12.at((from + v) * LINE));
                a.vector().load(Vec.zmm(LOW + v), Gp.R13.at((from + v) * LINE));
            }
        }
        Label number = a.label();
        a.bind(number);
        int bytes = Paged.ROWS * precision.bytes();
        for (int line = 0; from == 0 && line < bytes; line += LINE) {
            a.prefetch(Gp.R8.at(line));
        }
        for (int v = 0; v < vectors; v++) {
            load(a, v, Gp.R11.at(v * vectorBytes()), SCALE + v, LOW + v);
        }
        for (int r = 0; r < rows; r++) {
            add(a, r, Gp.R9.at(r * Float.BYTES));
        }
        a.add(Gp.R11, bytes);
        a.add(Gp.R8, bytes);
        a.add(Gp.R9, AttentionKernels.ROWS * Float.BYTES);
        a.sub(Gp.R10, 1);
        a.jump(Condition.NOT_EQUAL, number);
        if (coded()) {
            a.add(Gp.R12, Paged.ROWS * Float.BYTES);
            a.add(Gp.R13, Paged.ROWS * Float.BYTES);
            a.sub(Gp.RBX, PageLayout.GROUP);
            a.jump(Condition.GREATER, group);
        }
        a.mov(Gp.R9, Gp.RDX);
        store(a, from);
    }

    /** Sums of values by weights. */
    byte[] weigh() {
        Assembler a = new Assembler();
        begin(a);
        clear(a);
        a.mov(Gp.RSI, Gp.RDI.at(TABLE));
        a.mov(Gp.RCX, Gp.RDI.at(COUNT));
        a.mov(Gp.R10, Gp.RDI.at(INPUT_STRIDE));
        a.mov(Gp.RBP, Gp.RDI.at(ROW_BYTES));
        a.mov(WEIGHTS[0], Gp.RDI.at(INPUT));
        for (int i = 1; i < WEIGHTS.length; i++) {
            a.lea(WEIGHTS[i], WEIGHTS[i - 1].at(Gp.R10, 2));
            a.add(WEIGHTS[i], Gp.R10);
        }
        Label page = a.label();
        a.bind(page);
        a.mov(Gp.R12, Gp.RSI.at());
        a.mov(Gp.R8, Gp.RSI.at(8));
        a.mov(Gp.RAX, Gp.RDI.at(COLUMNS));
        a.add(Gp.R8, Gp.RAX);
        a.add(Gp.RAX, Gp.R12);
        if (coded()) {
            a.mov(Gp.R13, Gp.RDI.at(SCALES));
            a.add(Gp.R12, Gp.R13);
            a.mov(Gp.R13, Gp.RDI.at(LOWS));
            a.add(Gp.R13, Gp.R12);
        }
        Label whole = a.label();
        a.mov(Gp.RBX, Paged.ROWS);
        a.cmp(Gp.RCX, Paged.ROWS);
        a.jump(Condition.GREATER_EQUAL, whole);
        a.mov(Gp.RBX, Gp.RCX);
        a.bind(whole);
        key(a);
        a.add(Gp.RSI, 8);
        a.sub(Gp.RCX, Paged.ROWS);
        a.jump(Condition.GREATER, page);
        a.mov(Gp.R9, Gp.RDI.at(OUTPUT));
        store(a, 0);
        end(a);
        return a.toByteArray();
    }

    /** The loop over the keys of a page. */
    private void key(Assembler a) {
        Label key = a.label();
        a.bind(key);
        for (int line = 0; line < vectors * vectorBytes(); line += LINE) {
            a.prefetch(Gp.R8.at(line));
        }
        if (coded()) {
            a.vector().emit(VectorOp.VBROADCASTSS, Vec.zmm(SCALE), Gp.R12.at());
            a.vector().emit(VectorOp.VBROADCASTSS, Vec.zmm(LOW), Gp.R13.at());
            a.add(Gp.R12, Float.BYTES);
            a.add(Gp.R13, Float.BYTES);
        }
        for (int v = 0; v < vectors; v++) {
            load(a, v, Gp.RAX.at(v * vectorBytes()), SCALE, LOW);
        }
        for (int r = 0; r < rows; r++) {
            Gp base = WEIGHTS[r / 3];
            add(a, r, r % 3 == 0 ? base.at() : base.at(Gp.R10, r % 3));
        }
        for (Gp weights : WEIGHTS) {
            a.add(weights, Float.BYTES);
        }
        a.add(Gp.RAX, Gp.RBP);
        a.add(Gp.R8, Gp.RBP);
        a.sub(Gp.RBX, 1);
        a.jump(Condition.NOT_EQUAL, key);
    }

    private void clear(Assembler a) {
        for (int i = 0; i < rows * vectors; i++) {
            a.vector().emit(VectorOp.VPXOR, Vec.zmm(i), Vec.zmm(i), Vec.zmm(i));
        }
    }

    private void load(Assembler a, int v, Mem place, int scale, int low) {
        Vec target = Vec.zmm(OPERAND + v);
        switch (precision) {
            case F32 -> a.vector().load(target, place);
            case F16 -> a.vector().emit(VectorOp.VCVTPH2PS, target, place);
            case U8 -> {
                Vec code = Vec.zmm(CODE + v % 2);
                a.vector().emit(VectorOp.VPMOVZXBD, code, place);
                a.vector().emit(VectorOp.VCVTDQ2PS, code, code);
                a.vector().move(target, Vec.zmm(low));
                a.vector().emit(VectorOp.VFMADD231PS, target, code, Vec.zmm(scale));
            }
        }
    }

    private void add(Assembler a, int row, Mem factor) {
        a.vector().emit(VectorOp.VBROADCASTSS, Vec.zmm(FACTOR), factor);
        for (int v = 0; v < vectors; v++) {
            a.vector().emit(VectorOp.VFMADD231PS, sum(row, v), Vec.zmm(FACTOR), Vec.zmm(OPERAND + v));
        }
    }

    /** Stores the sums, row after row from r9 on. */
    private void store(Assembler a, int from) {
        a.mov(Gp.R10, Gp.RDI.at(OUTPUT_STRIDE));
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) {
                a.vector().store(Gp.R9.at((from + v) * LINE), sum(r, v));
            }
            a.add(Gp.R9, Gp.R10);
        }
    }

    private static void begin(Assembler a) {
        for (Gp register : SAVED) {
            a.push(register);
        }
    }

    private static void end(Assembler a) {
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.vector().zeroUpper();
        a.ret();
    }
}
