package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The weight W[N, K] of a linear layer, re-laid for the kernels of {@link Linear}. Immutable. Made by {@link Packer}.
 *
 * <p>Layout: rows are cut into panels of {@value #PANEL}; in a panel, input k of all {@value #PANEL} rows lies
 * together, k rising (rows past N and inputs past K are zero). Elements keep their bits in memory: 16, 8 or 4. Integers
 * are stored unsigned (a signed one plus 128 or 8, its zero point too), codes as they are; scales and zero points keep
 * their bits as well.
 *
 * <p>Where there are vectors, formats narrower than 32 bits are <em>paired</em> (CODE8 if it is E4M3 without NaN): from low to high bits, the 32-bit word
 * j (0 to 15) of a panel's first inputs holds row j of input 0, row 16 + j of input 0, row j of input 1, and so on for
 * as many inputs as fill the word; so shifts and masks alone bring rows into lanes, at any vector width. f16 is then held
 * as {@link HalfCode}, if all numbers of the weight have one. Otherwise the rows of an input follow each other, 4-bit
 * ones with an even input in the low nibble and the next in the high one.
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
    private final Scaling scaling;
    private final Optional<CodeTable> table;
    private final float[] bias;

    PackedWeights(
            WeightFormat format,
            int outputs,
            int inputs,
            int groupSize,
            boolean paired,
            MemorySegment data,
            Scaling scaling,
            Optional<CodeTable> table,
            float[] bias) {
        this.format = format;
        this.outputs = outputs;
        this.inputs = inputs;
        this.groupSize = groupSize;
        this.paired = paired;
        this.data = data;
        this.scaling = scaling;
        this.table = table;
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
        return new PackedWeights(format, outputs, inputs, groupSize, paired, data, scaling, table, values.clone());
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
        return data.byteSize() + scaling.byteSize();
    }

    /** Returns whether a bias is added. */
    public boolean hasBias() {
        return bias.length > 0;
    }

    float[] bias() {
        return bias;
    }

    /** Returns the elements, panel after panel. */
    public MemorySegment data() {
        return data;
    }

    Scaling scaling() {
        return scaling;
    }

    /** What the codes of a coded format stand for. */
    CodeTable table() {
        return table.orElseThrow();
    }

    /** Returns whether the paired layout is used. */
    public boolean paired() {
        return paired;
    }

    int groupSize() {
        return groupSize;
    }

    int groups() {
        return groups(inputs, groupSize);
    }

    /** Returns the number of panels. */
    public int panels() {
        return panels(outputs);
    }

    /** Returns K rounded up to what the kernels read. */
    public int paddedInputs() {
        return paddedInputs(inputs);
    }

    /** Returns the bytes of a panel's elements. */
    public long panelBytes() {
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
