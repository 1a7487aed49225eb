package dev.decanter.cpu.machine;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;
import dev.decanter.assembler.Mem;
import dev.decanter.assembler.TileInstructions;
import dev.decanter.assembler.Vec;
import dev.decanter.assembler.VectorInstructions;
import dev.decanter.assembler.VectorOp;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes products of a slice of one or two panels, unpacked by {@link UnpackCode}, by tiles of rows with {@code tdpbssd}. A
 * step multiplies one group and scales the sums of the group before it, instruction by instruction in turn: tiles and
 * vectors are different units of a core.
 */
final class TileCode {
    /** Fields of the argument block: the first tile of activations, and bytes from a tile of rows to the next. */
    static final int A = 0;

    static final int A_TILE = 8;
    /** Bytes from the end of a tile's slice to the next block of rows. */
    static final int A_NEXT = 16;
    /** Unpacked weights; room for sums; scales of the slice. */
    static final int WEIGHTS = 24;

    static final int SUMS = 32;
    static final int SCALES = 40;
    static final int X_SCALES = 48;
    static final int X_SUMS = 56;
    /** Bytes of a tile's scales, and from the end of a slice's to those of the next block of rows. */
    static final int X_TILE = 64;

    static final int X_NEXT = 72;
    static final int Y = 80;
    /** Groups of the slice; groups times blocks of rows. */
    static final int GROUPS = 88;

    static final int STEPS = 96;
    static final int CONFIGURATION = 104;
    /** Where the weights of two panels lie that are unpacked next. */
    static final int NEXT = 112;

    /** Inputs of the longest slice, whose weights stay in the first-level cache. */
    static final int SLICE = 512;
    /** Bytes from a panel's unpacked weights to the next panel's. */
    static final int PANEL_BYTES = SLICE * 16;
    /** Bytes of a group's scales of two panels. */
    static final int SCALE_BYTES = 128;
    /** Bytes from scales to zero points. */
    static final int ZEROS = SLICE / 32 * SCALE_BYTES;
    /** Bytes of a row of sums y of two panels. */
    static final int Y_ROW = 128;

    private static final int TILE_BYTES = 1024;
    private static final int TILE_ROWS = 16;
    private static final int VECTOR = 64;
    private static final int HALF = 32;
    /** Tiles for operands, behind those of sums. */
    private static final int ROWS_TILE = 4;

    private static final int WEIGHTS_TILE = 6;
    private static final List<Gp> SAVED = List.of(Gp.RBX, Gp.RBP, Gp.R12, Gp.R13, Gp.R14, Gp.R15);
    private static final Gp STRIDE = Gp.RAX;
    private static final Gp[] ROWS = {Gp.RSI, Gp.RDX};
    private static final Gp CODES = Gp.RCX;
    private static final Gp SUMS_NOW = Gp.R8;
    private static final Gp SUMS_BEFORE = Gp.R9;
    private static final Gp SCALE = Gp.R10;
    private static final Gp X_SCALE = Gp.R11;
    private static final Gp X_SECOND = Gp.RBX;
    private static final Gp X_SUM = Gp.RBP;
    private static final Gp RESULT = Gp.R12;
    private static final Gp TILE_GROUPS = Gp.R13;
    private static final Gp SCALE_GROUPS = Gp.R14;
    private static final Gp REST = Gp.R15;

    private final Assembler a = new Assembler();
    private final VectorInstructions v = a.vector();
    private final TileInstructions t = a.tiles();
    private final TileShape shape;

    private TileCode(TileShape shape) {
        this.shape = shape;
    }

    /** The routine's code. */
    static byte[] of(TileShape shape) {
        return new TileCode(shape).write();
    }

