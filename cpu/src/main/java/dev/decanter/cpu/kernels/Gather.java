package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Rows of a constant table by index (embedding), decoded to f32. */
public final class Gather {
    /** Rows worth handing to another thread. */
    private static final int LEAST = 8;

    private Gather() {}

    /** How indices are stored. */
    public enum IndexType {
        I32,
        I64
    }

    /**
     * {@code y[i, :] = table[index[i], :]}. An index below 0 counts from the end; one outside the table gives zeros, as
     * the Gather operation has it.
     *
     * @param table W[N, K] with N rows ("outputs") of K elements, as it lies in its file, not input-major
     * @param quantization what turns the table's integers or codes into numbers; empty for a table of numbers
     * @param count number of indices
     * @param y receives f32 [count, K]
     * @throws IllegalArgumentException if the table is input-major, or its format does not fit its quantization
     */
    public static void rows(
            ThreadTeam team,
            RowKernels kernels,
            Packer.Source table,
            Optional<Quantization> quantization,
            MemorySegment indices,
            long indexOffset,
            IndexType indexType,
            long count,
            MemorySegment y,
            long yOffset) {
        if (table.inputMajor()) {
            throw new IllegalArgumentException("rows of an input-major table do not lie together");
        }
        if (quantization.isPresent()) {
            Packer.check(table.format(), quantization.get());
        }
        int least = Math.max(LEAST, kernels.task() / table.inputs());
        if (count <= least) {
            kernels.gather(table, quantization, indices, indexOffset, indexType, 0, count, y, yOffset);
            return;
        }
        team.runRange(
                count,
                least,
                (from, to) ->
                        kernels.gather(table, quantization, indices, indexOffset, indexType, from, to, y, yOffset));
    }
}
