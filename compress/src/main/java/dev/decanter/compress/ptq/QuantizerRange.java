package dev.decanter.compress.ptq;

/** The limits of a FakeQuantize layer, in f32 as NNCF computes them (nncf/quantization/fake_quantize.py). */
final class QuantizerRange {
    private static final float LEAST_HIGH = 8e-5f;
    private static final float LEAST_WIDTH = 8e-4f;

    private final float[] low;
    private final float[] high;
    private final int levels;

    private QuantizerRange(float[] low, float[] high, int levels) {
        this.low = low;
        this.high = high;
        this.levels = levels;
    }

    /**
     * A range with zero in its middle, or from zero on if no value is negative.
     *
     * @param min least value seen of each channel
     * @param max greatest absolute value seen of each channel
     * @param signed whether the range reaches below zero in any case
     * @param narrow whether −128 is left out, as for weights
     */
    static QuantizerRange symmetric(float[] min, float[] max, boolean signed, boolean narrow) {
        boolean below = signed;
        for (float value : min) {
            below |= value < 0;
        }
        int levels = narrow ? 255 : 256;
        float[] high = withoutZeros(max);
        float[] low = new float[high.length];
        float stretch = narrow ? 1 : (float) (256.0 / 254.0);
        for (int i = 0; i < low.length; i++) {
            low[i] = below ? -high[i] * stretch : 0;
        }
        return new QuantizerRange(low, high, levels);
    }

    /** As {@link #symmetric} for weights, with codes of half the size: sums of 16 bits then do not overflow. */
    static QuantizerRange halved(float[] max) {
        float[] high = withoutZeros(max);
        float[] low = new float[high.length];
        float stretch = (float) (254.0 / 127.0);
        for (int i = 0; i < high.length; i++) {
            low[i] = -high[i] * stretch;
            high[i] *= stretch;
        }
        return new QuantizerRange(low, high, 255);
    }

    /** A range that holds zero as one of its 256 values exactly. */
    static QuantizerRange asymmetric(float[] min, float[] max) {
        float[] low = new float[min.length];
        float[] high = new float[min.length];
        for (int i = 0; i < low.length; i++) {
            float width = max[i] - min[i];
            float correction = width > LEAST_WIDTH ? 0 : LEAST_WIDTH;
            tune(Math.min(min[i] - correction, 0), Math.max(max[i] + correction, 0), low, high, i);
        }
        return new QuantizerRange(low, high, 256);
    }

    /** Widens one end so that a code falls on zero. */
    private static void tune(float left, float right, float[] low, float[] high, int i) {
        float scale = 255 / (right - left);
        float zero = (float) Math.rint(-left * scale);
        float wideLeft = zero < 255 ? zero / (zero - 255) * right : left;
        float wideRight = zero > 0 ? (zero - 255) / zero * left : right;
        boolean moveLeft = right - wideLeft > wideRight - left;
        low[i] = moveLeft ? wideLeft : left;
        high[i] = moveLeft ? right : wideRight;
    }

    /** Channels of (almost) only zeros get a hundredth of the widest range. */
    private static float[] withoutZeros(float[] max) {
        float widest = 0;
        for (float value : max) {
            widest = Math.max(widest, value);
        }
        float least = Math.max(widest * 0.01f, LEAST_HIGH);
        float[] high = new float[max.length];
        for (int i = 0; i < high.length; i++) {
            high[i] = Math.max(least, max[i]);
        }
        return high;
    }

    /** The least value of each channel. */
    float[] low() {
        return low;
    }

    /** The greatest value of each channel. */
    float[] high() {
        return high;
    }

    /** The number of values between, both limits included. */
    int levels() {
        return levels;
    }

    /** The distance of neighbouring values of a channel. */
    float step(int channel) {
        return (high[channel] - low[channel]) / (levels - 1);
    }

    /** The signed code of {@code value}, as FakeQuantize rounds: −127 to 127, or from −128 with 256 levels. */
    byte code(float value, int channel) {
        float from = low[channel];
        float to = high[channel];
        int least = -(levels / 2);
        if (value <= from) {
            return (byte) least;
        }
        if (value > to) {
            return (byte) (least + levels - 1);
        }
        return (byte) ((int) Math.rint((value - from) / (to - from) * (levels - 1)) + least);
    }
}