    private byte[] write() {
        SAVED.forEach(a::push);
        a.mov(STRIDE, Gp.RDI.at(CONFIGURATION));
        t.configure(STRIDE.at());
        a.mov(ROWS[0], Gp.RDI.at(A));
        a.mov(ROWS[1], Gp.RDI.at(A_TILE));
        a.add(ROWS[1], ROWS[0]);
        a.mov(CODES, Gp.RDI.at(WEIGHTS));
        a.mov(SUMS_NOW, Gp.RDI.at(SUMS));
        a.lea(SUMS_BEFORE, SUMS_NOW.at(4 * TILE_BYTES));
        a.mov(SCALE, Gp.RDI.at(SCALES));
        a.mov(X_SCALE, Gp.RDI.at(X_SCALES));
        a.mov(X_SUM, Gp.RDI.at(X_SUMS));
        a.mov(X_SECOND, Gp.RDI.at(X_TILE));
        a.mov(RESULT, Gp.RDI.at(Y));
        a.mov(TILE_GROUPS, Gp.RDI.at(GROUPS));
        a.mov(SCALE_GROUPS, TILE_GROUPS);
        a.mov(REST, Gp.RDI.at(STEPS));
        a.mov(STRIDE, VECTOR);
        Label step = a.label();
        Label last = a.label();
        products().forEach(Runnable::run);
        nextProducts();
        a.sub(REST, 1);
        a.jump(Condition.EQUAL, last);
        a.bind(step);
        inTurn(products(), scaling());
        nextProducts();
        nextScaling();
        a.sub(REST, 1);
        a.jump(Condition.NOT_EQUAL, step);
        a.bind(last);
        scaling().forEach(Runnable::run);
        t.release();
        v.zeroUpper();
        SAVED.reversed().forEach(a::pop);
        a.ret();
        return a.toByteArray();
    }

    private static void inTurn(List<Runnable> one, List<Runnable> other) {
        int done = 0;
        for (int i = 0; i < other.size(); i++) {
            while (done < one.size() && done * other.size() <= i * one.size()) {
                one.get(done++).run();
            }
            other.get(i).run();
        }
        one.subList(done, one.size()).forEach(Runnable::run);
    }

    /** Sums of a group, to {@link #SUMS_NOW}. */
    private List<Runnable> products() {
        List<Runnable> ops = new ArrayList<>();
        int sums = shape.panels() * shape.tiles();
        for (int i = 0; i < sums; i++) {
            int tile = i;
            ops.add(() -> t.zero(tile));
        }
        for (int k = 0; k < shape.group(); k += 64) {
            int at = k / 64 * TILE_BYTES;
            for (int p = 0; p < shape.panels(); p++) {
                Mem weights = CODES.at(STRIDE, 1).plus(at + p * PANEL_BYTES);
                int tile = WEIGHTS_TILE + p;
                ops.add(() -> t.load(tile, weights));
                if (p == 0) {
                    for (int r = 0; r < shape.tiles(); r++) {
                        Mem rows = ROWS[r].at(STRIDE, 1).plus(at);
                        int to = ROWS_TILE + r;
                        ops.add(() -> t.load(to, rows));
                    }
                }
            }
            for (int i = 0; i < sums; i++) {
                int sum = i;
                ops.add(() ->
                        t.dotSignedSigned(sum, ROWS_TILE + sum / shape.panels(), WEIGHTS_TILE + sum % shape.panels()));
            }
        }
        for (int i = 0; i < sums; i++) {
            int tile = i;
            ops.add(() -> t.store(SUMS_NOW.at(STRIDE, 1).plus(tile * TILE_BYTES), tile));
        }
        return ops;
    }

    private void nextProducts() {
        a.mov(STRIDE, SUMS_NOW);
        a.mov(SUMS_NOW, SUMS_BEFORE);
        a.mov(SUMS_BEFORE, STRIDE);
        if (shape.group() == HALF) {
            // the second half of a tile, or the first one of the next tile
            Label second = a.label();
            addToRows(HALF);
            a.mov(STRIDE, ROWS[0]);
            a.and(STRIDE, HALF);
            a.jump(Condition.NOT_EQUAL, second);
            addToRows(TILE_BYTES - 2 * HALF);
            a.bind(second);
        } else {
            addToRows(shape.group() * TILE_ROWS);
        }
        a.add(CODES, shape.group() * TILE_ROWS);
        Label same = a.label();
        a.sub(TILE_GROUPS, 1);
        a.jump(Condition.NOT_EQUAL, same);
        a.mov(STRIDE, Gp.RDI.at(A_NEXT));
        a.add(ROWS[0], STRIDE);
        a.add(ROWS[1], STRIDE);
        a.mov(CODES, Gp.RDI.at(WEIGHTS));
        a.mov(TILE_GROUPS, Gp.RDI.at(GROUPS));
        a.bind(same);
        for (int p = 0; p < shape.panels() && shape.ahead() > 0; p++) {
            a.mov(STRIDE, Gp.RDI.at(NEXT + 8 * p));
            for (int line = 0; line < shape.ahead(); line++) {
                a.prefetchSecond(STRIDE.at(VECTOR * line));
            }
            a.add(STRIDE, VECTOR * shape.ahead());
            a.mov(Gp.RDI.at(NEXT + 8 * p), STRIDE);
        }
        a.mov(STRIDE, VECTOR);
    }

