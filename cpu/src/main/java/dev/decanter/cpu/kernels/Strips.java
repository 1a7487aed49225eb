package dev.decanter.cpu.kernels;

import static dev.decanter.cpu.kernels.PackedWeights.PANEL;

import java.lang.foreign.MemorySegment;

/**
 * Decodes strips of packed weights to floats in a heap buffer that stays in the first-level cache; the multiplying
 * kernels then read only that. Weights in the paired layout are decoded by vectors. For others the loops are plain; that
 * over f16 C2 turns into the processor's own conversion (vcvtph2ps, fcvtl), which the Vector API does not offer, exact
 * for subnormals, infinities and NaN.
 */
final class Strips {
    /** Bytes of a panel that the processor fetches ahead by itself, while other panels are multiplied. */
    private static final int VISIT = 2048;

    private Strips() {}

    /**
     * Decodes inputs {@code [k0, k0 + n)} of all rows of a panel.
     *
     * @param k0 first input, a multiple of {@link PackedWeights#K_STEP}
     * @param n number of inputs, likewise
     * @param dst receives {@code n * PANEL} floats from index 0, the rows of one input together
     */
    static void decode(PackedWeights w, int panel, int k0, int n, float[] dst) {
        MemorySegment data = w.data();
        long at = panel * w.panelBytes() + (long) k0 * PANEL * w.format().bits() / Byte.SIZE;
        int count = n * PANEL;
        if (w.paired()) {
            switch (w.format()) {
                case F16 -> VectorStreams.decodeHalfs(data, at, n, dst);
                case BF16 -> VectorStreams.decodeBrains(data, at, n, dst);
                case U8, I8 -> VectorStreams.decodeBytes(data, at, n, dst);
                case U4, I4 -> VectorStreams.decodeNibbles(data, at, n, dst);
                case CODE4 -> VectorCodes.decode(data, at, n, w.table().values(), dst);
                case CODE8 -> VectorCodes.decodeE4m3(data, at, n, dst);
                case F32 -> throw new IllegalStateException(w.format() + " is never paired");
            }
        } else {
            switch (w.format()) {
                case F32 -> Mem.read(data, at, dst, 0, count);
                case F16 -> halfs(data, at, dst, count);
                case BF16 -> brains(data, at, dst, count);
                case U8, I8 -> bytes(data, at, dst, count);
                case U4, I4 -> nibbles(data, at, dst, n);
                case CODE4 -> {
                    nibbles(data, at, dst, n);
                    w.table().replace(dst, count);
                }
                case CODE8 -> codes(data, at, w.table().values(), dst, count);
            }
        }
        if (w.format().quantized()) {
            rescale(w, panel, k0, n, dst);
        }
    }

    /**
     * Adds inputs {@code [k0, k0 + n)} of a panel times activations to the panel's sums, straight from memory where that
     * is possible, else by way of a strip.
     *
     * @param n a multiple of {@link PackedWeights#K_STEP}, at most {@link Linear#STRIP}
     * @param x activations, multiplied by {@link #scale}
     * @param to where the panel's sums begin in {@code sum}
     */
    static void multiply(PackedWeights w, int panel, int k0, int n, float[] x, float[] sum, int to) {
        long at = panel * w.panelBytes() + (long) k0 * PANEL * w.format().bits() / Byte.SIZE;
        if (w.paired() && w.format() == WeightFormat.F16) {
            VectorStreams.halfs(w.data(), at, n, x, k0, sum, to);
        } else if (w.paired() && w.format() == WeightFormat.BF16) {
            VectorStreams.brains(w.data(), at, n, x, k0, sum, to);
        } else if (VectorSupport.ENABLED && w.format() == WeightFormat.F32) {
            VectorStreams.floats(w.data(), at, n, x, k0, sum, to);
        } else if (codesStream(w)) {
            codes(w, panel, k0, n, x, sum, to);
        } else {
            float[] strip = Scratch.current().floats(Scratch.STRIP, n * PANEL);
            decode(w, panel, k0, n, strip);
            Tiles.gemv(strip, n, x, k0, sum, to);
        }
    }

    /** Returns the inputs to hand to {@link #multiply} before the next panel's turn; a multiple of {@link PackedWeights#K_STEP}. */
    static int visit(PackedWeights w) {
        return codesStream(w) ? VISIT * Byte.SIZE / (PANEL * w.format().bits()) : Linear.STRIP;
    }

