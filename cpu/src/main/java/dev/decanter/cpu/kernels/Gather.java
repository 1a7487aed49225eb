package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Rows of a constant table by index (embedding), decoded to f32. */
public final class Gather {
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
     * @param count number of indices
     * @param y receives f32 [count, K]
     */
    public static void rows(
            ThreadTeam team,
            Packer.Source table,
            MemorySegment indices,
            long indexOffset,
            IndexType indexType,
            long count,
            MemorySegment y,
            long yOffset) {
        gather(team, table, indices, indexOffset, indexType, count, (row, line) -> {}, y, yOffset);
    }

    /** As {@link #rows}, of a quantized table. */
    public static void quantizedRows(
            ThreadTeam team,
            Packer.Source table,
            Quantization quantization,
            MemorySegment indices,
            long indexOffset,
            IndexType indexType,
            long count,
            MemorySegment y,
            long yOffset) {
        Packer.check(table.format(), quantization);
        Rescale rescale = (row, line) -> rescale(quantization, row, line, table.inputs());
        gather(team, table, indices, indexOffset, indexType, count, rescale, y, yOffset);
    }

    private static void rescale(Quantization quantization, long row, float[] line, int n) {
        int group = Math.min(quantization.groupSize(), n);
        quantization.table().ifPresent(numbers -> numbers.replace(line, n));
        for (int g = 0; g * group < n; g++) {
            float scale = quantization.scales().at(row, g);
            float zero = quantization.zeroPoints().at(row, g);
            int end = Math.min(n, (g + 1) * group);
            for (int i = g * group; i < end; i++) {
                line[i] = (line[i] - zero) * scale;
            }
        }
    }

    /** Turns stored integers into numbers. */
    @FunctionalInterface
    private interface Rescale {
        void apply(long row, float[] line);
    }

    private static void gather(
            ThreadTeam team,
            Packer.Source table,
            MemorySegment indices,
            long indexOffset,
            IndexType indexType,
            long count,
            Rescale rescale,
            MemorySegment y,
            long yOffset) {
        if (table.inputMajor()) {
            throw new IllegalArgumentException("rows of an input-major table do not lie together");
        }
        int n = table.inputs();
        team.runRange(count, 8, (from, to) -> {
            float[] line = Scratch.current().floats(Scratch.STRIP, n);
            byte[] bytes = new byte[table.format() == WeightFormat.U8 ? n : 0];
            for (long i = from; i < to; i++) {
                long index = indexType == IndexType.I32
                        ? indices.get(Mem.I32, indexOffset + i * Integer.BYTES)
                        : indices.get(Mem.I64, indexOffset + i * Long.BYTES);
                long row = index < 0 ? index + table.outputs() : index;
                if (row < 0 || row >= table.outputs()) {
                    Arrays.fill(line, 0, n, 0);
                } else {
                    load(table, row, line, bytes);
                    rescale.apply(row, line);
                }
                Mem.write(line, 0, n, y, yOffset + i * n * Float.BYTES);
            }
        });
    }

    /** Bytes go through an array: a plain loop over one is quick before the JIT has seen it, and there are few rows. */
    private static void load(Packer.Source table, long row, float[] line, byte[] bytes) {
        int n = table.inputs();
        if (bytes.length == 0) {
            Conversions.load(table.format(), table.data(), table.offset(), row * n, line, n);
            return;
        }
        MemorySegment.copy(table.data(), Mem.I8, table.offset() + row * n, bytes, 0, n);
        for (int i = 0; i < n; i++) {
            line[i] = bytes[i] & 0xff;
        }
    }
}
