package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.HeadRows;
import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.cpu.kernels.Paged;
import dev.decanter.cpu.kernels.Strided;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.machine.MachineHeads;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.VariableState;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Keys or values of one layer, [batch, heads, length, size], in blocks of {@link #BLOCK} positions of one sequence, which lie and
 * are rounded as {@link PageLayout} says. What goes in and out is f32. Sequences that continue the same one share its blocks; what is written is only the
 * block at the end, and a sequence that shares it gets a copy of it first. So a reordering copies at most one block for
 * each sequence, and growing copies nothing.
 */
final class KvCache implements VariableState, AutoCloseable {
    static final int BLOCK = Paged.ROWS;
    private static final ThreadTeam ALONE = new ThreadTeam(1);

    private final String variable;
    private final PageLayout layout;
    private final BlockPool pool;
    /** The blocks of each sequence, as many as its length needs. Never changed in place: the past keeps the old ones. */
    private int[][] tables = {};

    private int[][] pastTables = {};
    private long length;
    private long pastLength;
    private boolean reordered;
    private long bytesCopied;
    private @Nullable Paged rows;

    KvCache(String variable, PageLayout layout) {
        this.variable = variable;
        this.layout = layout;
        this.pool = new BlockPool(layout.bytes());
    }

    /** Called before each inference: what is in the cache now is the past. */
    void begin() {
        pastLength = length;
        pastTables = tables;
        reordered = false;
    }

    /** Back to the past, its order of sequences too, when an inference failed in the middle. */
    void rollBack() {
        length = pastLength;
        tables(pastTables);
        pool.recount(tables);
    }

    /** Gives up the past, when an inference has succeeded. */
    void commit() {
        if (reordered) {
            pool.sweep();
        }
        pastTables = tables;
    }

    long heads() {
        return layout.heads();
    }

    long size() {
        return layout.size();
    }

    long pastLength() {
        return pastLength;
    }

    Shape shape() {
        return Shape.of(tables.length, heads(), length, size());
    }

    /** For tests: bytes copied within the cache so far, because sequences that shared a block parted. */
    long bytesCopied() {
        return bytesCopied;
    }

    /** For tests: blocks that are not free. */
    int blocksInUse() {
        return pool.inUse();
    }

    /** The filled positions, for a kernel; valid until the cache changes. */
    HeadRows rows() {
        return pages();
    }

    private Paged pages() {
        Paged current = rows;
        if (current == null) {
            int each = tables.length == 0 ? 0 : tables[0].length;
            MemorySegment[] pages = new MemorySegment[tables.length * each];
            for (int i = 0; i < pages.length; i++) {
                pages[i] = pool.block(tables[i / each][i % each]);
            }
            current = new Paged(layout, pages, each);
            rows = current;
        }
        return current;
    }

    private void tables(int[][] changed) {
        tables = changed;
        rows = null;
    }

    private static int blocks(long positions) {
        return Math.toIntExact((positions + BLOCK - 1) / BLOCK);
    }

    /** Rearranges sequences: new sequence b continues old sequence {@code beams[b]}. Copies nothing. */
    void reorder(Tensor beams) {
        long[] order = beams.toLongs();
        if (length == 0) {
            if (tables.length != order.length) {
                tables(new int[order.length][0]);
            }
            return;
        }
        boolean identity = order.length == tables.length;
        for (int i = 0; i < order.length; i++) {
            if (order[i] < 0 || order[i] >= tables.length) {
                throw new InferenceException("beam_idx " + order[i] + " is not one of the " + tables.length
                        + " sequences in the cache \"" + variable + "\"");
            }
            identity &= order[i] == i;
        }
        if (identity) {
            return;
        }
        int[][] chosen = new int[order.length][];
        for (int i = 0; i < order.length; i++) {
            chosen[i] = tables[(int) order[i]];
            for (int block : chosen[i]) {
                pool.retain(block);
            }
        }
        releaseFrom(0);
        tables(chosen);
        reordered = true;
    }

    /** Lets every sequence's blocks go from number {@code first} on. */
    private void releaseFrom(int first) {
        for (int[] table : tables) {
            for (int i = first; i < table.length; i++) {
                pool.release(table[i]);
            }
        }
    }

    /** Adds [batch, heads, steps, size], or [batch, steps, heads, size] if turned, after the filled positions. */
    void append(ThreadTeam team, Tensor values, boolean turned) {
        Shape shape = values.shape();
        int steps = turned ? 1 : 2;
        if (shape.rank() != 4
                || shape.dim(3 - steps) != heads()
                || shape.dim(3) != size()
                || shape.dim(0) != tables.length) {
            throw new InferenceException("cannot append " + shape + " to the cache \"" + variable + "\" of " + shape());
        }
        long count = shape.dim(steps);
        makeRoom(count);
        int heads = layout.heads();
        Optional<MachineHeads> machine = MachineHeads.kernels().filter(m -> m.writes(layout, values.memory()));
        if (machine.isPresent()) {
            Strided given = turned
                    ? Strided.rowMajor(values.memory(), 0, count, heads, size())
                    : Strided.headMajor(values.memory(), 0, heads, count, size());
            machine.get().write(team, pages(), tables.length, length, Math.toIntExact(count), given);
            length += count;
            return;
        }
        team.runRange((long) tables.length * heads, Math.ceilDiv(BLOCK, count + 1), (from, to) -> {
            for (long row = from; row < to; row++) {
                append(values.memory(), (int) (row / heads), (int) (row % heads), count, turned);
            }
        });
        length += count;
    }

    private void append(MemorySegment values, int sequence, int head, long steps, boolean turned) {
        long heads = layout.heads();
        for (long step = 0; step < steps; ) {
            int at = (int) ((length + step) % BLOCK);
            // rows of a head do not follow each other if turned
            int count = turned ? 1 : (int) Math.min(steps - step, BLOCK - at);
            MemorySegment block = pool.block(tables[sequence][(int) ((length + step) / BLOCK)]);
            long from = turned ? (sequence * steps + step) * heads + head : (sequence * heads + head) * steps + step;
            layout.write(block, head, at, count, values, from * layout.size() * Float.BYTES);
            step += count;
        }
    }

    /** Gives every sequence blocks for {@code steps} more positions, the first of them its own. */
    private void makeRoom(long steps) {
        int have = blocks(length);
        int wanted = blocks(length + steps);
        int sequences = tables.length;
        long filled = length % BLOCK;
        int parting = 0;
        if (filled > 0 && steps > 0 && sequences > 1) {
            // the last holder of a block writes to it: the past, if it holds it too, knows only positions before that
            parting = sequences
                    - (int) Arrays.stream(tables)
                            .mapToInt(t -> t[have - 1])
                            .distinct()
                            .count();
        }
        if (parting == 0 && wanted == have) {
            return;
        }
        // all of it before anything changes: memory may run out
        pool.reserve(Math.addExact(Math.multiplyExact(sequences, wanted - have), parting));
        int[][] grown = new int[sequences][];
        for (int s = 0; s < sequences; s++) {
            int[] table = Arrays.copyOf(tables[s], wanted);
            if (parting > 0 && pool.holders(table[have - 1]) > 1) {
                table[have - 1] = copyOf(table[have - 1], filled);
            }
            for (int i = have; i < wanted; i++) {
                table[i] = pool.take();
            }
            grown[s] = table;
        }
        tables(grown);
    }

    /** A holder's own copy of the first positions of a block that it shared. */
    private int copyOf(int shared, long positions) {
        int own = pool.take();
        layout.copy(pool.block(shared), pool.block(own), (int) positions);
        bytesCopied += layout.copied((int) positions);
        pool.release(shared);
        return own;
    }

    /** A contiguous f32 copy into {@code target} [batch, heads, length, size]. */
    void copyTo(MemorySegment target) {
        Paged pages = pages();
        for (int sequence = 0; sequence < tables.length; sequence++) {
            for (int first = 0; first < length; first += BLOCK) {
                int count = (int) Math.min(BLOCK, length - first);
                for (int h = 0; h < layout.heads(); h++) {
                    long row = ((long) sequence * layout.heads() + h) * length + first;
                    pages.copy(sequence, h, first, count, target, row * layout.size() * Float.BYTES);
                }
            }
        }
    }

    @Override
    public String name() {
        return variable;
    }

    @Override
    public Tensor state() {
        Tensor copy = Tensor.allocate(ElementType.F32, shape());
        copyTo(copy.memory());
        return copy;
    }

    @Override
    public void state(Tensor value) {
        Shape shape = value.shape();
        boolean fits = value.elementType() == ElementType.F32
                && shape.rank() == 4
                && shape.dim(1) == heads()
                && shape.dim(3) == size();
        if (!fits) {
            throw new InferenceException(
                    "state \"" + variable + "\" takes f32[?, " + heads() + ", ?, " + size() + "], not " + value);
        }
        reset();
        tables(new int[Math.toIntExact(shape.dim(0))][0]);
        append(ALONE, value, false);
    }

    @Override
    public void trim(int axis, long newLength) {
        if (axis != 2 && axis != -2) {
            throw new InferenceException("the cache \"" + variable + "\" can be trimmed along axis 2, not " + axis);
        }
        if (newLength < 0) {
            throw new InferenceException("the cache \"" + variable + "\" cannot be trimmed to " + newLength);
        }
        if (newLength >= length) {
            return;
        }
        length = newLength;
        int kept = blocks(length);
        releaseFrom(kept);
        int[][] shorter = new int[tables.length][];
        Arrays.setAll(shorter, s -> Arrays.copyOf(tables[s], kept));
        tables(shorter);
        pool.sweep();
    }

    @Override
    public void reset() {
        trim(2, 0);
    }

    @Override
    public void close() {
        pool.close();
    }
}