    /** Whether one row is multiplied by what codes stand for, and the sum of a group by its scale. */
    private static boolean codesStream(PackedWeights w) {
        boolean whole = w.groupSize() % PackedWeights.K_STEP == 0 || w.groups() == 1;
        // paired, so there are vectors and lanes
        boolean vectors = w.paired()
                && (w.format() == WeightFormat.CODE8 || (w.format() == WeightFormat.CODE4 && Lanes.N == PANEL / 2));
        return vectors && whole && w.scaling().withoutZeros();
    }

    private static void codes(PackedWeights w, int panel, int k0, int n, float[] x, float[] sum, int to) {
        Scratch scratch = Scratch.current();
        float[] scale = scratch.floats(Scratch.C, PANEL);
        float[] zero = scratch.floats(Scratch.D, PANEL);
        float[] part = scratch.floats(Scratch.E, PANEL);
        int last = w.groups() - 1;
        int k = k0;
        while (k < k0 + n) {
            int group = Math.min(k / w.groupSize(), last);
            int end = group == last ? k0 + n : Math.min(k0 + n, (group + 1) * w.groupSize());
            long at = panel * w.panelBytes() + (long) k * PANEL * w.format().bits() / Byte.SIZE;
            if (w.format() == WeightFormat.CODE8) {
                VectorCodes.e4m3(w.data(), at, end - k, x, k, part);
            } else {
                VectorCodes.nibbles(w.data(), at, end - k, w.table().values(), x, k, part);
            }
            w.scaling().read(((long) panel * w.groups() + group) * PANEL, scale, zero);
            for (int r = 0; r < PANEL; r++) {
                sum[to + r] = Math.fma(part[r], scale[r], sum[to + r]);
            }
            k = end;
        }
    }

    /** Returns the power of two that {@link #multiply} expects in the activations for weights that it reads coded. */
    static float scale(PackedWeights w) {
        return w.paired() && w.format() == WeightFormat.F16 ? HalfCode.SCALE : 1;
    }

    /** f16 at byte {@code offset} to {@code dst[0..n)}. */
    static void halfs(MemorySegment s, long offset, float[] dst, int n) {
        for (int i = 0; i < n; i++) {
            dst[i] = Float.float16ToFloat(s.get(Mem.I16, offset + 2L * i));
        }
    }

    /** bf16 at byte {@code offset} to {@code dst[0..n)}. */
    static void brains(MemorySegment s, long offset, float[] dst, int n) {
        for (int i = 0; i < n; i++) {
            dst[i] = Float.intBitsToFloat(s.get(Mem.I16, offset + 2L * i) << 16);
        }
    }

    /** u8 at byte {@code offset} to {@code dst[0..n)}. */
    static void bytes(MemorySegment s, long offset, float[] dst, int n) {
        int done = VectorSupport.ENABLED ? VectorStreams.bytes(s, offset, dst, n) : 0;
        for (int i = done; i < n; i++) {
            dst[i] = s.get(Mem.I8, offset + i) & 0xff;
        }
    }

    /** The numbers of bytes at byte {@code offset} to {@code dst[0..n)}. */
    static void codes(MemorySegment s, long offset, float[] table, float[] dst, int n) {
        for (int i = 0; i < n; i++) {
            dst[i] = table[s.get(Mem.I8, offset + i) & 0xff];
        }
    }

    private static void nibbles(MemorySegment s, long offset, float[] dst, int n) {
        for (int pair = 0; pair < n >> 1; pair++) {
            long at = offset + (long) pair * PANEL;
            int low = pair * 2 * PANEL;
            for (int r = 0; r < PANEL; r++) {
                int both = s.get(Mem.I8, at + r);
                dst[low + r] = both & 15;
                dst[low + PANEL + r] = both >>> 4 & 15;
            }
        }
    }

    private static void rescale(PackedWeights w, int panel, int k0, int n, float[] dst) {
        Scratch scratch = Scratch.current();
        float[] scale = scratch.floats(Scratch.C, PANEL);
        float[] zero = scratch.floats(Scratch.D, PANEL);
        int last = w.groups() - 1;
        int k = k0;
        while (k < k0 + n) {
            // inputs past K, which pad the last strip, are zero codes times the last group's scale
            int group = Math.min(k / w.groupSize(), last);
            int end = group == last ? k0 + n : Math.min(k0 + n, (group + 1) * w.groupSize());
            long at = ((long) panel * w.groups() + group) * PANEL;
            w.scaling().read(at, scale, zero);
            Tiles.rescale(dst, (k - k0) * PANEL, end - k, scale, zero);
            k = end;
        }
    }
}
