package dev.decanter.cpu.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/** Test tensors. Segments are exactly as large as their contents, so a read past the end throws. */
final class Data {
    /** Sizes around every vector width, tile and panel. */
    static final int[] SIZES = {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 257};

    private Data() {}

    static float[] normal(Random random, int n) {
        float[] out = new float[n];
        for (int i = 0; i < n; i++) {
            out[i] = (float) random.nextGaussian();
        }
        return out;
    }

    /** Off-heap copy whose first byte is deliberately misaligned; {@link #ODD} is its offset. */
    static MemorySegment odd(float[] values) {
        MemorySegment s = Arena.ofAuto().allocate(values.length * 4L + ODD, 64);
        Mem.write(values, 0, values.length, s, ODD);
        return s;
    }

    static final long ODD = 3;

    static MemorySegment of(float[] values) {
        MemorySegment s = Arena.ofAuto().allocate(values.length * 4L, 64);
        Mem.write(values, 0, values.length, s, 0);
        return s;
    }

    /** Memory of exactly that many bytes. */
    static MemorySegment bytes(long n) {
        return Arena.ofAuto().allocate(n, 64);
    }

    /** Fresh memory filled with NaN, so that an output that is not written shows. */
    static MemorySegment blank(int n) {
        float[] values = new float[n];
        java.util.Arrays.fill(values, Float.NaN);
        return of(values);
    }

    static float[] read(MemorySegment s, int n) {
        float[] out = new float[n];
        Mem.read(s, 0, out, 0, n);
        return out;
    }

    static float[] read(MemorySegment s) {
        return read(s, (int) (s.byteSize() / 4));
    }

    static int[] bits(float[] values) {
        int[] out = new int[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = Float.floatToRawIntBits(values[i]);
        }
        return out;
    }
}
