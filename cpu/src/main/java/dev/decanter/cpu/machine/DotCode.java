package dev.decanter.cpu.machine;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;
import dev.decanter.assembler.Mem;
import dev.decanter.assembler.Operand;
import dev.decanter.assembler.Vec;
import dev.decanter.assembler.VectorInstructions;
import dev.decanter.assembler.VectorOp;
import java.util.List;

/**
 * Writes products of panels of weights by a few rows with {@code vpdpbusd}. Sums of a group are exact in 32 bits and, being
 * below 2^24, in f32 too: zero points are subtracted there.
 */
final class DotCode {
    /** Fields of the argument block; those of streams are followed by the second stream's. */
    static final int CODES = 0;

    static final int SCALES = 16;
    static final int ZEROS = 32;
    static final int Y = 48;
    static final int BIAS = 64;
    static final int BIAS_STEP = 80;
    static final int X = 88;
    static final int X_SCALES = 96;
    static final int X_SUMS = 104;
    static final int PANELS = 112;
    static final int GROUPS = 120;
    static final int Y_STRIDE = 128;
    /** Nibbles' mask, int. */
    static final int MASK = 136;
    /** The zero point of all rows, f32. */
    static final int ZERO = 140;

    private static final int SUMS = 192;
    /** Bytes of the block: fields, and room for sums that no register holds. */
    static final int BLOCK = SUMS + 16 * 64;

    /** Bytes of weights asked for ahead: memory's latency at the rate of one core. */
    private static final int AHEAD = 2048;

    private static final int SCALES_AHEAD = 512;
    private static final int ZEROS_AHEAD = 256;

    private static final int WORD = 64;
    private static final int TILE_ROW = 64;
    private static final int TILE_BYTES = 1024;
    private static final int UNROLLED = 128;
    private static final int MOST_CHAINS = 8;
    private static final List<Gp> SAVED = List.of(Gp.RBX, Gp.RBP, Gp.R12, Gp.R13, Gp.R14, Gp.R15);
    private static final Gp[] CODE = {Gp.RSI, Gp.RDX};
    private static final Gp[] SCALE = {Gp.R8, Gp.R9};
    private static final Gp[] ZERO_POINT = {Gp.R10, Gp.R11};

    private final Assembler a = new Assembler();
    private final VectorInstructions v = a.vector();
    private final DotShape shape;
    private final boolean wide;
    private final int halves;
    private final int chains;
    private final boolean sumsInRegisters;
    private int registers;
    private final Vec[][][][] acc;
    private final Vec[][][] words;
    private final Vec mask;
    private final Vec input;
    private final Vec[] temporary = new Vec[4];
    private final Vec[][][] sums;

    private DotCode(DotShape shape) {
        this.shape = shape;
        wide = shape.vectorBytes() == WORD;
        halves = WORD / shape.vectorBytes();
        int outputs = shape.streams() * shape.rows() * halves;
        chains = 2 * outputs <= MOST_CHAINS && (wide || shape.streams() == 1) ? 2 : 1;
        acc = new Vec[shape.streams()][shape.rows()][halves][chains];
        words = new Vec[shape.streams()][halves][2];
        for (int s = 0; s < shape.streams(); s++) {
            for (int r = 0; r < shape.rows(); r++) {
                for (int h = 0; h < halves; h++) {
                    for (int c = 0; c < chains; c++) {
                        acc[s][r][h][c] = register();
                    }
                }
            }
            for (int h = 0; h < halves; h++) {
                words[s][h] = new Vec[] {register(), register()};
            }
        }
        mask = register();
        input = register();
        // words are dead when sums of a group are scaled; 16 registers leave no others
        Vec[] dead = {words[0][0][0], words[0][0][1], words[0][halves - 1][0], words[0][halves - 1][1]};
        for (int i = 0; i < temporary.length; i++) {
            temporary[i] = wide ? register() : dead[i];
        }
        sumsInRegisters = registers + outputs <= (wide ? 32 : 16);
        sums = new Vec[shape.streams()][shape.rows()][halves];
        if (sumsInRegisters) {
            for (Vec[][] rows : sums) {
                for (Vec[] row : rows) {
                    for (int h = 0; h < halves; h++) {
                        row[h] = register();
                    }
                }
            }
        }
    }

    private Vec register() {
        return new Vec(registers++, shape.vectorBytes());
    }

    /** The routine's code. */
    static byte[] of(DotShape shape) {
        return new DotCode(shape).write();
    }

