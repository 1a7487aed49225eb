package dev.decanter.tokenizers;

import java.util.OptionalInt;

/**
 * How to encode.
 *
 * @param addSpecialTokens whether the post-processor's tokens (bos …) are added; without effect where the conversion left
 *     them out
 * @param side where shorter rows of a batch are padded
 * @param maxLength the greatest number of ids in a row, special ones included; the conversion's limit if empty
 * @param padToMaxLength whether rows are padded to {@code maxLength} rather than to the longest of them
 */
public record EncodeOptions(boolean addSpecialTokens, Side side, OptionalInt maxLength, boolean padToMaxLength) {
    /** Where padding goes. */
    public enum Side {
        /** As the conversion chose. */
        DEFAULT,
        /** Before the ids, for text generation. */
        LEFT,
        /** Behind the ids. */
        RIGHT
    }

    /** With special tokens, padded as the conversion chose, without a further limit. */
    public static final EncodeOptions DEFAULT = new EncodeOptions(true, Side.DEFAULT, OptionalInt.empty(), false);

    /** Throws {@link TokenizerException} for a limit below 1 and for padding to a limit that is not given. */
    public EncodeOptions {
        if (maxLength.isPresent() && maxLength.getAsInt() < 1) {
            throw new TokenizerException("max length " + maxLength.getAsInt() + " is not positive");
        }
        if (padToMaxLength && maxLength.isEmpty()) {
            throw new TokenizerException("padding to the max length needs a max length");
        }
    }

    /** A copy with another {@link #addSpecialTokens}. */
    public EncodeOptions withAddSpecialTokens(boolean value) {
        return new EncodeOptions(value, side, maxLength, padToMaxLength);
    }

    /** A copy with another {@link #side}. */
    public EncodeOptions withSide(Side value) {
        return new EncodeOptions(addSpecialTokens, value, maxLength, padToMaxLength);
    }

    /** A copy with a limit. */
    public EncodeOptions withMaxLength(int value) {
        return new EncodeOptions(addSpecialTokens, side, OptionalInt.of(value), padToMaxLength);
    }

    /** A copy that pads to the limit, which must be set. */
    public EncodeOptions withPadToMaxLength(boolean value) {
        return new EncodeOptions(addSpecialTokens, side, maxLength, value);
    }
}
