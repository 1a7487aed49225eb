package dev.decanter.cpu.machine;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;
import dev.decanter.assembler.Vec;
import dev.decanter.assembler.VectorInstructions;
import dev.decanter.assembler.VectorOp;

/**
 * Writes what comes before and after the products of tiles: codes of a panel's slice become signed bytes, scales f32; and the
 * sums y of a panel get the row's scale and the bias on their way out.
 *
 * <p>Codes of 4 bits lose their zero point here, and what is left fits a byte. Those of 8 bits lose 128; the rest of the zero
 * point is subtracted from the sums.
 */
final class UnpackCode {
    /** Fields of the argument block. */
    static final int CODES = 0;

    static final int SCALES = 8;
    static final int ZERO_POINTS = 16;
    static final int TO = 24;
    static final int SCALES_TO = 32;
    static final int GROUPS = 40;
    /** Four times the zero point of all rows, as bytes; of 8 bits, the zero point less 128 as f32. */
    static final int ZERO = 48;
    /** 0x0F0F0F0F or 0x80808080. */
    static final int MASK = 52;
    /** 0x01010101 or 128. */
    static final int FACTOR = 56;

    /** Fields for {@link #finish}. */
    static final int SUMS = 0;

    static final int Y = 8;
    static final int Y_STRIDE = 16;
    static final int ROWS = 24;
    /** Of each panel. */
    static final int ROW_SCALES = 32;

    static final int BIAS = 48;

    private static final int WORD = 64;
    private static final int UNROLLED = 4;

    private final Assembler a = new Assembler();
    private final VectorInstructions v = a.vector();

    private UnpackCode() {}

    /** What an unpacking routine is made for. */
    record Shape(int bits, int group, boolean perRow, boolean halfScales, boolean zeroPoints) {
        /** Numbers that {@link #key} gives. */
        static final int KEYS = 1 << 9;

        int key() {
            int flags = (perRow ? 1 : 0) | (halfScales ? 2 : 0) | (zeroPoints ? 4 : 0) | (bits == 4 ? 8 : 0);
            return flags << 5 | group / 32;
        }
    }

    /** Unpacks groups of one panel. */
    static byte[] unpack(Shape shape) {
        return new UnpackCode().writeUnpack(shape);
    }

