package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;

/**
 * Float formats of four and eight bits, decoded by table and encoded to the nearest value (ties to the even code, of nf4
 * to the lower one, as OpenVINO's comparisons have it).
 *
 * <p>f8e4m3 has no infinity: beyond 448 it becomes NaN. f8e5m2 becomes infinite. f4e2m1 and nf4 saturate, and take NaN
 * for their largest and smallest number. f8e8m0 holds powers of two only; what is negative becomes the smallest.
 */
final class SmallFloat {
    /** The normal float values of QLoRA (Dettmers et al. 2023, appendix E). */
    private static final float[] NF4_VALUES = {
        -1.0f,
        -0.6961928f,
        -0.52507305f,
        -0.3949175f,
        -0.28444138f,
        -0.18477343f,
        -0.091050036f,
        0.0f,
        0.0795803f,
        0.1609302f,
        0.2461123f,
        0.33791524f,
        0.44070983f,
        0.562617f,
        0.72295684f,
        1.0f
    };

    private static final SmallFloat F8E4M3 = new SmallFloat(8, mirrored(ieeeLike(4, 3, 7), 0x7f, Float.NaN), 0x7e);
    private static final SmallFloat F8E5M2 = new SmallFloat(8, f8e5m2(), 0x7b);
    private static final SmallFloat F8E8M0 = new SmallFloat(8, powersOfTwo(), 0xfe);
    private static final SmallFloat F4E2M1 = new SmallFloat(4, mirrored(ieeeLike(2, 1, 1), -1, 0), 0x7);
    private static final SmallFloat NF4 = new SmallFloat(4, NF4_VALUES, 0xf);

    private final int bits;
    private final float[] values;
    private final int largest;

    private SmallFloat(int bits, float[] values, int largest) {
        this.bits = bits;
        this.values = values;
        this.largest = largest;
    }

    static SmallFloat of(ElementType type) {
        return switch (type) {
            case F8E4M3 -> F8E4M3;
            case F8E5M2 -> F8E5M2;
            case F8E8M0 -> F8E8M0;
            case F4E2M1 -> F4E2M1;
            case NF4 -> NF4;
            default -> throw new IllegalArgumentException(type.irName());
        };
    }

    int bits() {
        return bits;
    }

    float decode(int code) {
        return values[code];
    }

    /** The nearest number of this format, its largest for anything greater; NaN stays. */
    float saturate(float value) {
        float most = values[largest];
        return decode(encode(Float.isNaN(value) ? value : Math.clamp(value, -most, most)));
    }

    /** The code of the nearest number. */
    int encode(double value) {
        if (this == NF4) {
            return Double.isNaN(value) ? 0 : nearest(value);
        }
        if (this == F8E8M0) {
            return Double.isNaN(value) ? 0xff : nearest(Math.max(value, 0));
        }
        int sign = Math.copySign(1, value) < 0 ? 1 << (bits - 1) : 0;
        if (Double.isNaN(value)) {
            return sign | (bits == 8 ? 0x7f : largest);
        }
        double magnitude = Math.abs(value);
        if (bits == 8 && overflows(magnitude)) {
            return sign | (largest + 1);
        }
        return sign | nearest(magnitude);
    }

    /** Whether rounding to nearest even with one more exponent step would pass the largest finite value. */
    private boolean overflows(double magnitude) {
        double step = values[largest] - values[largest - 1];
        double middle = values[largest] + step / 2;
        return magnitude > middle || (magnitude == middle && largest % 2 == 1);
    }

    /** The code up to {@link #largest} with the nearest value; codes ascend with their values there. */
    private int nearest(double value) {
        int low = 0;
        int high = largest;
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            if (values[middle] <= value) {
                low = middle;
            } else {
                high = middle;
            }
        }
        double below = value - values[low];
        double above = values[high] - value;
        if (below == above) {
            return low % 2 == 0 || this == NF4 ? low : high;
        }
        return below < above ? low : high;
    }

    /** The values of the codes without sign: subnormals first, then normal numbers. */
    private static float[] ieeeLike(int exponentBits, int mantissaBits, int bias) {
        float[] out = new float[1 << (exponentBits + mantissaBits)];
        int steps = 1 << mantissaBits;
        for (int code = 0; code < out.length; code++) {
            int exponent = code / steps;
            int mantissa = code % steps;
            int scale = Math.max(exponent, 1) - bias - mantissaBits;
            out[code] = Math.scalb((float) (exponent == 0 ? mantissa : steps + mantissa), scale);
        }
        return out;
    }

    /** Puts the negative values after the others, and {@code special} at code {@code specialCode} of both. */
    private static float[] mirrored(float[] positive, int specialCode, float special) {
        float[] out = new float[2 * positive.length];
        for (int code = 0; code < positive.length; code++) {
            float value = code == specialCode ? special : positive[code];
            out[code] = value;
            out[code + positive.length] = -value;
        }
        return out;
    }

    private static float[] f8e5m2() {
        float[] out = mirrored(ieeeLike(5, 2, 15), 0x7c, Float.POSITIVE_INFINITY);
        for (int code = 0x7d; code <= 0x7f; code++) {
            out[code] = Float.NaN;
            out[code + 0x80] = Float.NaN;
        }
        return out;
    }

    private static float[] powersOfTwo() {
        float[] out = new float[256];
        for (int code = 0; code < 255; code++) {
            out[code] = Math.scalb(1f, code - 127);
        }
        out[255] = Float.NaN;
        return out;
    }
}
