package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.decanter.cpu.kernels.BlockWeights;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.util.Random;

/**
 * Random weights of a kind.
 *
 * @param zeroPoints whether each entry has its own
 */
record BlockData(
        int bits,
        int group,
        boolean perRow,
        boolean halfScales,
        boolean zeroPoints,
        boolean bias,
        int outputs,
        int inputs) {

    BlockWeights weights(SegmentAllocator memory, Random random) {
        BlockWeights shape = new BlockWeights(
                bits,
                outputs,
                inputs,
                group,
                perRow,
                MemorySegment.NULL,
                MemorySegment.NULL,
                halfScales,
                MemorySegment.NULL,
                0,
                MemorySegment.NULL);
        MemorySegment codes = memory.allocate(shape.panels() * shape.panelBytes());
        byte[] bytes = new byte[(int) codes.byteSize()];
        random.nextBytes(bytes);
        MemorySegment.copy(bytes, 0, codes, JAVA_BYTE, 0, bytes.length);
        int entries = shape.panels() * shape.panelEntries();
        MemorySegment scales = memory.allocate((halfScales ? 2L : 4L) * entries);
        MemorySegment zeros = memory.allocate(zeroPoints ? entries : 0);
        for (int i = 0; i < entries; i++) {
            float scale = (random.nextFloat() - 0.3f) * 0.01f;
            if (halfScales) {
                scales.set(JAVA_SHORT_UNALIGNED, 2L * i, Float.floatToFloat16(scale));
            } else {
                scales.set(JAVA_FLOAT_UNALIGNED, 4L * i, scale);
            }
            if (zeroPoints) {
                zeros.set(JAVA_BYTE, i, (byte) random.nextInt(1 << bits));
            }
        }
        MemorySegment offsets = memory.allocate(bias ? 4L * outputs : 0);
        for (int i = 0; bias && i < outputs; i++) {
            offsets.set(JAVA_FLOAT_UNALIGNED, 4L * i, random.nextFloat() - 0.5f);
        }
        int zero = random.nextInt(3) == 0 ? 0 : random.nextInt(1 << bits);
        return new BlockWeights(bits, outputs, inputs, group, perRow, codes, scales, halfScales, zeros, zero, offsets);
    }
}
