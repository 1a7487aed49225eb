package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/**
 * The weight W[N, K] of a linear layer, re-laid for the kernels of {@link Linear}. Immutable. Made by {@link Packer}.
 *
 * <p>Layout, the same at every vector width: rows are cut into panels of {@value #PANEL}; in a panel, input k of all
 * {@value #PANEL} rows lies together, k rising (rows past N and inputs past K are zero). 16-bit formats stay 16-bit;
 * where there are vectors they are <em>paired</em>: of the rows of one input, row i and row 16 + i are neighbours, and
 * f16 is held as {@link HalfCode} if all its numbers have one. Integers are stored unsigned (a signed one plus 128 or 8, its zero point too); of 4-bit ones, a byte has input 2i of
 * a row in the low nibble and input 2i+1 in the high one. Scales are f32 and zero points bytes, per panel, group, row.
 */
public final class PackedWeights {
    /** Output rows that lie together. */
    static final int PANEL = 32;

    /** Inputs are padded to a multiple of this. */
    static final int K_STEP = 4;

    private final WeightFormat format;
    private final int outputs;
    private final int inputs;
    private final int groupSize;
    private final boolean paired;
    private final MemorySegment data;
    private final MemorySegment scales;
    private final MemorySegment zeroPoints;
    private final float[] bias;

    PackedWeights(
            WeightFormat format,
            int outputs,
            int inputs,
            int groupSize,
            boolean paired,
            MemorySegment data,
            MemorySegment scales,
            MemorySegment zeroPoints,
            float[] bias) {
        this.format = format;
        this.outputs = outputs;
        this.inputs = inputs;
        this.groupSize = groupSize;
        this.paired = paired;
        this.data = data;
        this.scales = scales;
        this.zeroPoints = zeroPoints;
        this.bias = bias;
    }

    /**
     * Returns the same weight with a bias that {@link Linear} adds to every output row; shares the memory.
     *
     * @param values bias[N]
     * @throws IllegalArgumentException if there are not N values
     */
    public PackedWeights withBias(float[] values) {
        if (values.length != outputs) {
            throw new IllegalArgumentException("bias has " + values.length + " values for " + outputs + " outputs");
        }
        return new PackedWeights(format, outputs, inputs, groupSize, paired, data, scales, zeroPoints, values.clone());
    }

    /** Returns how elements are stored. */
    public WeightFormat format() {
        return format;
    }

    /** Returns N, the number of output features. */
    public int outputs() {
        return outputs;
    }

    /** Returns K, the number of input features. */
    public int inputs() {
        return inputs;
    }

    /** Returns the bytes of memory held: elements, scales and zero points. */
    public long byteSize() {
        return data.byteSize() + scales.byteSize() + zeroPoints.byteSize();
    }

    /** Returns whether a bias is added. */
    public boolean hasBias() {
        return bias.length > 0;
    }

    float[] bias() {
        return bias;
    }

    MemorySegment data() {
        return data;
    }

    MemorySegment scales() {
        return scales;
    }

    MemorySegment zeroPoints() {
        return zeroPoints;
    }

    /** Whether rows i and 16 + i of each input are neighbours (16-bit formats only). */
    boolean paired() {
        return paired;
    }

    int groupSize() {
        return groupSize;
    }

    int groups() {
        return groups(inputs, groupSize);
    }

    int panels() {
        return panels(outputs);
    }

    /** K rounded up to what the kernels read. */
    int paddedInputs() {
        return paddedInputs(inputs);
    }

    long panelBytes() {
        return panelBytes(format, inputs);
    }

    static int panels(int outputs) {
        return Math.ceilDiv(outputs, PANEL);
    }

    static int paddedInputs(int inputs) {
        return Math.ceilDiv(inputs, K_STEP) * K_STEP;
    }

    static int groups(int inputs, int groupSize) {
        return Math.ceilDiv(inputs, groupSize);
    }

    static long panelBytes(WeightFormat format, int inputs) {
        return (long) paddedInputs(inputs) * PANEL * format.bits() / Byte.SIZE;
    }
}
