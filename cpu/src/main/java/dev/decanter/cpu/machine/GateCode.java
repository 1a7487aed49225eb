package dev.decanter.cpu.machine;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;
import dev.decanter.assembler.Vec;
import dev.decanter.assembler.VectorInstructions;
import dev.decanter.assembler.VectorOp;
import dev.decanter.cpu.kernels.Exponential;

/** Writes {@code y = x / (1 + e^(-beta x)) · up} over rows for AVX-512, with the bits of the vector kernels. */
final class GateCode {
    /** Words of the argument block: first row of the gate, of what it is multiplied by, and of the result. */
    static final int GATE = 0;

    static final int UP = 1;
    static final int Y = 2;
    /** Bytes from row to row of the operands, and of the result. */
    static final int STRIDE = 3;

    static final int Y_STRIDE = 4;
    static final int ROWS = 5;
    /** Bytes of a row's whole vectors. */
    static final int WHOLE = 6;
    /** A bit for each number behind them. */
    static final int TAIL_MASK = 7;
    /** -beta, f32. */
    static final int FACTOR = 8;

    static final int WORDS = 9;

    private static final int VECTOR = 64;
    private static final int TAIL_LANES = 1;
    private static final int NORMAL = 2;
    private static final int NOT_LESS = 5;

    private final Assembler a = new Assembler();
    private final VectorInstructions v = a.vector();
    private int constants = 31;
    private final Vec factor = Vec.zmm(constants--);
    private final Vec max = constant(Exponential.EXP_MAX);
    private final Vec min = constant(Exponential.EXP_MIN);
    private final Vec log2e = constant(Exponential.LOG2_E);
    private final Vec rounder = constant(Exponential.ROUNDER);
    private final Vec high = constant(Exponential.LN2_HIGH);
    private final Vec low = constant(Exponential.LN2_LOW);
    private final Vec p6 = constant(Exponential.P6);
    private final Vec[] polynomial = {
        constant(Exponential.P5),
        constant(Exponential.P4),
        constant(Exponential.P3),
        constant(Exponential.P2),
        constant(Exponential.P1)
    };
    private final Vec one = constant(1);
    private final Vec rounderBits = constant(Float.intBitsToFloat(Exponential.ROUNDER_BITS));
    private final Vec bias = constant(Float.intBitsToFloat(Exponential.EXPONENT_BIAS));

    private GateCode() {}

    private Vec constant(float value) {
        Vec target = Vec.zmm(constants--);
        RowCode.all(a, target, Float.floatToRawIntBits(value));
        return target;
    }

    /** The routine's code. */
    static byte[] write() {
        return new GateCode().code();
    }

    private static int at(int word) {
        return word * Long.BYTES;
    }

    private byte[] code() {
        v.emit(VectorOp.VBROADCASTSS, factor, Gp.RDI.at(at(FACTOR)));
        a.mov(Gp.RAX, Gp.RDI.at(at(TAIL_MASK)));
        v.mask(TAIL_LANES, Gp.RAX);
        a.mov(Gp.RSI, Gp.RDI.at(at(GATE)));
        a.mov(Gp.RDX, Gp.RDI.at(at(UP)));
        a.mov(Gp.RCX, Gp.RDI.at(at(Y)));
        a.mov(Gp.R8, Gp.RDI.at(at(ROWS)));
        a.mov(Gp.R9, Gp.RDI.at(at(WHOLE)));
        Label row = a.label();
        Label vector = a.label();
        Label tail = a.label();
        Label next = a.label();
        a.bind(row);
        a.clear(Gp.R10);
        a.bind(vector);
        a.cmp(Gp.R10, Gp.R9);
        a.jump(Condition.GREATER_EQUAL, tail);
        v.load(Vec.zmm(0), Gp.RSI.at(Gp.R10, 1));
        swish();
        v.emit(VectorOp.VMULPS, Vec.zmm(0), Vec.zmm(0), Gp.RDX.at(Gp.R10, 1));
        v.store(Gp.RCX.at(Gp.R10, 1), Vec.zmm(0));
        a.add(Gp.R10, VECTOR);
        a.jump(vector);
        a.bind(tail);
        a.mov(Gp.RAX, Gp.RDI.at(at(TAIL_MASK)));
        a.cmp(Gp.RAX, 0);
        a.jump(Condition.EQUAL, next);
        v.loadPart(Vec.zmm(0), Gp.RSI.at(Gp.R10, 1), TAIL_LANES);
        swish();
        v.loadPart(Vec.zmm(1), Gp.RDX.at(Gp.R10, 1), TAIL_LANES);
        v.emit(VectorOp.VMULPS, Vec.zmm(0), Vec.zmm(0), Vec.zmm(1));
        v.storePart(Gp.RCX.at(Gp.R10, 1), Vec.zmm(0), TAIL_LANES);
        a.bind(next);
        a.mov(Gp.RAX, Gp.RDI.at(at(STRIDE)));
        a.add(Gp.RSI, Gp.RAX);
        a.add(Gp.RDX, Gp.RAX);
        a.mov(Gp.RAX, Gp.RDI.at(at(Y_STRIDE)));
        a.add(Gp.RCX, Gp.RAX);
        a.sub(Gp.R8, 1);
        a.jump(Condition.NOT_EQUAL, row);
        v.zeroUpper();
        a.ret();
        return a.toByteArray();
    }

    /** zmm0 = zmm0 / (1 + e^(factor · zmm0)), step by step as {@code VectorMath} does it. */
    private void swish() {
        Vec x = Vec.zmm(0);
        Vec value = Vec.zmm(1);
        Vec r = Vec.zmm(2);
        Vec n = Vec.zmm(3);
        Vec p = Vec.zmm(4);
        Vec e = Vec.zmm(5);
        Vec half = Vec.zmm(6);
        v.emit(VectorOp.VMULPS, value, x, factor);
        // the last source is what comes out if it is a NaN
        v.emit(VectorOp.VMINPS, r, max, value);
        v.emit(VectorOp.VMAXPS, r, min, r);
        v.move(e, r);
        v.emit(VectorOp.VFMADD213PS, e, log2e, rounder);
        v.emit(VectorOp.VSUBPS, n, e, rounder);
        v.emit(VectorOp.VFNMADD231PS, r, n, high);
        v.emit(VectorOp.VFNMADD231PS, r, n, low);
        v.move(p, r);
        v.emit(VectorOp.VFMADD213PS, p, p6, polynomial[0]);
        for (int i = 1; i < polynomial.length; i++) {
            v.emit(VectorOp.VFMADD213PS, p, r, polynomial[i]);
        }
        v.emit(VectorOp.VMULPS, n, r, r);
        v.emit(VectorOp.VFMADD213PS, p, n, r);
        v.emit(VectorOp.VADDPS, p, p, one);
        v.emit(VectorOp.VPSUBD, e, e, rounderBits);
        v.shiftRightSigned32(half, e, 1);
        v.emit(VectorOp.VPSUBD, e, e, half);
        multiplyByPower(p, half);
        multiplyByPower(p, e);
        v.compare(NORMAL, value, min, NOT_LESS);
        v.movePart(p, p, NORMAL);
        v.emit(VectorOp.VADDPS, p, p, one);
        v.emit(VectorOp.VDIVPS, x, x, p);
    }

    private void multiplyByPower(Vec p, Vec exponent) {
        v.emit(VectorOp.VPADDD, exponent, exponent, bias);
        v.shiftLeft32(exponent, exponent, Exponential.MANTISSA_BITS);
        v.emit(VectorOp.VMULPS, p, p, exponent);
    }
}
