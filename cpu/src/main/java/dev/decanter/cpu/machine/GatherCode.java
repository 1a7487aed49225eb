package dev.decanter.cpu.machine;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;
import dev.decanter.assembler.Vec;
import dev.decanter.assembler.VectorInstructions;
import dev.decanter.assembler.VectorOp;
import dev.decanter.cpu.kernels.WeightFormat;

/**
 * Writes the gathering of a table's rows for AVX-512: {@code y = (number - zero) * scale}, or just the number.
 *
 * @param format how numbers lie: F32, F16, BF16, or integers of 8 or 4 bits
 * @param scales how scales lie, F16 or F32; of no meaning where the format is not quantized
 * @param zeros how zero points lie, integers of 8 or 4 bits; F32 for none
 * @param longs whether indices have 8 bytes, and not 4
 */
record GatherCode(WeightFormat format, WeightFormat scales, WeightFormat zeros, boolean longs) {
    /** Words of the argument block. */
    static final int TABLE = 0;

    /** Bytes of a row. */
    static final int ROW_BYTES = 1;

    static final int SCALES = 2;
    /** Bytes from a row's scales to the next row's. */
    static final int SCALE_ROW = 3;

    static final int ZEROS = 4;
    /** Entries from a row's zero points to the next row's. */
    static final int ZERO_ROW = 5;

    static final int INDICES = 6;
    static final int COUNT = 7;
    /** Rows of the table. */
    static final int OUTPUTS = 8;

    static final int Y = 9;
    static final int GROUPS = 10;
    /** Vectors of a group. */
    static final int VECTORS = 11;

    static final int WORDS = 12;

    private static final int VECTOR = 64;
    private static final int NIBBLE = 15;
    private static final int SIGN = 8;
    private static final Vec NUMBERS = Vec.zmm(0);
    private static final Vec SCALE = Vec.zmm(1);
    private static final Vec ZERO_POINT = Vec.zmm(2);
    private static final Vec NOTHING = Vec.zmm(28);
    private static final Vec NIBBLES = Vec.zmm(29);
    private static final Vec PAIRS = Vec.zmm(30);
    private static final Vec SIGNS = Vec.zmm(31);

    private static boolean signed(WeightFormat format) {
        return format == WeightFormat.I8 || format == WeightFormat.I4;
    }

    private boolean subtracts() {
        return zeros != WeightFormat.F32;
    }

    private static int at(int word) {
        return word * Long.BYTES;
    }

    /** The routine's code. */
    byte[] write() {
        Assembler a = new Assembler();
        VectorInstructions v = a.vector();
        a.push(Gp.RBX);
        RowCode.all(a, NIBBLES, NIBBLE);
        RowCode.all(a, PAIRS, 0x0F0F0F0F);
        RowCode.all(a, SIGNS, SIGN);
        v.emit(VectorOp.VPXOR, NOTHING, NOTHING, NOTHING);
        a.mov(Gp.RDX, Gp.RDI.at(at(INDICES)));
        a.mov(Gp.R9, Gp.RDI.at(at(Y)));
        a.mov(Gp.RBX, Gp.RDI.at(at(COUNT)));
        Label row = a.label();
        Label inside = a.label();
        Label outside = a.label();
        Label next = a.label();
        a.bind(row);
        if (longs) {
            a.mov(Gp.RAX, Gp.RDX.at());
        } else {
            a.movSigned32(Gp.RAX, Gp.RDX.at());
        }
        a.add(Gp.RDX, longs ? Long.BYTES : Integer.BYTES);
        a.mov(Gp.RCX, Gp.RDI.at(at(OUTPUTS)));
        Label fromBegin = a.label();
        a.cmp(Gp.RAX, 0);
        a.jump(Condition.GREATER_EQUAL, fromBegin);
        a.add(Gp.RAX, Gp.RCX);
        a.bind(fromBegin);
        a.cmp(Gp.RAX, Gp.RCX);
        // what is below 0 is great without its sign
        a.jump(Condition.BELOW, inside);
        a.jump(outside);
        a.bind(inside);
        begin(a);
        groups(a);
        a.jump(next);
        a.bind(outside);
        zeros(a);
        a.bind(next);
        a.sub(Gp.RBX, 1);
        a.jump(Condition.NOT_EQUAL, row);
        v.zeroUpper();
        a.pop(Gp.RBX);
        a.ret();
        return a.toByteArray();
    }

    /** Leaves in rsi where the row rax lies, in rcx its scales, in r8 the index of its zero points. */
    private static void begin(Assembler a) {
        a.mov(Gp.RSI, Gp.RDI.at(at(ROW_BYTES)));
        a.imul(Gp.RSI, Gp.RAX);
        a.mov(Gp.RCX, Gp.RDI.at(at(TABLE)));
        a.add(Gp.RSI, Gp.RCX);
        a.mov(Gp.R8, Gp.RDI.at(at(ZERO_ROW)));
        a.imul(Gp.R8, Gp.RAX);
        a.mov(Gp.RCX, Gp.RDI.at(at(SCALE_ROW)));
        a.imul(Gp.RCX, Gp.RAX);
        a.mov(Gp.RAX, Gp.RDI.at(at(SCALES)));
        a.add(Gp.RCX, Gp.RAX);
    }

