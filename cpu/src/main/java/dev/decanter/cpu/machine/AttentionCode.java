package dev.decanter.cpu.machine;

import static dev.decanter.cpu.machine.AttentionFields.*;

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
 * Emits attention of some heads over a range of pages for AVX-512: for each tile of rows the scores of all keys of the range,
 * their softmax, and the weighted sums of values. Sums stay in registers: {@code rows} times some vectors of them, at most 16.
 * While a page is read the next one is asked for, since the heads of a page are too far apart for the processor to see it
 * coming: after the keys' last page the first one of values, after those the next head's keys. It is asked for in both its
 * halves at a time, of which the processor then follows each.
 *
 * <p>A row's numbers do not depend on the tile that it is in, so a last tile may begin early and do some rows again.
 *
 * @param rows 1 to 8
 */
record AttentionCode(CachePrecision keys, CachePrecision values, int rows) {
    private static final int LINE = 64;
    private static final int LANES = 16;
    private static final int SUMS = 16;
    /** Registers after the sums. */
    private static final int OPERAND = 16;

    private static final int FACTOR = 20;
    private static final int SCALES_V = 21;
    private static final int LOWS_V = 25;
    private static final int CODE = 29;
    private static final Gp[] ROW_TRIPLES = {Gp.R9, Gp.R11, Gp.RDX};

    /** Attention over a range; where there is but one, its results. */
    byte[] attend() {
        Assembler a = new Assembler();
        return AttentionWalk.emit(a, rows, () -> tile(a));
    }

    /** The results of all ranges. */
    static byte[] merge() {
        Assembler a = new Assembler();
        return AttentionWalk.emit(a, 1, () -> new SoftmaxCode(a).merge(1));
    }

    private static Mem field(int offset) {
        return Gp.RDI.at(offset);
    }

    private void tile(Assembler a) {
        clip(a);
        scores(a);
        SoftmaxCode softmax = new SoftmaxCode(a);
        softmax.weights(rows);
        for (int vectors = 4; vectors > 0; vectors /= 2) {
            if (rows * vectors <= SUMS) {
                weigh(a, vectors);
            }
        }
        Label several = a.label();
        a.mov(Gp.RAX, field(RANGES));
        a.cmp(Gp.RAX, 1);
        a.jump(Condition.NOT_EQUAL, several);
        softmax.merge(rows);
        a.bind(several);
    }

    /** How far the tile's rows see, so that a causal prompt costs half. */
    private void clip(Assembler a) {
        a.mov(Gp.RAX, field(LIMITS.tile()));
        a.mov(Gp.RDX, field(LIMITS.innerStep()));
        a.clear(Gp.RCX);
        for (int r = 0; r < rows; r++) {
            a.mov(Gp.R8, Gp.RAX.at(Long.BYTES));
            atLeast(a, Gp.RCX, Gp.R8);
            a.add(Gp.RAX, Gp.RDX);
        }
        a.mov(Gp.RDX, field(BEGIN));
        a.sub(Gp.RCX, Gp.RDX);
        a.mov(Gp.RDX, Float.BYTES);
        atLeast(a, Gp.RCX, Gp.RDX);
        a.shr(Gp.RCX, 2);
        a.mov(Gp.RDX, field(COUNT));
        Label fewer = a.label();
        a.cmp(Gp.RCX, Gp.RDX);
        a.jump(Condition.LESS, fewer);
        a.mov(Gp.RCX, Gp.RDX);
        a.bind(fewer);
        a.mov(field(TILE_COUNT), Gp.RCX);
        a.add(Gp.RCX, Paged.ROWS - 1);
        a.shr(Gp.RCX, 6);
        a.mov(field(TILE_PAGES), Gp.RCX);
    }

    private static void atLeast(Assembler a, Gp target, Gp other) {
        Label greater = a.label();
        a.cmp(target, other);
        a.jump(Condition.GREATER_EQUAL, greater);
        a.mov(target, other);
        a.bind(greater);
    }

    private Vec sum(int row, int vector, int vectors) {
        return Vec.zmm(row * vectors + vector);
    }

