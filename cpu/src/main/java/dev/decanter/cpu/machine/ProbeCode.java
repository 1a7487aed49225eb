package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.decanter.assembler.Assembler;
import dev.decanter.assembler.Condition;
import dev.decanter.assembler.CpuFeature;
import dev.decanter.assembler.CpuFeatures;
import dev.decanter.assembler.Gp;
import dev.decanter.assembler.Label;
import dev.decanter.assembler.Vec;
import dev.decanter.assembler.VectorOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;

/** Loops that do one thing as fast as the processor can, to measure how fast that is. For any thread. */
public final class ProbeCode {
    /** Bytes that are read together. */
    public static final int LINE = 64;

    /** Far enough ahead for memory, near enough for the first-level cache. */
    private static final int AHEAD = 1024;

    /** Results that do not wait for each other: more than a dot instruction takes cycles, times two in each. */
    private static final int SUMS = 12;

    /** Turns of a call, a tenth of a millisecond: what a call costs besides counts for nothing then. */
    private static final int TURNS = 40_000;

    private static final int TILE_TURNS = 4000;
    private static final int CONFIGURATION = 64;
    private static final int BLOCK = 2 * LINE;
    private static final int TILES = 8;
    private static final int TILE_ROWS = 16;

    private final Routine routine;
    private final long turns;
    private final long operations;

    /** Turns of its loop that a call makes, and what is added and multiplied in each. */
    private ProbeCode(Routine routine, long turns, long each) {
        this.routine = routine;
        this.turns = turns;
        operations = turns * each;
    }

    /** Dot products of bytes by the instruction that {@link MachineCode} chose; empty where it chose none. */
    public static Optional<ProbeCode> dots() {
        if (MachineCode.kernels().isEmpty()) {
            return Optional.empty();
        }
        Set<CpuFeature> features = CpuFeatures.detect();
        if (MachineCode.describe().startsWith("AMX") && features.contains(CpuFeature.AMX_INT8)) {
            int pairs = TILES / 2;
            long products = (long) TILE_ROWS * TILE_ROWS * LINE;
            return Optional.of(new ProbeCode(Routine.of(tileDots(pairs)), TILE_TURNS, 2L * pairs * products));
        }
        int bytes = features.contains(CpuFeature.AVX512_VNNI) ? LINE : LINE / 2;
        return Optional.of(new ProbeCode(Routine.of(vectorDots(bytes)), TURNS, 2L * SUMS * bytes));
    }

    /** Reading of memory; empty where no machine code runs. */
    public static Optional<ProbeCode> reader() {
        return MachineCode.kernels().map(_ -> new ProbeCode(Routine.of(reading()), 0, 0));
    }

    private static byte[] vectorDots(int bytes) {
        Assembler a = new Assembler();
        a.mov(Gp.RCX, Gp.RDI.at());
        Label turn = a.label();
        a.bind(turn);
        for (int sum = 0; sum < SUMS; sum++) {
            a.vector().emit(VectorOp.VPDPBUSD, new Vec(sum, bytes), new Vec(SUMS, bytes), new Vec(SUMS + 1, bytes));
        }
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, turn);
        a.vector().zeroUpper();
        a.ret();
        return a.toByteArray();
    }

    private static byte[] tileDots(int pairs) {
        Assembler a = new Assembler();
        a.mov(Gp.RCX, Gp.RDI.at());
        a.tiles().configure(Gp.RDI.at(CONFIGURATION));
        for (int tile = 0; tile < TILES; tile++) {
            a.tiles().zero(tile);
        }
        Label turn = a.label();
        a.bind(turn);
        for (int sum = 0; sum < pairs; sum++) {
            a.tiles().dotUnsignedSigned(sum, pairs + sum / 2, pairs + 2 + sum % 2);
        }
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, turn);
        a.tiles().release();
        a.ret();
        return a.toByteArray();
    }

    /** One number of each line brings the whole line; two streams keep more of them on the way. */
    private static byte[] reading() {
        Assembler a = new Assembler();
        a.mov(Gp.RSI, Gp.RDI.at());
        a.mov(Gp.RDX, Gp.RDI.at(8));
        a.mov(Gp.RCX, Gp.RDI.at(16));
        Label turn = a.label();
        a.bind(turn);
        for (Gp stream : new Gp[] {Gp.RSI, Gp.RDX}) {
            a.prefetch(stream.at(AHEAD));
            a.mov(Gp.RAX, stream.at());
            a.add(stream, LINE);
        }
        a.sub(Gp.RCX, 1);
        a.jump(Condition.NOT_EQUAL, turn);
        a.ret();
        return a.toByteArray();
    }

    /** Runs the dot products once, about a tenth of a millisecond; returns how many additions and multiplications that were. */
    public long runDots() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(BLOCK, LINE);
            block.set(JAVA_LONG, 0, turns);
            block.set(JAVA_BYTE, CONFIGURATION, (byte) 1);
            for (int tile = 0; tile < TILES; tile++) {
                block.set(JAVA_SHORT, CONFIGURATION + 16 + 2L * tile, (short) LINE);
                block.set(JAVA_BYTE, CONFIGURATION + 48L + tile, (byte) TILE_ROWS);
            }
            routine.call(block.address());
        }
        return operations;
    }

    /** Reads two pieces of memory of the same length, a multiple of {@link #LINE} and at most some MB. */
    public void read(MemorySegment one, MemorySegment other) {
        if (one.byteSize() != other.byteSize() || one.byteSize() % LINE != 0 || one.byteSize() == 0) {
            throw new IllegalArgumentException("pieces of " + one.byteSize() + " and " + other.byteSize() + " bytes");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(BLOCK, LINE);
            block.set(JAVA_LONG, 0, one.address());
            block.set(JAVA_LONG, 8, other.address());
            block.set(JAVA_LONG, 16, one.byteSize() / LINE);
            routine.call(block.address());
        }
    }
}