    private byte[] writeUnpack(Shape shape) {
        a.mov(Gp.RSI, Gp.RDI.at(CODES));
        a.mov(Gp.R8, Gp.RDI.at(SCALES));
        a.mov(Gp.R9, Gp.RDI.at(ZERO_POINTS));
        a.mov(Gp.RDX, Gp.RDI.at(TO));
        a.mov(Gp.R10, Gp.RDI.at(SCALES_TO));
        a.mov(Gp.RCX, Gp.RDI.at(GROUPS));
        Vec mask = Vec.zmm(31);
        Vec zero = Vec.zmm(30);
        Vec factor = Vec.zmm(29);
        v.emit(VectorOp.VPBROADCASTD, mask, Gp.RDI.at(MASK));
        v.emit(VectorOp.VPBROADCASTD, zero, Gp.RDI.at(ZERO));
        v.emit(VectorOp.VPBROADCASTD, factor, Gp.RDI.at(FACTOR));
        boolean nibbles = shape.bits() == 4;
        Label group = a.label();
        a.bind(group);
        if (!shape.perRow()) {
            if (shape.halfScales()) {
                v.emit(VectorOp.VCVTPH2PS, Vec.zmm(0), Gp.R8.at());
            } else {
                v.load(Vec.zmm(0), Gp.R8.at());
            }
            v.store(Gp.R10.at(), Vec.zmm(0));
            a.add(Gp.R8, shape.halfScales() ? 32 : 64);
        }
        if (shape.zeroPoints()) {
            v.emit(VectorOp.VPMOVZXBD, zero, Gp.R9.at());
            if (nibbles) {
                v.emit(VectorOp.VPMULLD, zero, zero, factor);
            } else {
                v.emit(VectorOp.VPSUBD, zero, zero, factor);
                v.emit(VectorOp.VCVTDQ2PS, zero, zero);
            }
            if (!shape.perRow()) {
                a.add(Gp.R9, 16);
            }
        }
        if (!nibbles) {
            v.store(Gp.R10.at(TileCode.ZEROS), zero);
        }
        a.add(Gp.R10, TileCode.SCALE_BYTES);
        codes(shape, mask, zero);
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, group);
        v.zeroUpper();
        a.ret();
        return a.toByteArray();
    }

    private void codes(Shape shape, Vec mask, Vec zero) {
        boolean nibbles = shape.bits() == 4;
        int words = shape.group() / (nibbles ? 8 : 4);
        int out = nibbles ? 2 * WORD : WORD;
        Label more = a.label();
        a.mov(Gp.RAX, words / UNROLLED);
        a.bind(more);
        for (int i = 0; i < UNROLLED; i++) {
            Vec low = Vec.zmm(2 * i);
            Vec high = Vec.zmm(2 * i + 1);
            v.load(low, Gp.RSI.at(i * WORD));
            if (nibbles) {
                v.shiftRight16(high, low, 4);
                v.emit(VectorOp.VPAND, low, low, mask);
                v.emit(VectorOp.VPAND, high, high, mask);
                v.emit(VectorOp.VPSUBB, low, low, zero);
                v.emit(VectorOp.VPSUBB, high, high, zero);
                v.store(Gp.RDX.at(i * out + WORD), high);
            } else {
                v.emit(VectorOp.VPXOR, low, low, mask);
            }
            v.store(Gp.RDX.at(i * out), low);
        }
        a.add(Gp.RSI, UNROLLED * WORD);
        a.add(Gp.RDX, UNROLLED * out);
        a.sub(Gp.RAX, 1);
        a.jump(Condition.NOT_EQUAL, more);
    }

    /**
     * What a finishing routine is made for.
     *
     * @param past whether results go past the caches; they are aligned to 64 bytes then
     */
    record Ending(boolean perRow, boolean halfScales, int panels, boolean past) {
        /** Numbers that {@link #key} gives. */
        static final int KEYS = 1 << 4;

        int key() {
            return (perRow ? 1 : 0) | (halfScales ? 2 : 0) | (past ? 4 : 0) | (panels - 1) << 3;
        }
    }

    /** Writes rows of one or two panels to where they belong, and leaves zeros. */
    static byte[] finish(Ending shape) {
        return new UnpackCode().writeFinish(shape);
    }

    private byte[] writeFinish(Ending shape) {
        a.mov(Gp.RSI, Gp.RDI.at(SUMS));
        a.mov(Gp.RDX, Gp.RDI.at(Y));
        a.mov(Gp.R10, Gp.RDI.at(Y_STRIDE));
        a.mov(Gp.RCX, Gp.RDI.at(ROWS));
        Vec zero = Vec.zmm(31);
        v.emit(VectorOp.VPXOR, zero, zero, zero);
        for (int p = 0; p < shape.panels(); p++) {
            a.mov(Gp.R8, Gp.RDI.at(ROW_SCALES + 8 * p));
            a.mov(Gp.R9, Gp.RDI.at(BIAS + 8 * p));
            v.load(Vec.zmm(2 + p), Gp.R9.at());
            if (shape.perRow() && shape.halfScales()) {
                v.emit(VectorOp.VCVTPH2PS, Vec.zmm(4 + p), Gp.R8.at());
            } else if (shape.perRow()) {
                v.load(Vec.zmm(4 + p), Gp.R8.at());
            }
        }
        Label row = a.label();
        a.bind(row);
        for (int p = 0; p < shape.panels(); p++) {
            Vec y = Vec.zmm(p);
            v.load(y, Gp.RSI.at(WORD * p));
            v.store(Gp.RSI.at(WORD * p), zero);
            if (shape.perRow()) {
                v.emit(VectorOp.VMULPS, y, y, Vec.zmm(4 + p));
            }
            v.emit(VectorOp.VADDPS, y, y, Vec.zmm(2 + p));
            if (shape.past()) {
                v.storePast(Gp.RDX.at(WORD * p), y);
            } else {
                v.store(Gp.RDX.at(WORD * p), y);
            }
        }
        a.add(Gp.RSI, TileCode.Y_ROW);
        a.add(Gp.RDX, Gp.R10);
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, row);
        if (shape.past()) {
            v.fence();
        }
        v.zeroUpper();
        a.ret();
        return a.toByteArray();
    }
}
