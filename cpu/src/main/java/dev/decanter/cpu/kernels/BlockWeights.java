package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/**
 * The weight W[N, K] of 4- or 8-bit integers, re-laid for products with {@link QuantizedRows}. Immutable; made by {@link
 * BlockPacker} in the layout that its kernels want. Portable {@link BlockKernels} read every layout, machine code only its own.
 *
 * <p>Rows are cut into panels of {@value #PANEL}, inputs padded with zeros to {@link #paddedInputs}. Where scales, zero points and
 * codes of a panel lie is said by {@link PanelLayout}.
 *
 * <p>The codes are words of 64 bytes: byte {@code 4 r + i} of word j belongs to row r of the panel and, with 8 bits, to input
 * {@code 4 j + i}; with 4 bits its low nibble to input {@code 8 j + i} and its high nibble to input {@code 8 j + 4 + i}. Signed
 * integers are stored plus 128 or 8. Codes of rows past N are 0.
 *
 * <p>Scales and zero points of a panel: of entry (group g, row r) index {@code g * 16 + r}, or {@code r} if {@code perRow}.
 * Scales are f16 if {@code halfScales}, else f32; zero points bytes without sign. Entries of rows past N are 0.
 */
public final class BlockWeights {
    /** Rows that lie together. */
    public static final int PANEL = 16;

    /** Bytes of a word of codes. */
    public static final int WORD = 64;

    private final int bits;
    private final int outputs;
    private final int inputs;
    private final int group;
    private final boolean perRow;
    private final boolean halfScales;
    private final boolean zeroPoints;
    private final int zeroPoint;
    private final PanelLayout layout;
    private final MemorySegment data;
    private final MemorySegment bias;
    // once, since kernels ask for them again and again
    private final int paddedInputs;
    private final int groups;
    private final int panels;
    private final int panelEntries;
    private final int scaleBytes;
    private final long panelBytes;
    private final long scalesFrom;
    private final long scalesStep;
    private final long zeroPointsFrom;
    private final long zeroPointsStep;
    private final long codesFrom;
    private final long codesStep;

    /**
     * A weight of which all is known.
     *
     * @param bits of a code, 4 or 8
     * @param outputs N
     * @param inputs K
     * @param group inputs of a group, 32 or a multiple of 64, at most 512: both of the weight's (unless {@code perRow}) and of the activations'
     * @param perRow whether a row has one scale and one zero point for all groups
     * @param halfScales whether scales are f16
     * @param zeroPoints whether there are zero points in memory
     * @param zeroPoint of all rows and groups, where there are none in memory
     * @param layout where parts of panels lie
     * @param data {@code panels * panelBytes} bytes, aligned to 64
     * @param bias f32 bias[N]; empty for none
     */
    public BlockWeights(
            int bits,
            int outputs,
            int inputs,
            int group,
            boolean perRow,
            boolean halfScales,
            boolean zeroPoints,
            int zeroPoint,
            PanelLayout layout,
            MemorySegment data,
            MemorySegment bias) {
        this.bits = bits;
        this.outputs = outputs;
        this.inputs = inputs;
        this.group = group;
        this.perRow = perRow;
        this.halfScales = halfScales;
        this.zeroPoints = zeroPoints;
        this.zeroPoint = zeroPoint;
        this.layout = layout;
        this.data = data;
        this.bias = bias;
        paddedInputs = paddedInputs(inputs, group);
        groups = paddedInputs / group;
        panels = Math.ceilDiv(outputs, PANEL);
        panelEntries = PANEL * (perRow ? 1 : groups);
        scaleBytes = panelEntries * (halfScales ? Short.BYTES : Float.BYTES);
        int entryBytes = scaleBytes + (zeroPoints ? panelEntries : 0);
        long codeBytes = (long) paddedInputs * PANEL * bits / Byte.SIZE;
        if (layout == PanelLayout.TOGETHER) {
            int head = Math.ceilDiv(entryBytes, WORD) * WORD;
            panelBytes = head + codeBytes;
            scalesFrom = 0;
            scalesStep = panelBytes;
            zeroPointsFrom = scaleBytes;
            zeroPointsStep = panelBytes;
            codesFrom = head;
            codesStep = panelBytes;
        } else {
            panelBytes = codeBytes + entryBytes;
            scalesFrom = panels * codeBytes;
            scalesStep = scaleBytes;
            zeroPointsFrom = scalesFrom + (long) panels * scaleBytes;
            zeroPointsStep = panelEntries;
            codesFrom = 0;
            codesStep = codeBytes;
        }
    }

