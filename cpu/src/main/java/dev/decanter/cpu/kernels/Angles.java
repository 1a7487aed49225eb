package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/** Cosines and sines of positions times frequencies, as rotary embedding reads them. */
public final class Angles {
    private static final long VALUES_PER_TASK = 2 << 10;

    private Angles() {}

    /**
     * For each position p, {@code cos(f·p)·scale} and {@code sin(f·p)·scale} of all frequencies f, twice one after the other.
     * Products are those of f32, functions those of {@link Math}, so that no result depends on the compiler.
     *
     * @param positions i64
     * @param cos f32 [positions, 2 · frequencies]
     * @param sin the same
     */
    public static void apply(
            ThreadTeam team,
            float[] frequencies,
            float scale,
            MemorySegment positions,
            MemorySegment cos,
            MemorySegment sin) {
        int half = frequencies.length;
        long count = positions.byteSize() / Long.BYTES;
        team.runRange(count, Math.max(1, VALUES_PER_TASK / Math.max(1, half)), (from, to) -> {
            float[] c = new float[2 * half];
            float[] s = new float[2 * half];
            for (long p = from; p < to; p++) {
                float position = positions.get(Mem.I64, p * Long.BYTES);
                for (int i = 0; i < half; i++) {
                    double angle = frequencies[i] * position;
                    c[i] = (float) Math.cos(angle) * scale;
                    c[i + half] = c[i];
                    s[i] = (float) Math.sin(angle) * scale;
                    s[i + half] = s[i];
                }
                Mem.write(c, 0, 2 * half, cos, p * 2 * half * Float.BYTES);
                Mem.write(s, 0, 2 * half, sin, p * 2 * half * Float.BYTES);
            }
        });
    }
}
