package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Work on rows around products of {@link BlockWeights}: normalizing and quantizing what they take, gating what they give, and
 * reading the rows of a table. Implementations are safe for several threads. All give the same bits where vectors can
 * be used; plain loops round sums and functions in another way.
 */
public interface RowKernels {
    /** Returns those of this JVM without machine code: with vectors where they can be used, else plain loops. */
    static RowKernels portable() {
        return PortableRows.INSTANCE;
    }

    /** Returns plain loops: the soonest with a few rows, as long as nothing is compiled. */
    static RowKernels plain() {
        return PortableRows.PLAIN;
    }

    /** Returns how many numbers are worth handing to another thread. */
    int task();

    /**
     * Rows to be quantized, f32.
     *
     * @param x row m begins at byte {@code xOffset + 4 * m * stride}
     * @param stride elements from row to row of x, residual and sum
     * @param residual what is added to x beforehand; {@link MemorySegment#NULL} for nothing
     * @param sum receives {@code x + residual}, if there is one; may be x or residual itself
     * @param normalizes whether {@link Norms#rms} comes before quantizing
     * @param weight of that, f32 [inputs]; {@link MemorySegment#NULL} for none
     * @param eps of that
     */
    record Source(
            MemorySegment x,
            long xOffset,
            long stride,
            MemorySegment residual,
            long residualOffset,
            MemorySegment sum,
            long sumOffset,
            boolean normalizes,
            MemorySegment weight,
            long weightOffset,
            float eps) {
        boolean adds() {
            return residual.byteSize() > 0;
        }
    }

    /**
     * Quantizes rows {@code [from, to)} of a source into their place; rows that the target has not are those that fill its last
     * tile. Runs on the calling thread.
     *
     * @param target has its shape and memory
     */
    void quantize(Source source, QuantizedRows target, int from, int to);

    /**
     * {@link Norms#rms} of rows {@code [from, to)}; runs on the calling thread.
     *
     * @param n length of a row; row m is at byte {@code xOffset + 4 * m * n} of x, likewise of y
     * @param weight f32 [n] at byte {@code weightOffset}; {@link MemorySegment#NULL} for none
     * @param y receives f32; may be x itself
     */
    void rms(
            MemorySegment x,
            long xOffset,
            MemorySegment weight,
            long weightOffset,
            float eps,
            int n,
            long from,
            long to,
            MemorySegment y,
            long yOffset);

    /**
     * {@code y[m, i] = op(gate[m, i]) * up[m, i]}, f32; runs on the calling thread.
     *
     * @param alpha parameter of the operation, if it has one
     * @param both memory with the gate and what it is multiplied by
     * @param gateAt byte of gate[0, 0]
     * @param upAt byte of up[0, 0]
     * @param stride elements from row to row of these two
     * @param yAt byte of y[0, 0]
     * @param yStride elements from row to row of y
     */
    void gate(
            UnaryOp op,
            float alpha,
            MemorySegment both,
            long gateAt,
            long upAt,
            long stride,
            int rows,
            int n,
            MemorySegment y,
            long yAt,
            long yStride);

    /**
     * Rows of a table by index, decoded to f32, as {@link Gather} says; runs on the calling thread.
     *
     * @param quantization scales and zero points; empty for a table of numbers
     * @param from first index
     * @param to index after the last
     * @param y receives f32; row i is at byte {@code yOffset + 4 * i * inputs}
     */
    void gather(
            Packer.Source table,
            Optional<Quantization> quantization,
            MemorySegment indices,
            long indexOffset,
            Gather.IndexType indexType,
            long from,
            long to,
            MemorySegment y,
            long yOffset);
}