    private void clear(Assembler a, int vectors) {
        for (int i = 0; i < rows * vectors; i++) {
            a.vector().emit(VectorOp.VPXOR, Vec.zmm(i), Vec.zmm(i), Vec.zmm(i));
        }
    }

    /** Rows {@code step} bytes apart by three registers and an index, r10. */
    private void rowsAt(Assembler a, int first, int step) {
        a.mov(Gp.R10, field(step));
        a.mov(ROW_TRIPLES[0], field(first));
        for (int i = 1; 3 * i < rows; i++) {
            a.lea(ROW_TRIPLES[i], ROW_TRIPLES[i - 1].at(Gp.R10, 2));
            a.add(ROW_TRIPLES[i], Gp.R10);
        }
    }

    private void nextNumber(Assembler a) {
        for (int i = 0; 3 * i < rows; i++) {
            a.add(ROW_TRIPLES[i], Float.BYTES);
        }
    }

    /** sums of each row += the row's number · operands. */
    private void add(Assembler a, int vectors) {
        for (int r = 0; r < rows; r++) {
            Gp base = ROW_TRIPLES[r / 3];
            Mem factor = r % 3 == 0 ? base.at() : base.at(Gp.R10, r % 3);
            if (vectors == 1) {
                a.vector().emit(VectorOp.VFMADD231PS, sum(r, 0, 1), Vec.zmm(OPERAND), factor.all());
                continue;
            }
            a.vector().emit(VectorOp.VBROADCASTSS, Vec.zmm(FACTOR), factor);
            for (int v = 0; v < vectors; v++) {
                a.vector().emit(VectorOp.VFMADD231PS, sum(r, v, vectors), Vec.zmm(FACTOR), Vec.zmm(OPERAND + v));
            }
        }
    }

