package dev.decanter.cpu.machine;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;
import dev.decanter.assembler.Vec;
import dev.decanter.assembler.VectorInstructions;
import dev.decanter.assembler.VectorOp;
import dev.decanter.cpu.kernels.StripKernels;
import dev.decanter.cpu.kernels.WeightFormat;
import java.util.List;

/**
 * Writes the loop of {@link MachineStrips} for one row, for AVX-512: weights come from memory once, asked for ahead. Partial sums
 * and where they are joined are those of the vector kernels.
 */
final class StreamCode {
    /** Fields of the argument block. */
    static final int CODES = 0;

    static final int X = 8;
    static final int Y = 16;
    static final int PANELS = 24;
    /** Inputs, a multiple of 4. */
    static final int INPUTS = 32;

    /** Inputs whose partial sums are joined. */
    static final int STRIP = 128;

    private static final int AHEAD = 2048;
    private static final int LINE = 64;
    private static final int TOGETHER = 4;
    private static final int PANEL_BYTES = StripKernels.PANEL * Float.BYTES;
    private static final int SIGN = 0x80000000;
    private static final int UPPER = 0xffff0000;
    private static final int LOW = 0x0fffffff;
    private static final int HIGH = 0x0fffe000;
    private static final int EXPONENT_SHIFT = 3;
    /** Of bits a, b and c: a or both others. */
    private static final int OR_OF_BOTH = 0xf8;

    private static final int FACTOR = 8;
    private static final int WEIGHTS = 12;
    private static final int MAGNITUDES = 20;
    private static final Vec LOW_MASK = Vec.zmm(28);
    private static final Vec HIGH_MASK = Vec.zmm(29);
    private static final Vec SIGN_MASK = Vec.zmm(30);
    private static final Vec UPPER_MASK = Vec.zmm(31);
    private static final List<Gp> SAVED = List.of(Gp.RBX);

    private final Assembler a = new Assembler();
    private final VectorInstructions v = a.vector();
    private final WeightFormat format;
    private final int chains;

    private StreamCode(WeightFormat format) {
        this.format = format;
        chains = format == WeightFormat.F16 ? 2 : 4;
    }

    /** The routine's code, for f32 or paired f16 or bf16. */
    static byte[] of(WeightFormat format) {
        return new StreamCode(format).write();
    }

    private byte[] write() {
        SAVED.forEach(a::push);
        constant(LOW_MASK, LOW);
        constant(HIGH_MASK, HIGH);
        constant(SIGN_MASK, SIGN);
        constant(UPPER_MASK, UPPER);
        a.mov(Gp.RSI, Gp.RDI.at(CODES));
        a.mov(Gp.R8, Gp.RDI.at(Y));
        a.mov(Gp.R9, Gp.RDI.at(PANELS));
        Label panel = a.label();
        a.bind(panel);
        a.mov(Gp.RDX, Gp.RDI.at(X));
        a.mov(Gp.RCX, Gp.RDI.at(INPUTS));
        clear(sum(0, 0));
        clear(sum(0, 1));
        Label strip = a.label();
        a.bind(strip);
        strip();
        a.cmp(Gp.RCX, 0);
        a.jump(Condition.GREATER, strip);
        v.store(Gp.R8.at(), sum(0, 0));
        v.store(Gp.R8.at(LINE), sum(0, 1));
        a.add(Gp.R8, PANEL_BYTES);
        a.sub(Gp.R9, 1);
        a.jump(Condition.NOT_EQUAL, panel);
        v.zeroUpper();
        SAVED.reversed().forEach(a::pop);
        a.ret();
        return a.toByteArray();
    }

    private void constant(Vec target, int bits) {
        a.mov(Gp.RAX, bits);
        v.broadcast(target, Gp.RAX);
    }

    private void clear(Vec register) {
        v.emit(VectorOp.VPXOR, register, register, register);
    }

    private static Vec sum(int chain, int half) {
        return Vec.zmm(2 * chain + half);
    }

    private void strip() {
        Label whole = a.label();
        a.mov(Gp.RBX, STRIP);
        a.cmp(Gp.RCX, STRIP);
        a.jump(Condition.GREATER_EQUAL, whole);
        a.mov(Gp.RBX, Gp.RCX);
        a.bind(whole);
        a.sub(Gp.RCX, Gp.RBX);
        for (int chain = 1; chain < chains; chain++) {
            clear(sum(chain, 0));
            clear(sum(chain, 1));
        }
        int inputBytes = StripKernels.PANEL * format.bits() / Byte.SIZE;
        Label inputs = a.label();
        a.bind(inputs);
        for (int at = 0; at < TOGETHER * inputBytes; at += LINE) {
            a.prefetch(Gp.RSI.at(AHEAD + at));
        }
        for (int i = 0; i < TOGETHER; i++) {
            Vec low = Vec.zmm(WEIGHTS + 2 * i);
            Vec high = Vec.zmm(WEIGHTS + 2 * i + 1);
            load(i, low, high, i * inputBytes);
            Vec factor = Vec.zmm(FACTOR + i);
            v.emit(VectorOp.VBROADCASTSS, factor, Gp.RDX.at(i * Float.BYTES));
            v.emit(VectorOp.VFMADD231PS, sum(i % chains, 0), factor, low);
            v.emit(VectorOp.VFMADD231PS, sum(i % chains, 1), factor, high);
        }
        a.add(Gp.RSI, TOGETHER * inputBytes);
        a.add(Gp.RDX, TOGETHER * Float.BYTES);
        a.sub(Gp.RBX, TOGETHER);
        a.jump(Condition.NOT_EQUAL, inputs);
        for (int half = 0; half < 2; half++) {
            for (int apart = 1; apart < chains; apart *= 2) {
                for (int chain = 0; chain < chains; chain += 2 * apart) {
                    v.emit(VectorOp.VADDPS, sum(chain, half), sum(chain, half), sum(chain + apart, half));
                }
            }
        }
    }

    /** An input's 32 weights as f32; f16 lacks the factor that activations have instead. */
    private void load(int i, Vec low, Vec high, int at) {
        v.load(low, Gp.RSI.at(at));
        switch (format) {
            case F32 -> v.load(high, Gp.RSI.at(at + LINE));
            case BF16 -> {
                v.emit(VectorOp.VPAND, high, low, UPPER_MASK);
                v.shiftLeft32(low, low, Short.SIZE);
            }
            case F16 -> {
                Vec magnitude = Vec.zmm(MAGNITUDES + 2 * i);
                Vec shifted = Vec.zmm(MAGNITUDES + 2 * i + 1);
                v.shiftRight32(magnitude, low, EXPONENT_SHIFT);
                v.emit(VectorOp.VPAND, magnitude, magnitude, HIGH_MASK);
                v.move(high, magnitude);
                v.ternary(high, low, SIGN_MASK, OR_OF_BOTH);
                v.shiftLeft32(low, low, Short.SIZE);
                v.shiftRight32(shifted, low, EXPONENT_SHIFT);
                v.emit(VectorOp.VPAND, shifted, shifted, LOW_MASK);
                v.ternary(shifted, low, SIGN_MASK, OR_OF_BOTH);
                v.move(low, shifted);
            }
            default -> throw new IllegalArgumentException("no code for rows of " + format);
        }
    }
}
