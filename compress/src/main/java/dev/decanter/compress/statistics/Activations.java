package dev.decanter.compress.statistics;

import dev.decanter.compress.CompressionException;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The input of a layer for one sample, in f32: {@code batch} times {@code tokens} rows of {@code channels}.
 *
 * @param values [batch, tokens, channels]
 */
@SuppressWarnings("ArrayRecordComponent") // not compared
record Activations(int batch, int tokens, int channels, float[] values) {
    /**
     * Reads a tensor.
     *
     * @param channelAxis −1, or −2 where the layer transposes its input
     * @throws CompressionException if the tensor does not hold floats
     */
    static Activations of(String layer, Tensor tensor, int channelAxis) {
        Shape shape = tensor.shape();
        int rank = shape.rank();
        if (rank == 0 || rank + channelAxis < 0) {
            throw new CompressionException("the input of layer \"" + layer + "\" has shape " + shape
                    + "; there are no statistics over the channels of such an input");
        }
        int channels = Math.toIntExact(shape.dim(rank + channelAxis));
        int tokens = rank == 1 ? 1 : Math.toIntExact(shape.dim(rank + (channelAxis == -1 ? -2 : -1)));
        long rows = channels == 0 ? 0 : shape.elements() / channels;
        int batch = tokens == 0 ? 0 : Math.toIntExact(rows / tokens);
        if (shape.elements() == 0) {
            throw new CompressionException("the input of layer \"" + layer + "\" is empty, of shape " + shape
                    + "; each sample must have a token at least");
        }
        float[] values = floats(layer, tensor);
        return new Activations(
                batch, tokens, channels, channelAxis == -1 ? values : transposed(values, batch, channels, tokens));
    }

    private static float[] transposed(float[] values, int batch, int rows, int columns) {
        float[] out = new float[values.length];
        for (int b = 0; b < batch; b++) {
            int base = b * rows * columns;
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    out[base + c * rows + r] = values[base + r * columns + c];
                }
            }
        }
        return out;
    }

    private static float[] floats(String layer, Tensor tensor) {
        int count = Math.toIntExact(tensor.shape().elements());
        MemorySegment memory = tensor.memory();
        float[] out = new float[count];
        switch (tensor.elementType()) {
            case F32 -> MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, out, 0, count);
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    out[i] = Float.float16ToFloat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i));
                }
            }
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    out[i] = Float.intBitsToFloat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i) << 16);
                }
            }
            default ->
                throw new CompressionException("the input of layer \"" + layer + "\" is of type "
                        + tensor.elementType().irName() + ", not of floats");
        }
        return out;
    }
}
