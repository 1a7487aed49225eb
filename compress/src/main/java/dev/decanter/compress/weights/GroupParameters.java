package dev.decanter.compress.weights;

import dev.decanter.compress.CompressionMode;
import dev.decanter.ir.ElementType;

/**
 * Scales and zero points of a matrix.
 *
 * @param scales f32 as computed, [rows, groups]; what is stored is rounded, see {@link #stored}
 * @param zeroPoints [rows, groups] in the range of the stored type; empty for modes that have none
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody; a copy of each would double a large layer
public record GroupParameters(int rows, int groups, float[] scales, int[] zeroPoints) {
    public GroupParameters {
        if (scales.length != rows * groups || (zeroPoints.length != 0 && zeroPoints.length != scales.length)) {
            throw new IllegalArgumentException(
                    scales.length + " scales and " + zeroPoints.length + " zero points for " + rows + " x " + groups);
        }
    }

    /** With the scales as a device will see them: rounded to f16, or as they are where powers of two are stored. */
    public GroupParameters stored(CompressionMode mode) {
        if (mode.scaleType() != ElementType.F16) {
            return this;
        }
        float[] rounded = new float[scales.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = Float.float16ToFloat(Float.floatToFloat16(scales[i]));
        }
        return new GroupParameters(rows, groups, rounded, zeroPoints);
    }
}