    private void addToRows(int bytes) {
        a.add(ROWS[0], bytes);
        a.add(ROWS[1], bytes);
    }

    /** y = fma(t, scale, y) for the sums of the group before. */
    private List<Runnable> scaling() {
        List<Runnable> ops = new ArrayList<>();
        for (int p = 0; p < shape.panels(); p++) {
            int at = p * VECTOR;
            int to = 28 + p;
            if (!shape.perRow()) {
                ops.add(() -> v.load(Vec.zmm(to), SCALE.at(at)));
            }
            if (shape.zeros()) {
                ops.add(() -> v.load(Vec.zmm(to + 2), SCALE.at(ZEROS + at)));
            }
        }
        for (int m = 0; m < shape.tiles() * TILE_ROWS; m++) {
            int row = m;
            ops.add(() -> scale(row));
        }
        return ops;
    }

    private void scale(int row) {
        int first = row % 4 * 6;
        Vec xScale = Vec.zmm(first);
        Vec xSum = Vec.zmm(first + 1);
        int at = row % TILE_ROWS * 4;
        v.emit(VectorOp.VBROADCASTSS, xScale, ofTile(X_SCALE, row, at));
        if (shape.zeros()) {
            v.emit(VectorOp.VCVTDQ2PS, xSum, ofTile(X_SUM, row, at).all());
        }
        for (int p = 0; p < shape.panels(); p++) {
            Vec sum = Vec.zmm(first + 2 + p);
            Vec factor = shape.perRow() ? xScale : Vec.zmm(first + 4 + p);
            int tile = row / TILE_ROWS * shape.panels() + p;
            v.emit(VectorOp.VCVTDQ2PS, sum, SUMS_BEFORE.at(tile * TILE_BYTES + row % TILE_ROWS * VECTOR));
            if (shape.zeros()) {
                v.emit(VectorOp.VFNMADD231PS, sum, Vec.zmm(30 + p), xSum);
            }
            if (!shape.perRow()) {
                v.emit(VectorOp.VMULPS, factor, Vec.zmm(28 + p), xScale);
            }
            Mem y = RESULT.at(row * Y_ROW + p * VECTOR);
            v.emit(VectorOp.VFMADD213PS, sum, factor, y);
            v.store(y, sum);
        }
    }

    private static Mem ofTile(Gp base, int row, int at) {
        return row < TILE_ROWS ? base.at(at) : base.at(X_SECOND, 1).plus(at);
    }

    private void nextScaling() {
        a.add(SCALE, SCALE_BYTES);
        a.add(X_SCALE, VECTOR);
        a.add(X_SUM, VECTOR);
        Label same = a.label();
        a.sub(SCALE_GROUPS, 1);
        a.jump(Condition.NOT_EQUAL, same);
        a.mov(SCALE, Gp.RDI.at(SCALES));
        a.mov(STRIDE, Gp.RDI.at(X_NEXT));
        a.add(X_SCALE, STRIDE);
        a.add(X_SUM, STRIDE);
        a.mov(STRIDE, VECTOR);
        a.add(RESULT, shape.tiles() * TILE_ROWS * Y_ROW);
        a.mov(SCALE_GROUPS, Gp.RDI.at(GROUPS));
        a.bind(same);
    }
}
