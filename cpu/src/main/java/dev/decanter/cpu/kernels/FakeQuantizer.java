package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** FakeQuantize with one range for the tensor, and its first half alone: from numbers to codes of a byte. */
public final class FakeQuantizer {
    private static final int STRIP = Elementwise.STRIP;
    private static final long TASK = 16 << 10;

    private FakeQuantizer() {}

    /**
     * Rounds {@code n} contiguous elements to the levels' values. NaN stays NaN.
     *
     * @param y receives f32; may be {@code x} itself
     */
    public static void round(
            ThreadTeam team,
            QuantizerLevels levels,
            MemorySegment x,
            long xOffset,
            long n,
            MemorySegment y,
            long yOffset) {
        strips(team, x, xOffset, n, (strip, at, count) -> {
            round(levels, strip, count);
            Mem.write(strip, 0, count, y, yOffset + at * Float.BYTES);
        });
    }

    /**
     * Rounds runs of {@code n} contiguous elements that follow each other, as {@link #round} does; run i to the levels
     * {@code i % channels.size()}.
     */
    public static void roundRuns(
            ThreadTeam team,
            List<QuantizerLevels> channels,
            long runs,
            long n,
            MemorySegment x,
            long xOffset,
            MemorySegment y,
            long yOffset) {
        team.runRange(runs, Math.max(1, TASK / Math.max(1, n)), (from, to) -> {
            float[] strip = Scratch.current().floats(Scratch.STRIP, STRIP);
            for (long run = from; run < to; run++) {
                QuantizerLevels levels = channels.get((int) (run % channels.size()));
                for (long i = 0; i < n; i += STRIP) {
                    int count = (int) Math.min(STRIP, n - i);
                    long at = (run * n + i) * Float.BYTES;
                    Mem.read(x, xOffset + at, strip, 0, count);
                    round(levels, strip, count);
                    Mem.write(strip, 0, count, y, yOffset + at);
                }
            }
        });
    }

    private static void round(QuantizerLevels levels, float[] strip, int count) {
        if (VectorSupport.ENABLED) {
            VectorLevels.round(levels, strip, count);
        } else {
            ScalarLevels.round(levels, strip, count);
        }
    }

    /**
     * Turns {@code n} contiguous elements into codes. NaN, which has none, becomes 0.
     *
     * @param levels with at most 255 steps
     * @param y receives bytes, unsigned
     */
    public static void codes(
            ThreadTeam team,
            QuantizerLevels levels,
            MemorySegment x,
            long xOffset,
            long n,
            MemorySegment y,
            long yOffset) {
        if (levels.steps() > 255) {
            throw new IllegalArgumentException("codes up to " + levels.steps() + " do not fit a byte");
        }
        strips(team, x, xOffset, n, (strip, at, count) -> {
            byte[] bytes = Scratch.current().bytes(STRIP);
            if (VectorSupport.ENABLED) {
                VectorLevels.codes(levels, strip, bytes, count);
            } else {
                ScalarLevels.codes(levels, strip, bytes, count);
            }
            MemorySegment.copy(bytes, 0, y, Mem.I8, yOffset + at, count);
        });
    }

    private interface StripTask {
        void run(float[] strip, long at, int count);
    }

    private static void strips(ThreadTeam team, MemorySegment x, long xOffset, long n, StripTask body) {
        team.runRange(n, TASK, (from, to) -> {
            float[] strip = Scratch.current().floats(Scratch.STRIP, STRIP);
            for (long i = from; i < to; i += STRIP) {
                int count = (int) Math.min(STRIP, to - i);
                Mem.read(x, xOffset + i * Float.BYTES, strip, 0, count);
                body.run(strip, i, count);
            }
        });
    }
}