    private byte[] write() {
        SAVED.forEach(a::push);
        for (int s = 0; s < shape.streams(); s++) {
            a.mov(CODE[s], Gp.RDI.at(CODES + 8 * s));
            a.mov(SCALE[s], Gp.RDI.at(SCALES + 8 * s));
            a.mov(ZERO_POINT[s], Gp.RDI.at(ZEROS + 8 * s));
        }
        a.mov(Gp.R14, Gp.RDI.at(PANELS));
        v.emit(VectorOp.VPBROADCASTD, mask, Gp.RDI.at(MASK));
        Label panel = a.label();
        a.bind(panel);
        a.mov(Gp.RBX, Gp.RDI.at(X));
        a.mov(Gp.RBP, Gp.RDI.at(X_SCALES));
        a.mov(Gp.R12, Gp.RDI.at(X_SUMS));
        a.mov(Gp.RCX, Gp.RDI.at(GROUPS));
        clearSums();
        Label group = a.label();
        a.bind(group);
        dotProducts();
        scaleSums();
        for (int s = 0; s < shape.streams() && !shape.perRow(); s++) {
            nextEntries(s);
        }
        a.add(Gp.RBP, shape.tiled() ? 64 : 4);
        a.add(Gp.R12, shape.tiled() ? 64 : 4);
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, group);
        for (int s = 0; s < shape.streams(); s++) {
            finish(s);
        }
        a.sub(Gp.R14, 1);
        a.jump(Condition.NOT_EQUAL, panel);
        v.zeroUpper();
        SAVED.reversed().forEach(a::pop);
        a.ret();
        return a.toByteArray();
    }

    private void nextEntries(int s) {
        a.prefetch(SCALE[s].at(SCALES_AHEAD));
        if (shape.zeroPoints()) {
            a.prefetch(ZERO_POINT[s].at(ZEROS_AHEAD));
        }
        a.add(SCALE[s], shape.halfScales() ? 32 : 64);
        a.add(ZERO_POINT[s], 16);
    }

    private Mem sumAt(int s, int r, int h) {
        return Gp.RDI.at(SUMS + ((s * shape.rows() + r) * halves + h) * shape.vectorBytes());
    }

    private void clear(Vec register) {
        v.emit(VectorOp.VPXOR, register, register, register);
    }

    private void clearSums() {
        if (!sumsInRegisters) {
            clear(input);
        }
        for (int s = 0; s < shape.streams(); s++) {
            for (int r = 0; r < shape.rows(); r++) {
                for (int h = 0; h < halves; h++) {
                    if (sumsInRegisters) {
                        clear(sums[s][r][h]);
                    } else {
                        v.store(sumAt(s, r, h), input);
                    }
                }
            }
        }
    }

    /** Sums of one group, without zero points. */
    private void dotProducts() {
        for (Vec[][][] rows : acc) {
            for (Vec[][] row : rows) {
                for (Vec[] half : row) {
                    for (Vec chain : half) {
                        clear(chain);
                    }
                }
            }
        }
        int unit = shape.group() % 64 == 0 ? 64 : 32;
        int unrolled = shape.group() % UNROLLED == 0 ? UNROLLED : unit;
        int loops = shape.group() / unrolled;
        Label loop = a.label();
        if (loops > 1) {
            a.mov(Gp.R13, loops);
            a.bind(loop);
        }
        int perWord = shape.bits() == 4 ? 8 : 4;
        for (int k = 0; k < unrolled; k += perWord) {
            if (shape.bits() == 4) {
                nibbles(k);
            } else {
                bytes(k);
            }
        }
        for (int s = 0; s < shape.streams(); s++) {
            a.add(CODE[s], unrolled / perWord * WORD);
        }
        if (!shape.tiled()) {
            a.add(Gp.RBX, unrolled);
        } else if (unit == 64) {
            a.add(Gp.RBX, unrolled / 64 * TILE_BYTES);
        } else {
            nextHalfTile();
        }
        if (loops > 1) {
            a.sub(Gp.R13, 1);
            a.jump(Condition.NOT_EQUAL, loop);
        }
    }

    /** On to the second 32 inputs of a tile, or to the first ones of the next tile. */
    private void nextHalfTile() {
        Label second = a.label();
        a.add(Gp.RBX, 32);
        a.mov(Gp.RAX, Gp.RBX);
        a.and(Gp.RAX, 32);
        a.jump(Condition.NOT_EQUAL, second);
        a.add(Gp.RBX, TILE_BYTES - 64);
        a.bind(second);
    }

    private Mem inputAt(int r, int k) {
        return shape.tiled() ? Gp.RBX.at(k / 64 * TILE_BYTES + r * TILE_ROW + k % 64) : Gp.RBX.at(k);
    }

    private void nibbles(int k) {
        for (int s = 0; s < shape.streams(); s++) {
            a.prefetch(CODE[s].at(k / 8 * WORD + AHEAD));
            for (int h = 0; h < halves; h++) {
                Vec low = words[s][h][0];
                Vec high = words[s][h][1];
                v.load(low, CODE[s].at(k / 8 * WORD + h * shape.vectorBytes()));
                v.shiftRight16(high, low, 4);
                v.emit(VectorOp.VPAND, low, low, mask);
                v.emit(VectorOp.VPAND, high, high, mask);
            }
        }
        for (int half = 0; half < 2; half++) {
            for (int r = 0; r < shape.rows(); r++) {
                addProducts(r, inputAt(r, k + 4 * half), half, half % chains);
            }
        }
    }

    private void bytes(int k) {
        for (int s = 0; s < shape.streams(); s++) {
            a.prefetch(CODE[s].at(k / 4 * WORD + AHEAD));
            for (int h = 0; h < halves; h++) {
                v.load(words[s][h][0], CODE[s].at(k / 4 * WORD + h * shape.vectorBytes()));
            }
        }
        for (int r = 0; r < shape.rows(); r++) {
            addProducts(r, inputAt(r, k), 0, k / 4 % chains);
        }
    }

    /** Adds a word's products by four inputs of a row. */
    private void addProducts(int r, Mem four, int word, int chain) {
        Operand inputs = four.all();
        if (!wide || shape.streams() > 1) {
            v.emit(VectorOp.VPBROADCASTD, input, four);
            inputs = input;
        }
        for (int s = 0; s < shape.streams(); s++) {
            for (int h = 0; h < halves; h++) {
                v.emit(VectorOp.VPDPBUSD, acc[s][r][h][chain], words[s][h][word], inputs);
            }
        }
    }

    /** y = fma(t, scale, y) for the group. */
    private void scaleSums() {
        for (int s = 0; s < shape.streams(); s++) {
            for (int h = 0; h < halves; h++) {
                loadZeroPoints(temporary[0], s, h);
                if (!shape.perRow()) {
                    loadScales(temporary[1], s, h);
                }
                for (int r = 0; r < shape.rows(); r++) {
                    scaleSum(s, r, h);
                }
            }
        }
    }

    private void scaleSum(int s, int r, int h) {
        Vec t = acc[s][r][h][0];
        Vec factor = temporary[2];
        for (int c = 1; c < chains; c++) {
            v.emit(VectorOp.VPADDD, t, t, acc[s][r][h][c]);
        }
        v.emit(VectorOp.VCVTDQ2PS, t, t);
        v.emit(VectorOp.VCVTDQ2PS, factor, forAll(factor, Gp.R12.at(4 * r)));
        v.emit(VectorOp.VFNMADD231PS, t, temporary[0], factor);
        Operand scale = forAll(factor, Gp.RBP.at(4 * r));
        if (!shape.perRow()) {
            v.emit(VectorOp.VMULPS, factor, temporary[1], scale);
            scale = factor;
        }
        if (sumsInRegisters) {
            v.emit(VectorOp.VFMADD231PS, sums[s][r][h], t, scale);
            return;
        }
        Vec y = temporary[3];
        v.load(y, sumAt(s, r, h));
        v.emit(VectorOp.VFMADD231PS, y, t, scale);
        v.store(sumAt(s, r, h), y);
    }

    /** One element for all lanes: in the operand itself where the encoding can, else in {@code register}. */
    private Operand forAll(Vec register, Mem element) {
        if (wide) {
            return element.all();
        }
        v.emit(VectorOp.VPBROADCASTD, register, element);
        return register;
    }

    private void loadZeroPoints(Vec target, int s, int h) {
        if (shape.zeroPoints()) {
            v.emit(VectorOp.VPMOVZXBD, target, ZERO_POINT[s].at(8 * h));
            v.emit(VectorOp.VCVTDQ2PS, target, target);
        } else {
            v.emit(VectorOp.VBROADCASTSS, target, Gp.RDI.at(ZERO));
        }
    }

    private void loadScales(Vec target, int s, int h) {
        if (shape.halfScales()) {
            v.emit(VectorOp.VCVTPH2PS, target, SCALE[s].at(16 * h));
        } else {
            v.load(target, SCALE[s].at(32 * h));
        }
    }

    /** The last steps of a panel: the row's scale, bias, and out. */
    private void finish(int s) {
        a.mov(Gp.RAX, Gp.RDI.at(BIAS + 8 * s));
        a.mov(Gp.R15, Gp.RDI.at(Y + 8 * s));
        for (int r = 0; r < shape.rows(); r++) {
            for (int h = 0; h < halves; h++) {
                Vec y = sumsInRegisters ? sums[s][r][h] : temporary[3];
                if (!sumsInRegisters) {
                    v.load(y, sumAt(s, r, h));
                }
                if (shape.perRow()) {
                    loadScales(temporary[1], s, h);
                    v.emit(VectorOp.VMULPS, y, y, temporary[1]);
                }
                v.emit(VectorOp.VADDPS, y, y, Gp.RAX.at(shape.vectorBytes() * h));
                v.store(Gp.R15.at(shape.vectorBytes() * h), y);
            }
            if (r + 1 < shape.rows()) {
                a.mov(Gp.R13, Gp.RDI.at(Y_STRIDE));
                a.add(Gp.R15, Gp.R13);
            }
        }
        a.mov(Gp.R13, Gp.RDI.at(BIAS_STEP));
        a.add(Gp.RAX, Gp.R13);
        a.mov(Gp.RDI.at(BIAS + 8 * s), Gp.RAX);
        a.mov(Gp.R15, Gp.RDI.at(Y + 8 * s));
        a.add(Gp.R15, WORD);
        a.mov(Gp.RDI.at(Y + 8 * s), Gp.R15);
        if (shape.perRow()) {
            nextEntries(s);
        }
    }
}
