package dev.decanter.cpu.kernels;

/**
 * The steps of OpenVINO's FakeQuantize with one range for the whole tensor: {@code code = round((x − low) / (high − low)
 * · steps)}, 0 below and {@code steps} above the range, ties to even; {@code value = code / steps · (outHigh − outLow) +
 * outLow}.
 *
 * @param low where codes begin
 * @param high where they end, above {@code low}
 * @param outLow value of code 0
 * @param outHigh value of the last code
 * @param steps the last code, at least 1; levels − 1
 */
public record QuantizerLevels(float low, float high, float outLow, float outHigh, int steps) {
    /** Added and subtracted again, rounds a float of at most 22 bits to the nearest integer, ties to even. */
    static final float ROUNDER = 0x1.8p23f;

    /** The greatest number of steps: rounding by {@link #ROUNDER} is exact up to it. */
    public static final int MOST_STEPS = 1 << 22;

    /** Checks the range. */
    public QuantizerLevels {
        if (!(low < high) || !Float.isFinite(high - low) || steps < 1 || steps > MOST_STEPS) {
            throw new IllegalArgumentException(
                    "no quantizer with " + steps + " steps of " + low + " to " + high + " can be made");
        }
    }

    /** Returns what a code is worth more than the one before. */
    public double scale() {
        return ((double) outHigh - outLow) / steps;
    }

    /** Returns the code nearest to value 0; outside 0 to {@code steps} where the range does not hold 0. */
    public long zero() {
        return Math.round(-outLow / scale());
    }

    /** Returns the value of code {@link #zero()}, which is 0 but for rounding if the quantizer represents 0. */
    public double rest() {
        return outLow + zero() * scale();
    }
}
