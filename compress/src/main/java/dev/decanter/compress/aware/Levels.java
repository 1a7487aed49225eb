package dev.decanter.compress.aware;

import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.weights.GroupQuantizer;

/**
 * Quantization of groups within the loops of the data-aware methods: not codes, but levels, what a scale multiplies
 * (q − z, or the value of a small float). Levels and sums are f32 as in {@link GroupQuantizer}.
 */
final class Levels {
    /** Adding and subtracting it rounds a float below 2²² to an integer, halves to even; unlike rint, in vectors. */
    private static final float ROUND = 0x1.8p23f;

    private final CompressionMode mode;
    private final int low;
    private final int high;

    Levels(CompressionMode mode) {
        this.mode = mode;
        low = mode.hasZeroPoint() ? 0 : -(1 << (mode.bits() - 1));
        high = low + (1 << mode.bits()) - 1;
    }

    CompressionMode mode() {
        return mode;
    }

    /** Writes the scale of a group to {@code scales[at]} and its zero point, or 0, to {@code zeroPoints[at]}. */
    void parameters(float[] w, int start, int length, float[] scales, float[] zeroPoints, int at) {
        float min = w[start];
        float max = w[start];
        for (int i = start; i < start + length; i++) {
            min = Math.min(min, w[i]);
            max = Math.max(max, w[i]);
        }
        scales[at] = GroupQuantizer.scale(min, max, mode);
        zeroPoints[at] = mode.hasZeroPoint() ? GroupQuantizer.zeroPoint(min, scales[at], mode) : 0;
    }

    /** The levels of {@code length} weights of one group. */
    void of(float[] w, int start, int length, float scale, float zeroPoint, float[] levels, int at) {
        if (mode.isInteger()) {
            float least = low;
            float most = high;
            for (int i = 0; i < length; i++) {
                float q = w[start + i] / scale + zeroPoint;
                // Clipped first, so that the rounding trick holds; the ends are integers, so the order does not matter.
                q = Math.min(Math.max(q, least), most);
                levels[at + i] = q + ROUND - ROUND - zeroPoint;
            }
        } else {
            for (int i = 0; i < length; i++) {
                levels[at + i] = GroupQuantizer.nearest(mode, w[start + i] / scale);
            }
        }
    }

    /** The level of one weight. */
    float of(float w, float scale, float zeroPoint) {
        if (!mode.isInteger()) {
            return GroupQuantizer.nearest(mode, w / scale);
        }
        float q = Math.min(Math.max(w / scale + zeroPoint, low), high);
        return q + ROUND - ROUND - zeroPoint;
    }
}
