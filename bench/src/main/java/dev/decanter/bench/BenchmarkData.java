package dev.decanter.bench;

import dev.decanter.cpu.kernels.WeightFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Random contents of tensors. */
final class BenchmarkData {
    private BenchmarkData() {}

    /** Fills memory with normal numbers of the given spread, or with random bits if the format is quantized. */
    static void fill(MemorySegment s, WeightFormat format, Random random, float spread) {
        long elements = s.byteSize() * Byte.SIZE / format.bits();
        switch (format) {
            case F32 -> {
                for (long i = 0; i < elements; i++) {
                    s.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian() * spread);
                }
            }
            case F16, BF16 -> {
                for (long i = 0; i < elements; i++) {
                    float value = (float) random.nextGaussian() * spread;
                    short bits = format == WeightFormat.F16
                            ? Float.floatToFloat16(value)
                            : (short) (Float.floatToRawIntBits(value) >>> Short.SIZE);
                    s.setAtIndex(ValueLayout.JAVA_SHORT, i, bits);
                }
            }
            case U8, I8, U4, I4, CODE4, CODE8 -> {
                for (long i = 0; i < s.byteSize(); i++) {
                    s.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
                }
            }
        }
    }
}
