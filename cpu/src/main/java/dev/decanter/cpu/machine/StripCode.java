package dev.decanter.cpu.machine;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;
import dev.decanter.assembler.Vec;
import dev.decanter.assembler.VectorInstructions;
import dev.decanter.assembler.VectorOp;
import dev.decanter.cpu.kernels.StripKernels;
import java.util.List;

/**
 * Writes the loop of {@link MachineStrips} for AVX-512: a tile's 16 sums of 16 outputs stay in registers while its inputs pass.
 * What Java cannot have is next to its checks of bounds: weights that begin on a cache line, and the next tile's rows and the next
 * strip's weights asked for.
 */
final class StripCode {
    /** Fields of the argument block. */
    static final int X = 0;

    static final int X_TILE = 8;
    static final int STRIP = 16;
    /** Pairs of inputs. */
    static final int PAIRS = 24;

    static final int TILES = 32;
    static final int SUMS = 40;
    static final int NEXT = 48;
    /** Bytes from one place that is asked for to the next, for each pair of a tile. */
    static final int NEXT_STEP = 56;

    private static final int ROWS = StripKernels.ROWS;
    private static final int INPUT = ROWS * Float.BYTES;
    private static final int LINE = 64;
    private static final int WEIGHTS = StripKernels.PANEL * Float.BYTES;
    private static final int OPERANDS = 2 * ROWS;
    private static final int FACTORS = OPERANDS + 4;
    private static final List<Gp> SAVED = List.of(Gp.RBX, Gp.RBP, Gp.R12, Gp.R13);

    private StripCode() {}

    static byte[] emit() {
        Assembler a = new Assembler();
        SAVED.forEach(a::push);
        a.mov(Gp.RSI, Gp.RDI.at(X));
        a.mov(Gp.R8, Gp.RDI.at(X_TILE));
        a.mov(Gp.RDX, Gp.RDI.at(STRIP));
        a.mov(Gp.RCX, Gp.RDI.at(PAIRS));
        a.mov(Gp.R9, Gp.RDI.at(SUMS));
        a.mov(Gp.R10, Gp.RDI.at(TILES));
        a.mov(Gp.R11, Gp.RDI.at(NEXT));
        a.mov(Gp.RAX, Gp.RDI.at(NEXT_STEP));
        Label tile = a.label();
        a.bind(tile);
        sums(a, false);
        a.mov(Gp.RBX, Gp.RSI);
        a.add(Gp.RSI, Gp.R8);
        a.mov(Gp.R13, Gp.RSI);
        a.mov(Gp.RBP, Gp.RDX);
        a.mov(Gp.R12, Gp.RCX);
        Label pair = a.label();
        a.bind(pair);
        a.prefetch(Gp.R13.at());
        a.prefetch(Gp.R11.at());
        a.add(Gp.R13, LINE);
        a.add(Gp.R11, Gp.RAX);
        for (int k = 0; k < 2; k++) {
            multiply(a, k);
        }
        a.add(Gp.RBX, 2 * INPUT);
        a.add(Gp.RBP, 2 * WEIGHTS);
        a.sub(Gp.R12, 1);
        a.jump(Condition.NOT_EQUAL, pair);
        sums(a, true);
        a.add(Gp.R9, ROWS * WEIGHTS);
        a.sub(Gp.R10, 1);
        a.jump(Condition.NOT_EQUAL, tile);
        a.vector().zeroUpper();
        SAVED.reversed().forEach(a::pop);
        a.ret();
        return a.toByteArray();
    }

    private static void sums(Assembler a, boolean store) {
        for (int i = 0; i < 2 * ROWS; i++) {
            if (store) {
                a.vector().store(Gp.R9.at(i * LINE), Vec.zmm(i));
            } else {
                a.vector().load(Vec.zmm(i), Gp.R9.at(i * LINE));
            }
        }
    }

    /** One input of a pair. */
    private static void multiply(Assembler a, int k) {
        VectorInstructions v = a.vector();
        Vec low = Vec.zmm(OPERANDS + 2 * k);
        Vec high = Vec.zmm(OPERANDS + 2 * k + 1);
        v.load(low, Gp.RBP.at(k * WEIGHTS));
        v.load(high, Gp.RBP.at(k * WEIGHTS + LINE));
        for (int m = 0; m < ROWS; m++) {
            Vec factor = Vec.zmm(FACTORS + m);
            v.emit(VectorOp.VBROADCASTSS, factor, Gp.RBX.at(k * INPUT + m * Float.BYTES));
            v.emit(VectorOp.VFMADD231PS, Vec.zmm(2 * m), factor, low);
            v.emit(VectorOp.VFMADD231PS, Vec.zmm(2 * m + 1), factor, high);
        }
    }
}
