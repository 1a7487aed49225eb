package dev.decanter.cpu.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Heap buffers of one thread, reused from call to call so that a kernel allocates nothing once warm. A slot belongs to
 * one purpose: two buffers that live at the same time on one thread have different slots. Contents are arbitrary.
 */
final class Scratch {
    /** Activations that the caller of a kernel lays out for all tasks. */
    static final int SHARED = 0;

    /** A strip of decoded weights, or any first operand of a task. */
    static final int STRIP = 1;

    /** Accumulators of a task. */
    static final int SUM = 2;

    /** Further operands of a task. */
    static final int A = 3;

    static final int B = 4;
    static final int C = 5;
    static final int D = 6;
    static final int E = 7;

    /** Copy of a row, padded to whole vectors. */
    static final int VALUES = 8;

    /** Intermediate results of functions. */
    static final int POWER = 9;

    static final int INNER = 10;

    /** Rows of patches, and what they are multiplied to: live while another kernel runs on the same thread. */
    static final int PATCHES = 11;

    static final int PRODUCTS = 12;

    /** Keys that the caller of attention turned for all tasks. */
    static final int TURNED = 13;

    private static final int SLOTS = 14;

    /** Native memory: a gate and its partner. */
    static final int GATE = 0;

    /** Native memory: activations that the caller of a kernel lays out for all tasks. */
    static final int ROWS_OF_CALL = 1;

    /** Native memory: a strip of decoded weights. */
    static final int STRIP_OF_TASK = 2;

    /** Native memory: sums of a task. */
    static final int SUMS_OF_TASK = 3;

    private static final int MEMORIES = 4;
    private static final int MIN = 1024;
    private static final ThreadLocal<Scratch> LOCAL = ThreadLocal.withInitial(Scratch::new);

    private final float[][] slots = new float[SLOTS][0];
    private final double[][] doubles = new double[SUM + 1][0];
    private int[] ints = new int[0];
    private final byte[][] bytes = new byte[2][0];
    private final MemorySegment[] memories = new MemorySegment[MEMORIES];

    private Scratch() {
        Arrays.fill(memories, MemorySegment.NULL);
    }

    static Scratch current() {
        return LOCAL.get();
    }

    /** Returns this thread's buffer of the slot with room for {@code size} floats or more. */
    float[] floats(int slot, int size) {
        float[] have = slots[slot];
        if (have.length < size) {
            have = new float[Math.max(MIN, size)];
            slots[slot] = have;
        }
        return have;
    }

    /** As {@link #floats(int, int)}, for a size that was computed in 64 bits. */
    float[] floats(int slot, long size) {
        return floats(slot, Math.toIntExact(size));
    }

    /** Returns this thread's one buffer of ints, with room for {@code size} or more. */
    int[] ints(int size) {
        if (ints.length < size) {
            ints = new int[Math.max(MIN, size)];
        }
        return ints;
    }

    /** Returns this thread's buffer of bytes for a line that is worked on at once, with room for {@code size} or more. */
    byte[] bytes(int size) {
        return bytes(0, size);
    }

    /** Returns this thread's buffer of bytes for rows that live while another kernel runs. */
    byte[] patches(int size) {
        return bytes(1, size);
    }

    /** Returns this thread's buffer of doubles of the slot, {@link #SHARED}, {@link #STRIP} or {@link #SUM}. */
    double[] doubles(int slot, int size) {
        if (doubles[slot].length < size) {
            doubles[slot] = new double[Math.max(MIN, size)];
        }
        return doubles[slot];
    }

    /** Returns this thread's native memory for a gate and its partner, of at least {@code size} bytes, aligned to 64. */
    MemorySegment memory(long size) {
        return memory(GATE, size);
    }

    /** Returns this thread's native memory of the slot, of at least {@code size} bytes, aligned to 64. */
    MemorySegment memory(int slot, long size) {
        if (memories[slot].byteSize() < size) {
            memories[slot] = Arena.ofAuto().allocate(Math.max(MIN, size), Long.BYTES * Byte.SIZE);
        }
        return memories[slot];
    }

    private byte[] bytes(int slot, int size) {
        if (bytes[slot].length < size) {
            bytes[slot] = new byte[Math.max(MIN, size)];
        }
        return bytes[slot];
    }
}
