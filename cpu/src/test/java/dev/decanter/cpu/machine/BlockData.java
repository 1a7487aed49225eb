package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.PanelLayout;
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
        MemorySegment offsets = memory.allocate(bias ? 4L * outputs : 0);
        for (int i = 0; bias && i < outputs; i++) {
            offsets.set(JAVA_FLOAT_UNALIGNED, 4L * i, random.nextFloat() - 0.5f);
        }
        int zero = random.nextInt(3) == 0 ? 0 : random.nextInt(1 << bits);
        BlockWeights shape = new BlockWeights(
                bits,
                outputs,
                inputs,
                group,
                perRow,
                halfScales,
                zeroPoints,
                zero,
                PanelLayout.TOGETHER,
                MemorySegment.NULL,
                offsets);
        BlockWeights w = shape.in(memory.allocate(shape.panels() * shape.panelBytes()));
        byte[] bytes = new byte[(int) w.byteSize()];
        random.nextBytes(bytes);
        MemorySegment.copy(bytes, 0, w.data(), JAVA_BYTE, 0, bytes.length);
        for (int panel = 0; panel < w.panels(); panel++) {
            for (int i = 0; i < w.panelEntries(); i++) {
                float scale = (random.nextFloat() - 0.3f) * 0.01f;
                if (halfScales) {
                    w.data().set(JAVA_SHORT_UNALIGNED, w.scalesAt(panel) + 2L * i, Float.floatToFloat16(scale));
                } else {
                    w.data().set(JAVA_FLOAT_UNALIGNED, w.scalesAt(panel) + 4L * i, scale);
                }
                if (zeroPoints) {
                    w.data().set(JAVA_BYTE, w.zeroPointsAt(panel) + i, (byte) random.nextInt(1 << bits));
                }
            }
        }
        return w;
    }
}