    /** Products of queries and keys, times the scale. */
    private void scores(Assembler a) {
        Label page = a.label();
        Label last = a.label();
        Label ready = a.label();
        a.mov(Gp.RSI, field(KEY_TABLE));
        a.mov(Gp.RCX, field(TILE_PAGES));
        a.mov(Gp.R14, field(SCORES));
        a.bind(page);
        a.mov(Gp.R8, field(KEY_HEAD));
        a.mov(Gp.RAX, Gp.RSI.at());
        a.add(Gp.RAX, Gp.R8);
        a.cmp(Gp.RCX, 1);
        a.jump(Condition.EQUAL, last);
        a.mov(Gp.RDX, Gp.RSI.at(Long.BYTES));
        a.add(Gp.R8, Gp.RDX);
        a.jump(ready);
        a.bind(last);
        a.mov(Gp.RDX, field(VALUE_TABLE));
        a.mov(Gp.RDX, Gp.RDX.at());
        a.mov(Gp.R8, field(VALUE_HEAD));
        a.add(Gp.R8, Gp.RDX);
        a.bind(ready);
        int vectors = Math.min(4, Integer.highestOneBit(SUMS / rows));
        for (int from = 0; from < Paged.ROWS / LANES; from += vectors) {
            scores(a, from, vectors);
        }
        a.add(Gp.RSI, Long.BYTES);
        a.add(Gp.R14, Paged.ROWS * Float.BYTES);
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, page);
    }

    /** The keys of {@code vectors} registers of the page at rax. */
    private void scores(Assembler a, int from, int vectors) {
        boolean coded = keys == CachePrecision.U8;
        clear(a, vectors);
        rowsAt(a, QUERIES.tile(), QUERIES.innerStep());
        a.lea(Gp.R15, Gp.RAX.at(from * LANES * keys.bytes()));
        a.mov(Gp.RBX, field(SIZE));
        if (coded) {
            scaling(a, KEY_SCALES, KEY_LOWS);
        } else {
            a.mov(Gp.R12, Gp.RBX);
            a.shl(Gp.R12, Integer.numberOfTrailingZeros(Paged.ROWS / 2 * keys.bytes()));
        }
        Label group = a.label();
        Label number = a.label();
        a.bind(group);
        a.mov(Gp.RBP, Gp.RBX);
        if (coded) {
            Label last = a.label();
            a.cmp(Gp.RBP, PageLayout.GROUP);
            a.jump(Condition.LESS, last);
            a.mov(Gp.RBP, PageLayout.GROUP);
            a.bind(last);
            for (int v = 0; v < vectors; v++) {
                a.vector().load(Vec.zmm(SCALES_V + v), Gp.R12.at((from + v) * LINE));
                a.vector().load(Vec.zmm(LOWS_V + v), Gp.R13.at((from + v) * LINE));
            }
        }
        a.bind(number);
        int bytes = Paged.ROWS * keys.bytes();
        if (from == 0) {
            ask(a, bytes / LINE);
        }
        for (int v = 0; v < vectors; v++) {
            load(a, keys, v, Gp.R15.at(v * LANES * keys.bytes()), SCALES_V + v, LOWS_V + v);
        }
        add(a, vectors);
        a.add(Gp.R15, bytes);
        a.add(Gp.R8, Math.max(LINE, bytes / 2));
        nextNumber(a);
        a.sub(Gp.RBP, 1);
        a.jump(Condition.NOT_EQUAL, number);
        if (coded) {
            a.add(Gp.R12, Paged.ROWS * Float.BYTES);
            a.add(Gp.R13, Paged.ROWS * Float.BYTES);
            a.sub(Gp.RBX, PageLayout.GROUP);
            a.jump(Condition.GREATER, group);
        }
        a.vector().emit(VectorOp.VBROADCASTSS, Vec.zmm(FACTOR), field(SCALE));
        a.mov(Gp.R15, Gp.R14);
        a.mov(Gp.RBP, field(SCORE_BYTES));
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) {
                Vec sum = sum(r, v, vectors);
                a.vector().emit(VectorOp.VMULPS, sum, sum, Vec.zmm(FACTOR));
                a.vector().store(Gp.R15.at((from + v) * LINE), sum);
            }
            a.add(Gp.R15, Gp.RBP);
        }
    }

    /** Scales at r12 and lows at r13 of the head at rax. */
    private static void scaling(Assembler a, int scales, int lows) {
        a.mov(Gp.R12, field(scales));
        a.add(Gp.R12, Gp.RAX);
        a.mov(Gp.R13, field(lows));
        a.add(Gp.R13, Gp.R12);
    }

    /** Sums of values by weights, {@code vectors} registers of columns at a time while there are so many left. */
    private void weigh(Assembler a, int vectors) {
        Label again = a.label();
        Label done = a.label();
        Label page = a.label();
        Label last = a.label();
        Label ready = a.label();
        a.bind(again);
        a.mov(Gp.RAX, field(WIDTH));
        a.mov(Gp.RCX, field(COLUMN));
        a.sub(Gp.RAX, Gp.RCX);
        a.cmp(Gp.RAX, vectors * LINE);
        a.jump(Condition.LESS, done);
        clear(a, vectors);
        rowsAt(a, SCORES, SCORE_BYTES);
        a.mov(Gp.RSI, field(VALUE_TABLE));
        a.mov(Gp.R14, field(COLUMN));
        a.shr(Gp.R14, Integer.numberOfTrailingZeros(Float.BYTES / values.bytes()));
        a.mov(Gp.RBP, field(VALUE_ROW));
        a.mov(Gp.RCX, field(TILE_COUNT));
        a.bind(page);
        a.mov(Gp.R8, field(VALUE_HEAD));
        a.mov(Gp.RAX, Gp.RSI.at());
        a.add(Gp.RAX, Gp.R8);
        a.cmp(Gp.RCX, Paged.ROWS);
        a.jump(Condition.LESS_EQUAL, last);
        a.mov(Gp.RBX, Gp.RSI.at(Long.BYTES));
        a.add(Gp.R8, Gp.RBX);
        a.mov(Gp.RBX, Paged.ROWS);
        a.jump(ready);
        a.bind(last);
        a.mov(Gp.R8, field(KEY_TABLE));
        a.mov(Gp.R8, Gp.R8.at());
        a.mov(Gp.RBX, field(KEY_HEAD));
        a.add(Gp.R8, Gp.RBX);
        a.mov(Gp.RBX, field(KEY_HEAD_BYTES));
        a.add(Gp.R8, Gp.RBX);
        a.mov(Gp.RBX, Gp.RCX);
        a.bind(ready);
        if (values == CachePrecision.U8) {
            // 64 columns are 256 bytes of results, and a group's scales are as long
            a.mov(Gp.R15, field(COLUMN));
            a.and(Gp.R15, -PageLayout.GROUP * Float.BYTES);
            scaling(a, VALUE_SCALES, VALUE_LOWS);
            a.add(Gp.R12, Gp.R15);
            a.add(Gp.R13, Gp.R15);
            a.mov(Gp.R15, Gp.RBP);
        } else {
            streams(a, vectors * LANES * values.bytes() / 2, vectors);
        }
        a.add(Gp.RAX, Gp.R14);
        a.add(Gp.R8, Gp.R14);
        key(a, vectors);
        a.add(Gp.RSI, Long.BYTES);
        a.sub(Gp.RCX, Paged.ROWS);
        a.jump(Condition.GREATER, page);
        a.mov(Gp.RAX, field(PARTS.tile()));
        a.mov(Gp.RCX, field(COLUMN));
        a.add(Gp.RAX, Gp.RCX);
        a.add(Gp.RCX, vectors * LINE);
        a.mov(field(COLUMN), Gp.RCX);
        a.mov(Gp.RBP, field(PARTS.innerStep()));
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) {
                a.vector().store(Gp.RAX.at(v * LINE), sum(r, v, vectors));
            }
            a.add(Gp.RAX, Gp.RBP);
        }
        a.jump(again);
        a.bind(done);
    }

    /** r15 = bytes from what is asked for with one key to the next, r12 = those to the second half of it. */
    private static void streams(Assembler a, int half, int vectors) {
        Label parts = a.label();
        Label ready = a.label();
        a.mov(Gp.R12, field(WIDTH));
        a.cmp(Gp.R12, vectors * LINE);
        a.jump(Condition.NOT_EQUAL, parts);
        a.mov(Gp.R15, Math.max(LINE, half));
        a.mov(Gp.R12, Gp.RBP);
        a.shl(Gp.R12, Integer.numberOfTrailingZeros(Paged.ROWS / 2));
        a.jump(ready);
        a.bind(parts);
        a.mov(Gp.R15, Gp.RBP);
        a.mov(Gp.R12, half);
        a.bind(ready);
    }

    /** Asks for lines at r8, the second half of them r12 further on. */
    private static void ask(Assembler a, int lines) {
        for (int line = 0; line < Math.max(1, lines / 2); line++) {
            a.prefetch(Gp.R8.at(line * LINE));
        }
        for (int line = 0; line < lines / 2; line++) {
            a.prefetch(Gp.R8.at(Gp.R12, 1).plus(line * LINE));
        }
    }

    /** The loop over rbx keys of a page. */
    private void key(Assembler a, int vectors) {
        Label key = a.label();
        a.bind(key);
        ask(a, vectors * LANES * values.bytes() / LINE);
        if (values == CachePrecision.U8) {
            a.vector().emit(VectorOp.VBROADCASTSS, Vec.zmm(SCALES_V), Gp.R12.at());
            a.vector().emit(VectorOp.VBROADCASTSS, Vec.zmm(LOWS_V), Gp.R13.at());
            a.add(Gp.R12, Float.BYTES);
            a.add(Gp.R13, Float.BYTES);
        }
        for (int v = 0; v < vectors; v++) {
            load(a, values, v, Gp.RAX.at(v * LANES * values.bytes()), SCALES_V, LOWS_V);
        }
        add(a, vectors);
        nextNumber(a);
        a.add(Gp.RAX, Gp.RBP);
        a.add(Gp.R8, Gp.R15);
        a.sub(Gp.RBX, 1);
        a.jump(Condition.NOT_EQUAL, key);
    }

    private static void load(Assembler a, CachePrecision precision, int v, Mem place, int scale, int low) {
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
}
