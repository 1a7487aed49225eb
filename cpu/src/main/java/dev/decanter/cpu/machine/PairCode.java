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
 * Emits the pairing of a cache's rows for tiles of bf16, for AVX-512: word (i, j) of the result has number j of row 2i in its
 * low half and that of row 2i + 1 in its high one. Half a unit of bf16's last place is added, then bits are cut off.
 */
final class PairCode {
    /** Fields of the argument block, 8 bytes each: addresses of pages, and how many. */
    static final int TABLE = 0;

    static final int PAGES = 8;
    /** Bytes from a page to the head. */
    static final int HEAD = 16;
    /** Rows of each page, and of all pages together; those past the last give zeros. */
    static final int ROWS = 24;

    static final int ROWS_LEFT = 32;
    /** Pairs of each page. */
    static final int PAIRS = 40;
    /** Bytes of a row's result, a multiple of 64. */
    static final int WIDTH = 48;
    /** Bytes of a row of a page. */
    static final int ROW_BYTES = 56;

    static final int TARGET = 64;
    /** Bytes from a head to its scales, and from those to the lows. */
    static final int SCALES = 72;

    static final int LOWS = 80;
    /** Half a unit of bf16, and the bits of its upper half, 4 bytes each. */
    static final int HALF = 88;

    static final int UPPER = 92;
    static final int WORDS = 12;
    /** What {@link #HALF} and {@link #UPPER} are, in one word. */
    static final long ROUNDING = (0xffff0000L << Integer.SIZE) | 0x8000;

    private static final int LINE = 64;
    private static final int LANES = 16;
    private static final Gp[] SAVED = {Gp.RBX, Gp.RBP, Gp.R12, Gp.R13, Gp.R14, Gp.R15};
    private static final Vec HALF_V = Vec.zmm(16);
    private static final Vec UPPER_V = Vec.zmm(17);

    private final Assembler a = new Assembler();
    private final CachePrecision precision;
    private final boolean columns;

    private PairCode(CachePrecision precision, boolean columns) {
        this.precision = precision;
        this.columns = columns;
    }

    /**
     * The routine.
     *
     * @param columns whether rows are numbers of 64 positions (keys) and not positions (values): that decides what scales are for
     */
    static byte[] emit(CachePrecision precision, boolean columns) {
        PairCode code = new PairCode(precision, columns);
        code.all();
        return code.a.toByteArray();
    }

    private static Mem field(int offset) {
        return Gp.RDI.at(offset);
    }

