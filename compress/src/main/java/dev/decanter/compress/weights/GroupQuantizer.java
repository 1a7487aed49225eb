package dev.decanter.compress.weights;

import dev.decanter.compress.CompressionMode;
import dev.decanter.ir.ElementType;

/**
 * The formulas of quantization, in f32 with halves rounded to even, as NNCF computes them. A matrix is given row by row;
 * groups are consecutive elements of a row.
 *
 * <p>Asymmetric: {@code s = (max − min) / (2ᵇ − 1)}, {@code z = clip(−round(min / s))}, {@code q = clip(round(w / s + z))}.
 * Symmetric: {@code s = (|min| ≥ max ? |min| : −max) / 2ᵇ⁻¹}, {@code q = clip(round(w / s))}. Float:
 * {@code s = max|w| / M}, {@code q} the nearest value. A scale below 2⁻²³ in magnitude becomes 2⁻²³.
 */
public final class GroupQuantizer {
    static final float EPSILON = 0x1p-23f;

    /** The bits of a float's mantissa. */
    private static final int MANTISSA = 0x7f_ffff;

    /** From this mantissa on, 2⁻¹⁴ of the number, a logarithm below 128 is above an integer in f32 too. */
    private static final int NO_DOUBT = 1 << 9;

    private static final Kernel KERNEL = Kernel.best();

    private GroupQuantizer() {}

    /** Scales and zero points of {@code rows} rows of {@code columns} elements. */
    public static GroupParameters parameters(float[] w, int rows, int columns, WeightConfig c) {
        int groups = c.groups(columns);
        int length = c.groupLength(columns);
        float[] scales = new float[rows * groups];
        int[] zeroPoints = new int[c.mode().hasZeroPoint() ? scales.length : 0];
        float[] extremes = new float[2];
        for (int i = 0; i < scales.length; i++) {
            KERNEL.extremes(w, i * length, length, extremes);
            scales[i] = scale(extremes[0], extremes[1], c.mode());
            if (zeroPoints.length > 0) {
                zeroPoints[i] = zeroPoint(extremes[0], scales[i], c.mode());
            }
        }
        return new GroupParameters(rows, groups, scales, zeroPoints);
    }

    /** The scale of a group with these extremes. */
    public static float scale(float min, float max, CompressionMode mode) {
        if (mode.hasZeroPoint()) {
            return atLeastEpsilon((max - min) / ((1 << mode.bits()) - 1));
        }
        float size = Math.abs(min);
        if (mode.isInteger()) {
            return atLeastEpsilon((size >= max ? size : -max) / (1 << (mode.bits() - 1)));
        }
        float scale = atLeastEpsilon(Math.max(size, Math.abs(max)) / FloatCodes.largest(mode));
        return mode.scaleType() == ElementType.F16 ? scale : powerOfTwo(scale);
    }

    private static float atLeastEpsilon(float scale) {
        return Math.abs(scale) < EPSILON ? EPSILON : scale;
    }

    /** The least power of two that is not below, by a logarithm rounded to f32. */
    private static float powerOfTwo(float scale) {
        if ((Float.floatToRawIntBits(scale) & MANTISSA) >= NO_DOUBT) {
            return Math.scalb(1f, Math.min(Math.getExponent(scale) + 1, 127));
        }
        float log = (float) (Math.log(scale) / Math.log(2));
        return Math.scalb(1f, (int) Math.clamp(Math.ceil(log), -127, 127));
    }

    /** The zero point of a group with this least value. */
    public static int zeroPoint(float min, float scale, CompressionMode mode) {
        float level = -(float) Math.rint(min / scale);
        return Math.clamp((long) level, 0, (1 << mode.bits()) - 1);
    }

    /**
     * One code for each element: an unsigned level (asymmetric), a signed level, or the bits of a float; see
     * {@link #dequantize}.
     */
    public static byte[] codes(float[] w, int rows, int columns, WeightConfig c, GroupParameters p) {
        byte[] codes = new byte[rows * columns];
        int length = c.groupLength(columns);
        CompressionMode mode = c.mode();
        int low = mode.hasZeroPoint() ? 0 : -(1 << (mode.bits() - 1));
        int high = low + (1 << mode.bits()) - 1;
        for (int i = 0; i < p.scales().length; i++) {
            float scale = p.scales()[i];
            float zero = p.zeroPoints().length > 0 ? p.zeroPoints()[i] : 0;
            switch (mode.elementType()) {
                case NF4 -> KERNEL.steps(w, i * length, length, scale, FloatCodes.NF4_BORDERS, codes);
                case F4E2M1 -> KERNEL.f4e2m1(w, i * length, length, scale, codes);
                case F8E4M3 -> KERNEL.f8e4m3(w, i * length, length, scale, codes);
                default -> KERNEL.integers(w, i * length, length, scale, zero, low, high, codes);
            }
        }
        return codes;
    }

    /**
     * What codes stand for: {@code (q − z)·s} with the scales given. For what a device will compute pass
     * {@link GroupParameters#stored}.
     *
     * @param out [rows, columns]
     */
    public static void dequantize(byte[] codes, int rows, int columns, WeightConfig c, GroupParameters p, float[] out) {
        int length = c.groupLength(columns);
        CompressionMode mode = c.mode();
        float[] values = mode.isInteger() ? new float[0] : FloatCodes.values(mode);
        for (int i = 0; i < rows * p.groups(); i++) {
            float scale = p.scales()[i];
            int zero = p.zeroPoints().length > 0 ? p.zeroPoints()[i] : 0;
            for (int k = i * length; k < (i + 1) * length; k++) {
                float level = !mode.isInteger()
                        ? values[codes[k] & 0xff]
                        : mode.hasZeroPoint() ? (codes[k] & 0xff) - zero : codes[k];
                out[k] = level * scale;
            }
        }
    }

    /** What is left of a matrix after it was quantized and widened again, with the scales as computed. */
    public static float[] roundTrip(float[] w, int rows, int columns, WeightConfig c) {
        GroupParameters p = parameters(w, rows, columns, c);
        float[] out = new float[rows * columns];
        dequantize(codes(w, rows, columns, c, p), rows, columns, c, p, out);
        return out;
    }

    /** The value of a mode's small float type that is nearest to a weight divided by its scale. */
    public static float nearest(CompressionMode mode, float scaled) {
        return FloatCodes.nearest(mode.elementType(), scaled);
    }
}
