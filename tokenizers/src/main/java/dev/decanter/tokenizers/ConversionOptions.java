package dev.decanter.tokenizers;

import java.util.OptionalInt;

/**
 * What a conversion bakes into the graphs as defaults; most of it can be chosen again when text is encoded.
 *
 * @param withDetokenizer whether a detokenizer is written as well
 * @param padLeft whether a batch's shorter rows are padded before their ids, as text generation needs it
 * @param truncateLeft whether a text that is too long loses its beginning rather than its end
 * @param maxLength the greatest number of ids in a row, special ones included; unlimited if empty
 * @param addSpecialTokens whether the post-processor's tokens (bos …) are added
 * @param skipSpecialTokens whether decoding leaves special tokens out
 */
public record ConversionOptions(
        boolean withDetokenizer,
        boolean padLeft,
        boolean truncateLeft,
        OptionalInt maxLength,
        boolean addSpecialTokens,
        boolean skipSpecialTokens) {

    /** For text generation: with detokenizer, padding and truncation on the left, no limit, special tokens handled. */
    public static final ConversionOptions DEFAULT =
            new ConversionOptions(true, true, true, OptionalInt.empty(), true, true);

    /** Throws {@link TokenizerException} if {@code maxLength} is not positive. */
    public ConversionOptions {
        if (maxLength.isPresent() && maxLength.getAsInt() < 1) {
            throw new TokenizerException("max length " + maxLength.getAsInt() + " is not positive");
        }
    }

    /** A copy with another {@link #withDetokenizer}. */
    public ConversionOptions withDetokenizer(boolean value) {
        return new ConversionOptions(value, padLeft, truncateLeft, maxLength, addSpecialTokens, skipSpecialTokens);
    }

    /** A copy that pads and truncates on the left or on the right. */
    public ConversionOptions withLeftSide(boolean value) {
        return new ConversionOptions(withDetokenizer, value, value, maxLength, addSpecialTokens, skipSpecialTokens);
    }

    /** A copy with a limit. */
    public ConversionOptions withMaxLength(int value) {
        return new ConversionOptions(
                withDetokenizer, padLeft, truncateLeft, OptionalInt.of(value), addSpecialTokens, skipSpecialTokens);
    }

    /** A copy with another {@link #addSpecialTokens}. */
    public ConversionOptions withAddSpecialTokens(boolean value) {
        return new ConversionOptions(withDetokenizer, padLeft, truncateLeft, maxLength, value, skipSpecialTokens);
    }

    /** A copy with another {@link #skipSpecialTokens}. */
    public ConversionOptions withSkipSpecialTokens(boolean value) {
        return new ConversionOptions(withDetokenizer, padLeft, truncateLeft, maxLength, addSpecialTokens, value);
    }
}