    private void all() {
        Label page = a.label();
        Label pair = a.label();
        Label vector = a.label();
        Label fewer = a.label();
        Label one = a.label();
        Label none = a.label();
        for (Gp register : SAVED) {
            a.push(register);
        }
        a.vector().emit(VectorOp.VPBROADCASTD, HALF_V, field(HALF));
        a.vector().emit(VectorOp.VPBROADCASTD, UPPER_V, field(UPPER));
        a.mov(Gp.R9, field(TARGET));
        a.mov(Gp.R15, field(WIDTH));
        a.mov(Gp.R11, field(ROW_BYTES));
        a.bind(page);
        a.mov(Gp.RSI, field(TABLE));
        a.mov(Gp.RAX, Gp.RSI.at());
        a.add(Gp.RSI, Long.BYTES);
        a.mov(field(TABLE), Gp.RSI);
        a.mov(Gp.RSI, field(HEAD));
        a.add(Gp.RSI, Gp.RAX);
        a.mov(Gp.R12, field(SCALES));
        a.add(Gp.R12, Gp.RSI);
        // rows that there are: all of keys' numbers, but only the values of positions
        a.mov(Gp.RCX, field(ROWS));
        a.mov(Gp.RAX, field(ROWS_LEFT));
        a.cmp(Gp.RCX, Gp.RAX);
        a.jump(Condition.LESS_EQUAL, fewer);
        a.mov(Gp.RCX, Gp.RAX);
        a.bind(fewer);
        a.sub(Gp.RAX, Gp.RCX);
        a.mov(field(ROWS_LEFT), Gp.RAX);
        a.mov(Gp.RDX, field(PAIRS));
        a.clear(Gp.R8);
        a.bind(pair);
        a.mov(Gp.R10, Gp.RSI);
        a.clear(Gp.RAX);
        scalesOfPair();
        a.bind(vector);
        a.vector().emit(VectorOp.VPXOR, Vec.zmm(1), Vec.zmm(1), Vec.zmm(1));
        a.vector().move(Vec.zmm(0), Vec.zmm(1));
        a.cmp(Gp.RCX, 1);
        a.jump(Condition.LESS, none);
        load(Vec.zmm(0), Gp.R10.at(), 0);
        a.cmp(Gp.RCX, 1);
        a.jump(Condition.EQUAL, one);
        load(Vec.zmm(1), Gp.R10.at(Gp.R11, 1), 1);
        a.bind(one);
        a.vector().emit(VectorOp.VPADDD, Vec.zmm(0), Vec.zmm(0), HALF_V);
        a.vector().emit(VectorOp.VPADDD, Vec.zmm(1), Vec.zmm(1), HALF_V);
        a.vector().shiftRight32(Vec.zmm(0), Vec.zmm(0), Short.SIZE);
        a.vector().emit(VectorOp.VPAND, Vec.zmm(1), Vec.zmm(1), UPPER_V);
        a.vector().emit(VectorOp.VPOR, Vec.zmm(0), Vec.zmm(0), Vec.zmm(1));
        a.bind(none);
        a.vector().store(Gp.R9.at(), Vec.zmm(0));
        a.add(Gp.R9, LINE);
        a.add(Gp.R10, LANES * precision.bytes());
        a.add(Gp.RAX, LINE);
        a.cmp(Gp.RAX, Gp.R15);
        a.jump(Condition.LESS, vector);
        a.add(Gp.RSI, Gp.R11);
        a.add(Gp.RSI, Gp.R11);
        a.add(Gp.R8, 2);
        a.sub(Gp.RCX, 2);
        a.sub(Gp.RDX, 1);
        a.jump(Condition.NOT_EQUAL, pair);
        a.mov(Gp.RAX, field(PAGES));
        a.sub(Gp.RAX, 1);
        a.mov(field(PAGES), Gp.RAX);
        a.cmp(Gp.RAX, 0);
        a.jump(Condition.NOT_EQUAL, page);
        for (int i = SAVED.length - 1; i >= 0; i--) {
            a.pop(SAVED[i]);
        }
        a.vector().zeroUpper();
        a.ret();
    }

    /** r13 = scales of the pair's group or position, r14 = its lows; r8 counts rows. */
    private void scalesOfPair() {
        if (precision != CachePrecision.U8) {
            return;
        }
        a.mov(Gp.R13, Gp.R8);
        if (columns) {
            // a group's scales are as long as 64 f32
            a.and(Gp.R13, -PageLayout.GROUP);
        }
        a.shl(Gp.R13, 2);
        a.add(Gp.R13, Gp.R12);
        a.mov(Gp.R14, field(LOWS));
        a.add(Gp.R14, Gp.R13);
    }

    /** Numbers of one of the pair's rows; rax counts the bytes of its result. */
    private void load(Vec target, Mem place, int which) {
        switch (precision) {
            case F32 -> a.vector().load(target, place);
            case F16 -> a.vector().emit(VectorOp.VCVTPH2PS, target, place);
            case U8 -> {
                Vec code = Vec.zmm(2);
                a.vector().emit(VectorOp.VPMOVZXBD, code, place);
                a.vector().emit(VectorOp.VCVTDQ2PS, code, code);
                if (columns) {
                    a.vector().load(target, Gp.R14.at(Gp.RAX, 1));
                    a.vector().emit(VectorOp.VFMADD231PS, target, code, Gp.R13.at(Gp.RAX, 1));
                    return;
                }
                // 64 numbers are 256 bytes of the result, and a group's scales are as long
                a.mov(Gp.RBX, Gp.RAX);
                a.and(Gp.RBX, -Paged.ROWS * Float.BYTES);
                a.vector()
                        .emit(
                                VectorOp.VBROADCASTSS,
                                target,
                                Gp.R14.at(Gp.RBX, 1).plus(which * Float.BYTES));
                a.vector()
                        .emit(
                                VectorOp.VFMADD231PS,
                                target,
                                code,
                                Gp.R13.at(Gp.RBX, 1).plus(which * Float.BYTES).all());
            }
        }
    }
}
