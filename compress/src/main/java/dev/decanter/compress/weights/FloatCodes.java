package dev.decanter.compress.weights;

import dev.decanter.compress.CompressionMode;
import dev.decanter.ir.ElementType;

/** The small float types: codes of values and values of codes. */
final class FloatCodes {
    /** Of nf4, by code. */
    private static final float[] NF4 = {
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

    /** A value above border i and not above border i + 1 has code i + 1. */
    static final float[] NF4_BORDERS = {
        -0.84809643f,
        -0.6106329f,
        -0.45999527f,
        -0.33967942f,
        -0.2346074f,
        -0.13791174f,
        -0.045525018f,
        0.03979015f,
        0.120255254f,
        0.20352125f,
        0.29201376f,
        0.38931254f,
        0.5016634f,
        0.6427869f,
        0.8614784f
    };

    private static final float[] F4E2M1 = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

    /** A magnitude above border i and not above border i + 1 has code i + 1; ties that go up have a border one bit lower. */
    static final float[] F4E2M1_BORDERS = {
        0.25f, Math.nextDown(0.75f), 1.25f, Math.nextDown(1.75f), 2.5f, Math.nextDown(3.5f), 5
    };

    static final float F8E4M3_MAX = 448;

    private static final float[] F8E4M3 = new float[256];

    static {
        for (int code = 0; code < 256; code++) {
            int exponent = code >> 3 & 15;
            int mantissa = code & 7;
            float magnitude =
                    exponent == 0 ? mantissa * 0x1p-9f : (1 + mantissa / 8f) * (float) Math.scalb(1.0, exponent - 7);
            boolean nan = (code & 127) == 127;
            F8E4M3[code] = nan ? Float.NaN : code < 128 ? magnitude : -magnitude;
        }
    }

    private FloatCodes() {}

    /** The largest magnitude of a type, by which groups are scaled. */
    static float largest(CompressionMode mode) {
        return switch (mode.elementType()) {
            case NF4 -> 1;
            case F4E2M1 -> 6;
            case F8E4M3 -> F8E4M3_MAX;
            default -> throw new IllegalArgumentException(mode.label());
        };
    }

    /** The values of a mode's codes. */
    static float[] values(CompressionMode mode) {
        return switch (mode.elementType()) {
            case NF4 -> NF4.clone();
            case F4E2M1 -> F4E2M1.clone();
            case F8E4M3 -> F8E4M3.clone();
            default -> throw new IllegalArgumentException(mode.label());
        };
    }

    static float f8e4m3Value(byte code) {
        return F8E4M3[code & 255];
    }

    /** The code of a scaled value. */
    static byte code(ElementType type, float value) {
        return switch (type) {
            case NF4 -> nf4(value);
            case F4E2M1 -> f4e2m1(value);
            case F8E4M3 -> f8e4m3(value);
            default -> throw new IllegalArgumentException(type.irName());
        };
    }

    /** By the middles between quantiles; a value on one belongs to the lower quantile. */
    static byte nf4(float value) {
        int code = 0;
        for (int step = 8; step > 0; step >>= 1) {
            if (value > NF4_BORDERS[code + step - 1]) {
                code += step;
            }
        }
        return (byte) code;
    }

    /** Nearest, ties to even mantissas; the sign of what rounds to zero is kept, as OpenVINO does. */
    static byte f4e2m1(float value) {
        float size = Math.abs(value);
        int code;
        if (size <= 1.25f) {
            code = size <= 0.25f ? 0 : size < 0.75f ? 1 : 2;
        } else if (size <= 2.5f) {
            code = size < 1.75f ? 3 : 4;
        } else {
            code = size < 3.5f ? 5 : size <= 5 ? 6 : 7;
        }
        return (byte) (Float.floatToRawIntBits(value) < 0 ? code | 8 : code);
    }

    /**
     * By way of f16 as OpenVINO does, so some values are rounded twice; beyond the range the largest.
     */
    static byte f8e4m3(float value) {
        float half = Float.float16ToFloat(Float.floatToFloat16(value));
        int sign = Float.floatToRawIntBits(half) < 0 ? 128 : 0;
        float size = Math.min(Math.abs(half), F8E4M3_MAX);
        if (size < 0x1p-6f) {
            // Subnormal steps of 2^-9; the f16 range below 2^-14 rounds to zero.
            return (byte) (sign | (int) Math.rint(size * 0x1p9));
        }
        int exponent = Math.getExponent(size);
        int steps = (int) Math.rint(Math.scalb((double) size, 3 - exponent));
        // 16 eighths carry into the exponent by themselves.
        return (byte) (sign | ((exponent + 7) << 3) + (steps - 8));
    }

    /** The value that a scaled value's code stands for. */
    static float nearest(ElementType type, float value) {
        return switch (type) {
            case NF4 -> NF4[nf4(value)];
            case F4E2M1 -> F4E2M1[f4e2m1(value)];
            case F8E4M3 -> F8E4M3[f8e4m3(value) & 0xff];
            default -> throw new IllegalArgumentException(type.irName());
        };
    }
}