    private void groups(Assembler a) {
        VectorInstructions v = a.vector();
        Label group = a.label();
        Label vector = a.label();
        a.mov(Gp.R11, Gp.RDI.at(at(GROUPS)));
        a.bind(group);
        if (format.quantized()) {
            scale(a);
            zeroPoint(a);
        }
        a.mov(Gp.R10, Gp.RDI.at(at(VECTORS)));
        a.bind(vector);
        numbers(a);
        if (format.quantized()) {
            v.emit(VectorOp.VCVTDQ2PS, NUMBERS, NUMBERS);
            if (subtracts()) {
                v.emit(VectorOp.VSUBPS, NUMBERS, NUMBERS, ZERO_POINT);
            }
            v.emit(VectorOp.VMULPS, NUMBERS, NUMBERS, SCALE);
        }
        v.store(Gp.R9.at(), NUMBERS);
        a.add(Gp.R9, VECTOR);
        a.add(Gp.RSI, VECTOR / Integer.SIZE * format.bits());
        a.sub(Gp.R10, 1);
        a.jump(Condition.NOT_EQUAL, vector);
        a.sub(Gp.R11, 1);
        a.jump(Condition.NOT_EQUAL, group);
    }

    private void scale(Assembler a) {
        VectorInstructions v = a.vector();
        if (scales == WeightFormat.F16) {
            v.emit(VectorOp.VPBROADCASTW, Vec.ymm(1), Gp.RCX.at());
            v.emit(VectorOp.VCVTPH2PS, SCALE, Vec.ymm(1));
            a.add(Gp.RCX, Short.BYTES);
        } else {
            v.emit(VectorOp.VBROADCASTSS, SCALE, Gp.RCX.at());
            a.add(Gp.RCX, Float.BYTES);
        }
    }

    private void zeroPoint(Assembler a) {
        if (!subtracts()) {
            return;
        }
        VectorInstructions v = a.vector();
        a.mov(Gp.RAX, Gp.R8);
        if (zeros.bits() == 4) {
            a.shr(Gp.RAX, 1);
        }
        a.mov(Gp.R10, Gp.RDI.at(at(ZEROS)));
        v.emit(VectorOp.VPBROADCASTB, Vec.xmm(2), Gp.R10.at(Gp.RAX, 1));
        v.emit(zeros == WeightFormat.I8 ? VectorOp.VPMOVSXBD : VectorOp.VPMOVZXBD, ZERO_POINT, Vec.xmm(2));
        if (zeros.bits() == 4) {
            Label low = a.label();
            a.mov(Gp.RAX, Gp.R8);
            a.and(Gp.RAX, 1);
            a.jump(Condition.EQUAL, low);
            v.shiftRight32(ZERO_POINT, ZERO_POINT, 4);
            a.bind(low);
            v.emit(VectorOp.VPAND, ZERO_POINT, ZERO_POINT, NIBBLES);
            sign(v, zeros, ZERO_POINT);
        }
        v.emit(VectorOp.VCVTDQ2PS, ZERO_POINT, ZERO_POINT);
        a.add(Gp.R8, 1);
    }

    /** Half bytes in two's complement. */
    private static void sign(VectorInstructions v, WeightFormat format, Vec number) {
        if (signed(format)) {
            v.emit(VectorOp.VPXOR, number, number, SIGNS);
            v.emit(VectorOp.VPSUBD, number, number, SIGNS);
        }
    }

    private void numbers(Assembler a) {
        VectorInstructions v = a.vector();
        switch (format) {
            case F16 -> v.emit(VectorOp.VCVTPH2PS, NUMBERS, Gp.RSI.at());
            case BF16 -> {
                v.emit(VectorOp.VPMOVZXWD, NUMBERS, Gp.RSI.at());
                v.shiftLeft32(NUMBERS, NUMBERS, Short.SIZE);
            }
            case U8 -> v.emit(VectorOp.VPMOVZXBD, NUMBERS, Gp.RSI.at());
            case I8 -> v.emit(VectorOp.VPMOVSXBD, NUMBERS, Gp.RSI.at());
            case U4, I4 -> {
                // a byte's two numbers to two bytes, the low one first
                v.emit(VectorOp.VPMOVZXBW, Vec.xmm(0), Gp.RSI.at());
                v.shiftLeft16(Vec.xmm(3), Vec.xmm(0), 4);
                v.emit(VectorOp.VPOR, Vec.xmm(0), Vec.xmm(0), Vec.xmm(3));
                v.emit(VectorOp.VPAND, Vec.xmm(0), Vec.xmm(0), Vec.xmm(PAIRS.number()));
                v.emit(VectorOp.VPMOVZXBD, NUMBERS, Vec.xmm(0));
                sign(v, format, NUMBERS);
            }
            default -> v.load(NUMBERS, Gp.RSI.at());
        }
    }

    private static void zeros(Assembler a) {
        Label group = a.label();
        Label vector = a.label();
        a.mov(Gp.R11, Gp.RDI.at(at(GROUPS)));
        a.bind(group);
        a.mov(Gp.R10, Gp.RDI.at(at(VECTORS)));
        a.bind(vector);
        a.vector().store(Gp.R9.at(), NOTHING);
        a.add(Gp.R9, VECTOR);
        a.sub(Gp.R10, 1);
        a.jump(Condition.NOT_EQUAL, vector);
        a.sub(Gp.R11, 1);
        a.jump(Condition.NOT_EQUAL, group);
    }
}
