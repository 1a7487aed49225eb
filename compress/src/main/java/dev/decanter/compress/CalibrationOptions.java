package dev.decanter.compress;

import java.util.OptionalInt;

/**
 * How calibration samples are made of text; the defaults are Optimum-Intel's.
 *
 * @param samples how many; empty for 128, or fewer if there is not that much text
 * @param tokens most tokens of a sample, at least 2; empty for 32, and for 256 where each text is a sample of its own
 * @param seed of what is drawn at random: windows, texts, generated tokens
 * @param paragraphs whether a plain text's paragraphs are samples of their own, cut at {@code tokens}; else the text is one
 *     stream of tokens, of which windows of just {@code tokens} are drawn
 */
public record CalibrationOptions(OptionalInt samples, OptionalInt tokens, long seed, boolean paragraphs) {
    /** 128 samples, tokens as the text suggests, seed 42. */
    public static final CalibrationOptions DEFAULT =
            new CalibrationOptions(OptionalInt.empty(), OptionalInt.empty(), 42, false);

    /** The number of samples where none was asked for. */
    public static final int DEFAULT_SAMPLES = 128;

    public CalibrationOptions {
        if (samples.isPresent() && samples.getAsInt() < 1) {
            throw new CompressionException(
                    samples.getAsInt() + " calibration samples cannot be; --num-samples must be positive");
        }
        if (tokens.isPresent() && tokens.getAsInt() < 2) {
            throw new CompressionException(
                    tokens.getAsInt() + " tokens are too few for a calibration sample; --seq-len must be 2 or more");
        }
    }

    public CalibrationOptions withSamples(int value) {
        return new CalibrationOptions(OptionalInt.of(value), tokens, seed, paragraphs);
    }

    public CalibrationOptions withTokens(int value) {
        return new CalibrationOptions(samples, OptionalInt.of(value), seed, paragraphs);
    }

    public CalibrationOptions withSeed(long value) {
        return new CalibrationOptions(samples, tokens, value, paragraphs);
    }

    public CalibrationOptions withParagraphs(boolean value) {
        return new CalibrationOptions(samples, tokens, seed, value);
    }
}
