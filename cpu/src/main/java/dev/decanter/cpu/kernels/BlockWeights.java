package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/**
 * The weight W[N, K] of 4- or 8-bit integers, re-laid for products with {@link QuantizedRows}. Immutable; made by {@link
 * BlockPacker}. Every implementation of {@link BlockKernels} reads this one layout.
 *
 * <p>Rows are cut into panels of {@value #PANEL}, inputs padded with zeros to {@link #paddedInputs}. The codes of a panel are
 * words of 64 bytes: byte {@code 4 r + i} of word j belongs to row r of the panel and, with 8 bits, to input {@code 4 j +
 * i}; with 4 bits its low nibble to input {@code 8 j + i} and its high nibble to input {@code 8 j + 4 + i}. Signed integers
 * are stored plus 128 or 8. Codes of rows past N are 0.
 *
 * <p>Scales and zero points: of entry (panel p, group g, row r) index {@code (p * groups + g) * 16 + r}, or {@code p * 16 + r}
 * if {@code perRow}. Scales are f16 if {@code halfScales}, else f32; zero points bytes without sign. Entries of rows past N
 * are 0.
 *
 * @param bits of a code, 4 or 8
 * @param outputs N
 * @param inputs K
 * @param group inputs of a group, 32 or a multiple of 64, at most 512: both of the weight's (unless {@code perRow}) and of the activations'
 * @param perRow whether a row has one scale and one zero point for all groups
 * @param codes {@code panels * panelBytes} bytes, aligned to 64
 * @param scales aligned to 64
 * @param halfScales whether scales are f16
 * @param zeroPoints aligned to 16; empty if all are {@code zeroPoint}
 * @param zeroPoint of all rows and groups, where {@code zeroPoints} is empty
 * @param bias f32 bias[N]; empty for none
 */
public record BlockWeights(
        int bits,
        int outputs,
        int inputs,
        int group,
        boolean perRow,
        MemorySegment codes,
        MemorySegment scales,
        boolean halfScales,
        MemorySegment zeroPoints,
        int zeroPoint,
        MemorySegment bias) {
    /** Rows that lie together. */
    public static final int PANEL = 16;

    /** Bytes of a word of codes. */
    public static final int WORD = 64;

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
                bits, outputs, inputs, group, perRow, codes, scales, halfScales, zeroPoints, zeroPoint, own);
    }

    /** Returns K rounded up to whole groups, and to a multiple of 64. */
    public int paddedInputs() {
        return paddedInputs(inputs, group);
    }

    /** K rounded up to whole groups, and to a multiple of 64. */
    static int paddedInputs(int inputs, int group) {
        int unit = Math.max(64, group);
        return Math.multiplyExact(Math.ceilDiv(inputs, unit), unit);
    }

    /** Returns the groups of a padded row. */
    public int groups() {
        return paddedInputs() / group;
    }

    /** Returns the number of panels. */
    public int panels() {
        return Math.ceilDiv(outputs, PANEL);
    }

    /** Returns the bytes of a panel's codes. */
    public long panelBytes() {
        return (long) paddedInputs() * PANEL * bits / Byte.SIZE;
    }

    /** Returns the number of scales of a panel. */
    public int panelEntries() {
        return PANEL * (perRow ? 1 : groups());
    }

    /** Returns the bytes of memory held. */
    public long byteSize() {
        return codes.byteSize() + scales.byteSize() + zeroPoints.byteSize();
    }

    /** The code of an input of a row. */
    int code(int row, int input) {
        long panel = row / PANEL * panelBytes();
        int lane = 4 * (row % PANEL);
        if (bits == Byte.SIZE) {
            return codes.get(Mem.I8, panel + (long) input / 4 * WORD + lane + input % 4) & 0xff;
        }
        int b = codes.get(Mem.I8, panel + (long) input / 8 * WORD + lane + input % 4);
        return (b >> (input % 8 / 4 * 4)) & 15;
    }

    /** The index of the scale and zero point of a row's group. */
    long entry(int row, int g) {
        return (long) row / PANEL * panelEntries() + (perRow ? 0 : g * PANEL) + row % PANEL;
    }

    float scale(int row, int g) {
        long at = entry(row, g);
        return halfScales ? Float.float16ToFloat(scales.get(Mem.I16, 2 * at)) : scales.get(Mem.F32, 4 * at);
    }

    int zeroPoint(int row, int g) {
        return zeroPoints.byteSize() == 0 ? zeroPoint : zeroPoints.get(Mem.I8, entry(row, g)) & 0xff;
    }
}