    /** Returns the same weight with other memory. */
    public BlockWeights in(MemorySegment memory) {
        return new BlockWeights(
                bits, outputs, inputs, group, perRow, halfScales, zeroPoints, zeroPoint, layout, memory, bias);
    }

    /**
     * Returns the same weight with a bias; shares the memory.
     *
     * @param memory gives the bias its memory
     * @param values bias[N]
     * @throws IllegalArgumentException if there are not N values
     */
    public BlockWeights withBias(WeightMemory memory, float[] values) {
        if (values.length != outputs) {
            throw new IllegalArgumentException("bias has " + values.length + " values for " + outputs + " outputs");
        }
        MemorySegment own = memory.allocate((long) values.length * Float.BYTES);
        Mem.write(values, 0, values.length, own, 0);
        return new BlockWeights(
                bits, outputs, inputs, group, perRow, halfScales, zeroPoints, zeroPoint, layout, data, own);
    }

    /** K rounded up to whole groups, and to a multiple of 64. */
    static int paddedInputs(int inputs, int group) {
        int unit = Math.max(64, group);
        return Math.multiplyExact(Math.ceilDiv(inputs, unit), unit);
    }

    /** Returns the bits of a code, 4 or 8. */
    public int bits() {
        return bits;
    }

    /** Returns N. */
    public int outputs() {
        return outputs;
    }

    /** Returns K. */
    public int inputs() {
        return inputs;
    }

    /** Returns the inputs of a group. */
    public int group() {
        return group;
    }

    /** Returns whether a row has one scale and one zero point for all groups. */
    public boolean perRow() {
        return perRow;
    }

    /** Returns whether scales are f16. */
    public boolean halfScales() {
        return halfScales;
    }

    /** Returns whether there are zero points in memory. */
    public boolean zeroPoints() {
        return zeroPoints;
    }

    /** Returns the zero point of all rows and groups, where there are none in memory. */
    public int zeroPoint() {
        return zeroPoint;
    }

    /** Returns the panels, {@code panels * panelBytes} bytes, as {@link #layout} says. */
    public MemorySegment data() {
        return data;
    }

    /** Returns f32 bias[N]; empty for none. */
    public MemorySegment bias() {
        return bias;
    }

    /** Returns K rounded up to whole groups, and to a multiple of 64. */
    public int paddedInputs() {
        return paddedInputs;
    }

    /** Returns the groups of a padded row. */
    public int groups() {
        return groups;
    }

    /** Returns the number of panels. */
    public int panels() {
        return panels;
    }

    /** Returns the number of scales of a panel. */
    public int panelEntries() {
        return panelEntries;
    }

    /** Returns the bytes of a panel's scales. */
    public int scaleBytes() {
        return scaleBytes;
    }

    /** Returns where parts of panels lie. */
    public PanelLayout layout() {
        return layout;
    }

    /** Returns the bytes from the codes of a panel to those of the next one. */
    public long codesStep() {
        return codesStep;
    }

    /** Returns the bytes of a panel, of all its parts. */
    public long panelBytes() {
        return panelBytes;
    }

    /** Returns the byte where the scales of a panel begin. */
    public long scalesAt(int panel) {
        return scalesFrom + panel * scalesStep;
    }

    /** Returns the byte where the zero points of a panel begin. */
    public long zeroPointsAt(int panel) {
        return zeroPointsFrom + panel * zeroPointsStep;
    }

    /** Returns the byte where the codes of a panel begin. */
    public long codesAt(int panel) {
        return codesFrom + panel * codesStep;
    }

    /** Returns the bytes of memory held. */
    public long byteSize() {
        return data.byteSize();
    }

    /** The code of an input of a row whose panel's codes begin at byte {@code codesAt}. */
    int code(long codesAt, int row, int input) {
        long at = codesAt + 4L * (row % PANEL) + input % 4;
        if (bits == Byte.SIZE) {
            return data.get(Mem.I8, at + (long) input / 4 * WORD) & 0xff;
        }
        return (data.get(Mem.I8, at + (long) input / 8 * WORD) >> (input % 8 / 4 * 4)) & 15;
    }

    /** The index of the scale and zero point of a row's group within its panel. */
    long entry(int row, int g) {
        return (perRow ? 0 : (long) g * PANEL) + row % PANEL;
    }

    float scale(int row, int g) {
        long at = scalesAt(row / PANEL);
        long entry = entry(row, g);
        return halfScales
                ? Float.float16ToFloat(data.get(Mem.I16, at + Short.BYTES * entry))
                : data.get(Mem.F32, at + Float.BYTES * entry);
    }

    int zeroPoint(int row, int g) {
        return zeroPoints ? data.get(Mem.I8, zeroPointsAt(row / PANEL) + entry(row, g)) & 0xff : zeroPoint;
    }
}
