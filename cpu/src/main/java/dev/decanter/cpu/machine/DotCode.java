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
    /** Fields of the argument block. Where the first stream's panel begins, and bytes from stream to stream. */
    static final int PANEL = 0;

    static final int DISTANCE = 8;
    /** Bytes from a panel's beginning to its zero points, and to its codes. */
    static final int ZEROS = 16;

    static final int CODES = 24;
    /** Of each stream. */
    static final int Y = 32;

    static final int BIAS = 64;
    static final int BIAS_STEP = 96;
    static final int X = 104;
    static final int X_SCALES = 112;
    static final int X_SUMS = 120;
    static final int PANELS = 128;
    static final int GROUPS = 136;
    static final int Y_STRIDE = 144;
    /** Nibbles' mask, int. */
    static final int MASK = 152;
    /** The zero point of all rows, f32. */
    static final int ZERO = 156;

    private static final int SUMS = 192;
    /** Bytes of the block: fields, and room for sums that no register holds. */
    static final int BLOCK = SUMS + 16 * 64;

    /** Bytes of each stream that are asked for ahead: of all of them together, memory's latency at the rate of one core. */
    private static final int AHEAD = 2048;

    private static final int WORD = 64;
    private static final int TILE_ROW = 64;
    private static final int TILE_BYTES = 1024;
    private static final int UNROLLED = 128;
    private static final int MOST_CHAINS = 8;
    private static final List<Gp> SAVED = List.of(Gp.RBX, Gp.RBP, Gp.R12, Gp.R13, Gp.R14, Gp.R15);
    private static final Gp CODE = Gp.RSI;
    private static final Gp SCALE = Gp.R8;
    private static final Gp ZERO_POINT = Gp.R9;
    /** What is asked for: all of a panel in its order, scales with the codes before them. */
    private static final Gp WANTED = Gp.R10;
    /** From stream to stream, and three times that. */
    private static final Gp STEP = Gp.RDX;

    private static final Gp STEPS = Gp.R11;

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
        a.mov(CODE, Gp.RDI.at(PANEL));
        a.mov(STEP, Gp.RDI.at(DISTANCE));
        a.lea(STEPS, STEP.at(STEP, 2));
        a.mov(Gp.R14, Gp.RDI.at(PANELS));
        v.emit(VectorOp.VPBROADCASTD, mask, Gp.RDI.at(MASK));
        Label panel = a.label();
        a.bind(panel);
        // the panel begins where the codes of the one before it end
        a.mov(SCALE, CODE);
        a.mov(WANTED, CODE);
        a.mov(ZERO_POINT, Gp.RDI.at(ZEROS));
        a.add(ZERO_POINT, CODE);
        a.mov(Gp.R15, Gp.RDI.at(CODES));
        a.add(CODE, Gp.R15);
        a.mov(Gp.RBX, Gp.RDI.at(X));
        a.mov(Gp.RBP, Gp.RDI.at(X_SCALES));
        a.mov(Gp.R12, Gp.RDI.at(X_SUMS));
        a.mov(Gp.RCX, Gp.RDI.at(GROUPS));
        clearSums();
        Label group = a.label();
        a.bind(group);
        dotProducts();
        scaleSums();
        if (!shape.perRow()) {
            nextEntries();
        }
        a.add(Gp.RBP, shape.tiled() ? 64 : 4);
        a.add(Gp.R12, shape.tiled() ? 64 : 4);
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, group);
        for (int s = 0; s < shape.streams(); s++) {
            finish(s);
        }
        if (shape.perRow()) {
            // what the head of a panel adds to its codes
            want(2 * WORD);
        }
        a.sub(Gp.R14, 1);
        a.jump(Condition.NOT_EQUAL, panel);
        v.zeroUpper();
        SAVED.reversed().forEach(a::pop);
        a.ret();
        return a.toByteArray();
    }

    private void nextEntries() {
        int scales = shape.halfScales() ? 32 : 64;
        int zeros = shape.zeroPoints() ? 16 : 0;
        a.add(SCALE, scales);
        a.add(ZERO_POINT, zeros);
        want(scales + zeros);
    }

    /** Asks for the next bytes of all streams. */
    private void want(int bytes) {
        for (int at = 0; at < bytes; at += WORD) {
            for (int s = 0; s < shape.streams(); s++) {
                a.prefetch(stream(WANTED, s, at + AHEAD));
            }
        }
        a.add(WANTED, bytes);
    }

    /** The place in a stream that is at {@code first} in the first one. */
    private static Mem stream(Gp first, int s, int displacement) {
        return switch (s) {
            case 0 -> first.at(displacement);
            case 1, 2 -> first.at(STEP, s).plus(displacement);
            default -> first.at(STEPS, 1).plus(displacement);
        };
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
        a.add(CODE, unrolled / perWord * WORD);
        a.add(WANTED, unrolled / perWord * WORD);
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
            a.prefetch(stream(WANTED, s, k / 8 * WORD + AHEAD));
            for (int h = 0; h < halves; h++) {
                Vec low = words[s][h][0];
                Vec high = words[s][h][1];
                v.load(low, stream(CODE, s, k / 8 * WORD + h * shape.vectorBytes()));
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
            a.prefetch(stream(WANTED, s, k / 4 * WORD + AHEAD));
            for (int h = 0; h < halves; h++) {
                v.load(words[s][h][0], stream(CODE, s, k / 4 * WORD + h * shape.vectorBytes()));
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
            v.emit(VectorOp.VPMOVZXBD, target, stream(ZERO_POINT, s, 8 * h));
            v.emit(VectorOp.VCVTDQ2PS, target, target);
        } else {
            v.emit(VectorOp.VBROADCASTSS, target, Gp.RDI.at(ZERO));
        }
    }

    private void loadScales(Vec target, int s, int h) {
        if (shape.halfScales()) {
            v.emit(VectorOp.VCVTPH2PS, target, stream(SCALE, s, 16 * h));
        } else {
            v.load(target, stream(SCALE, s, 32 * h));
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
    }
}
