package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/** Contiguous runs of numbers between storage formats. Narrowing rounds to nearest even and overflows to infinity. */
public final class Conversions {
    private static final long TASK = 16 << 10;
    private static final int STRIP = Elementwise.STRIP;

    private Conversions() {}

    /**
     * Converts {@code n} elements, exactly, to f32.
     *
     * @param format any format; integers and codes become numbers without a scale
     */
    public static void toFloat(
            ThreadTeam team,
            WeightFormat format,
            MemorySegment x,
            long xOffset,
            long n,
            MemorySegment y,
            long yOffset) {
        team.runRange(n, TASK, (from, to) -> {
            float[] strip = Scratch.current().floats(Scratch.STRIP, STRIP);
            for (long i = from; i < to; i += STRIP) {
                int count = (int) Math.min(STRIP, to - i);
                load(format, x, xOffset, i, strip, count);
                Mem.write(strip, 0, count, y, yOffset + i * Float.BYTES);
            }
        });
    }

    /**
     * Converts {@code n} f32 elements.
     *
     * @param format F32, F16 or BF16
     * @throws IllegalArgumentException for another format
     */
    public static void fromFloat(
            ThreadTeam team,
            MemorySegment x,
            long xOffset,
            long n,
            WeightFormat format,
            MemorySegment y,
            long yOffset) {
        if (format.quantized()) {
            throw new IllegalArgumentException("cannot convert f32 to " + format + " without a scale");
        }
        team.runRange(n, TASK, (from, to) -> {
            float[] strip = Scratch.current().floats(Scratch.STRIP, STRIP);
            for (long i = from; i < to; i += STRIP) {
                int count = (int) Math.min(STRIP, to - i);
                Mem.read(x, xOffset + i * Float.BYTES, strip, 0, count);
                switch (format) {
                    case F16 -> storeHalfs(strip, y, yOffset + 2 * i, count);
                    case BF16 -> storeBrains(strip, y, yOffset + 2 * i, count);
                    default -> Mem.write(strip, 0, count, y, yOffset + i * Float.BYTES);
                }
            }
        });
    }

    /** Loads elements {@code [at, at + n)} as the numbers they store, codes as what they are. */
    static void load(WeightFormat format, MemorySegment s, long offset, long at, float[] dst, int n) {
        switch (format) {
            case F32 -> Mem.read(s, offset + 4 * at, dst, 0, n);
            case F16 -> Strips.halfs(s, offset + 2 * at, dst, n);
            case BF16 -> Strips.brains(s, offset + 2 * at, dst, n);
            case U8, CODE8 -> Strips.bytes(s, offset + at, dst, n);
            case I8 -> signedBytes(s, offset + at, dst, n);
            case U4, CODE4 -> nibbles(s, offset, at, dst, n, 0);
            case I4 -> nibbles(s, offset, at, dst, n, 8);
        }
    }

    private static void signedBytes(MemorySegment s, long offset, float[] dst, int n) {
        for (int i = 0; i < n; i++) {
            dst[i] = s.get(Mem.I8, offset + i);
        }
    }

    /** Half bytes; {@code sign} is 8 for two's complement, 0 for unsigned ones. */
    private static void nibbles(MemorySegment s, long offset, long at, float[] dst, int n, int sign) {
        int i = 0;
        if (n > 0 && (at & 1) != 0) {
            dst[i++] = (Scalars.nibble(s, offset, at) ^ sign) - sign;
        }
        long first = offset + ((at + i) >> 1);
        int pairs = (n - i) >> 1;
        for (int p = 0; p < pairs; p++) {
            int both = s.get(Mem.I8, first + p);
            dst[i + 2 * p] = ((both & 15) ^ sign) - sign;
            dst[i + 2 * p + 1] = ((both >>> 4 & 15) ^ sign) - sign;
        }
        if (i + 2 * pairs < n) {
            dst[n - 1] = (Scalars.nibble(s, offset, at + n - 1) ^ sign) - sign;
        }
    }

    private static void storeHalfs(float[] x, MemorySegment s, long offset, int n) {
        for (int i = 0; i < n; i++) {
            s.set(Mem.I16, offset + 2L * i, Float.floatToFloat16(x[i]));
        }
    }

    private static void storeBrains(float[] x, MemorySegment s, long offset, int n) {
        for (int i = 0; i < n; i++) {
            s.set(Mem.I16, offset + 2L * i, Scalars.toBf16(x[i]));
        }
    }
}
