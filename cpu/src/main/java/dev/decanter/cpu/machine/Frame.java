package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.decanter.cpu.kernels.BlockWeights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongFunction;

/** A thread's argument block, and scratch memory that its routines write. */
final class Frame {
    /** Bytes of an argument block with the sums that no register holds. */
    static final int BLOCK = 2048;

    private static final int WORDS = 64;
    private static final int VECTOR = 64;
    /** Rows of the last, unfinished panel that are kept until they are copied. */
    private static final int TAIL_ROWS = 16;

    private static final int NO_BIAS = BLOCK;
    private static final int TAIL_BIAS = NO_BIAS + VECTOR;
    private static final int TAIL = TAIL_BIAS + VECTOR;
    private static final int SIZE = TAIL + TAIL_ROWS * VECTOR;
    private static final int PAGE = 4096;
    private static final ThreadLocal<Frame> LOCAL =
            ThreadLocal.withInitial(() -> new Frame(bytes -> Arena.ofAuto().allocate(bytes, PAGE), true));

    private final LongFunction<MemorySegment> source;
    private final boolean spare;
    private final MemorySegment memory;
    private final long[] words = new long[WORDS];
    private MemorySegment scratch = MemorySegment.NULL;
    private MemorySegment scores = MemorySegment.NULL;
    private MemorySegment pairs = MemorySegment.NULL;

    private Frame(LongFunction<MemorySegment> source, boolean spare) {
        this.source = source;
        this.spare = spare;
        memory = source.apply(SIZE);
        for (int i = 0; i < BlockWeights.PANEL; i++) {
            // the one number that changes no other when added
            memory.set(JAVA_FLOAT, NO_BIAS + 4L * i, -0.0f);
        }
    }

    static Frame current() {
        return LOCAL.get();
    }

    /**
     * Gives the calling thread memory of another making, of zeros, and no more of it than it asks for; tests put it beside pages
     * that nobody may touch.
     */
    static void use(LongFunction<MemorySegment> source) {
        LOCAL.set(new Frame(source, false));
    }

    /** Undoes {@link #use}. */
    static void release() {
        LOCAL.remove();
    }

    long block() {
        return memory.address();
    }

    void set(int field, long value) {
        memory.set(JAVA_LONG, field, value);
    }

    /** Words for an argument block, to be written at once: an access to memory costs microseconds before it is compiled. */
    long[] words() {
        return words;
    }

    /** Writes the first of {@link #words} to the argument block. */
    void write(int count) {
        MemorySegment.copy(words, 0, memory, JAVA_LONG, 0, count);
    }

    void setInt(int field, int value) {
        memory.set(JAVA_INT, field, value);
    }

    void setFloat(int field, float value) {
        memory.set(JAVA_FLOAT, field, value);
    }

    /** The bias of the panel, or numbers that change nothing. */
    long bias(BlockWeights w, int panel) {
        MemorySegment bias = w.bias();
        if (bias.byteSize() == 0) {
            return memory.address() + NO_BIAS;
        }
        long at = (long) panel * VECTOR;
        if (at + VECTOR <= bias.byteSize()) {
            return bias.address() + at;
        }
        MemorySegment.copy(bias, at, memory, TAIL_BIAS, bias.byteSize() - at);
        return memory.address() + TAIL_BIAS;
    }

    /** Where rows of an unfinished panel go, 64 bytes apart. */
    long tail() {
        return memory.address() + TAIL;
    }

    /** Copies the outputs that exist of rows at {@link #tail}. */
    void copyTail(int rows, int outputs, MemorySegment y, long at, long strideBytes) {
        for (int r = 0; r < rows; r++) {
            MemorySegment.copy(memory, TAIL + (long) r * VECTOR, y, at + r * strideBytes, 4L * outputs);
        }
    }

    /**
     * Memory of at least so many bytes for products, from the beginning of a page: zeros, or what the last product left. Nobody
     * else may write it, since products count on the zeros that they leave.
     */
    MemorySegment scratch(long bytes) {
        if (scratch.byteSize() < bytes) {
            scratch = source.apply(bytes);
        }
        return scratch;
    }

    /** Memory of at least so many bytes for attention, of any content. */
    MemorySegment scores(long bytes) {
        if (scores.byteSize() < bytes) {
            scores = source.apply(bytes);
        }
        return scores;
    }

    /** Memory of at least so many bytes for what the caller of attention makes for all tasks, of any content. */
    MemorySegment pairs(long bytes) {
        if (pairs.byteSize() < bytes) {
            // half more, since a cache grows
            pairs = source.apply(spare ? bytes + bytes / 2 : bytes);
        }
        return pairs;
    }

    /** Gives {@link #scratch} up, which is not as its user would leave it. */
    void forget() {
        scratch = MemorySegment.NULL;
    }
}
