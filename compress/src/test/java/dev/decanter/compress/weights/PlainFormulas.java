package dev.decanter.compress.weights;

import dev.decanter.compress.CompressionMode;
import java.util.stream.IntStream;

/** The formulas of quantization once more, a group at a time and in plain loops, to hold the real ones to. */
public final class PlainFormulas {
    private static final float EPS = 1.1920929e-7f;

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

    /** NNCF writes the middles in eight digits, so three of them are the f32 beside the nearest one. */
    private static final float[] NF4_MIDDLES = {
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

    private static final float[] F4 = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};

    private PlainFormulas() {}

    /** A group's scale and zero point, the value of each code, and what each stands for in units of the scale. */
    @SuppressWarnings("ArrayRecordComponent")
    public record Group(float scale, int zeroPoint, int[] levels, float[] values) {}

    public static Group group(float[] w, CompressionMode mode) {
        double least = IntStream.range(0, w.length).mapToDouble(i -> w[i]).min().orElseThrow();
        double most = IntStream.range(0, w.length).mapToDouble(i -> w[i]).max().orElseThrow();
        int[] levels = new int[w.length];
        float[] values = new float[w.length];
        float scale;
        int zero = 0;
        switch (mode) {
            case INT8_ASYM, INT4_ASYM -> {
                int top = mode == CompressionMode.INT8_ASYM ? 255 : 15;
                scale = ((float) most - (float) least) / top;
                scale = Math.abs(scale) < EPS ? EPS : scale;
                zero = between(-Math.rint((float) least / scale), 0, top);
                for (int i = 0; i < w.length; i++) {
                    float level = w[i] / scale + zero;
                    levels[i] = between(Math.rint(level), 0, top);
                    values[i] = levels[i] - zero;
                }
            }
            case INT8_SYM, INT4_SYM -> {
                int half = mode == CompressionMode.INT8_SYM ? 128 : 8;
                float below = (float) Math.abs(least);
                scale = (below >= most ? below : -(float) most) / half;
                scale = Math.abs(scale) < EPS ? EPS : scale;
                for (int i = 0; i < w.length; i++) {
                    levels[i] = between(Math.rint(w[i] / scale), -half, half - 1);
                    values[i] = levels[i];
                }
            }
            default -> {
                float largest = (float) Math.max(Math.abs(least), Math.abs(most));
                float range = mode == CompressionMode.NF4 ? 1 : mode.bits() == 4 ? 6 : 448;
                scale = largest / range;
                scale = scale < EPS ? EPS : scale;
                if (mode == CompressionMode.MXFP4 || mode == CompressionMode.MXFP8_E4M3) {
                    float power = (float) (Math.log(scale) / Math.log(2));
                    scale = (float) Math.pow(2, Math.ceil(power));
                }
                for (int i = 0; i < w.length; i++) {
                    values[i] = nearest(w[i] / scale, mode);
                }
            }
        }
        return new Group(scale, zero, levels, values);
    }

    private static int between(double value, int low, int high) {
        return (int) Math.max(low, Math.min(high, value));
    }

    private static float nearest(float x, CompressionMode mode) {
        if (mode == CompressionMode.NF4) {
            float best = NF4[0];
            for (int i = 1; i < 16; i++) {
                if (x > NF4_MIDDLES[i - 1]) {
                    best = NF4[i];
                }
            }
            return best;
        }
        if (mode.bits() == 8) {
            return Math.copySign(e4m3(Math.abs(Float.float16ToFloat(Float.floatToFloat16(x)))), x);
        }
        float size = Math.abs(x);
        int best = 0;
        for (int i = 1; i < F4.length; i++) {
            double distance = Math.abs(size - F4[i]);
            double before = Math.abs(size - F4[best]);
            if (distance < before || (distance == before && i % 2 == 0)) {
                best = i;
            }
        }
        return Math.copySign(F4[best], x);
    }

    /** Steps are an eighth of the power of two below, and 2^-9 from 2^-6 down. */
    private static float e4m3(float size) {
        double step = 0x1p-9;
        while (step * 16 <= size) {
            step *= 2;
        }
        return (float) Math.min(448, Math.rint(size / step) * step);
    }

    /** The number of half an f32's bits that a packed 4-bit code takes: byte i has elements 2i (low) and 2i + 1. */
    public static int nibble(byte[] packed, int index) {
        return packed[index / 2] >> (index % 2 * 4) & 15;
    }

    /** A value above middle i and not above middle i + 1 has nf4's code i + 1. */
    static float[] nf4Middles() {
        return NF4_MIDDLES.clone();
    }

    /** What a 4-bit code of a float type stands for. */
    public static float value(int code, CompressionMode mode) {
        return mode == CompressionMode.NF4 ? NF4[code] : code < 8 ? F4[code] : -F4[code - 8];
    }
}
