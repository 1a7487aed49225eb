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
 * @param truncation whether and how texts that are too long are shortened
 * @param truncationSide which end of a text that is too long is lost
 */
public record EncodeOptions(
        boolean addSpecialTokens,
        Side side,
        OptionalInt maxLength,
        boolean padToMaxLength,
        Truncation truncation,
        Side truncationSide) {
    /** An end of a row. */
    public enum Side {
        /** As the conversion chose. */
        DEFAULT,
        /** Before the ids: padding for text generation. */
        LEFT,
        /** Behind the ids. */
        RIGHT
    }

    /** How texts are shortened to the max length. The strategies differ for pairs only. */
    public enum Truncation {
        /** To {@code maxLength} or else the conversion's limit, if there is one, by the conversion's strategy. */
        DEFAULT,
        /** Not at all, whatever the limit. */
        NONE,
        /** The longer text of a pair loses ids first, and then both in turns. */
        LONGEST_FIRST,
        /** Only the first text of a pair loses ids; it fails if that is not enough. */
        ONLY_FIRST,
        /** Only the second text of a pair loses ids; it fails if that is not enough. */
        ONLY_SECOND
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

    /** Truncation as the conversion chose. */
    public EncodeOptions(boolean addSpecialTokens, Side side, OptionalInt maxLength, boolean padToMaxLength) {
        this(addSpecialTokens, side, maxLength, padToMaxLength, Truncation.DEFAULT, Side.DEFAULT);
    }

    /** A copy with another {@link #addSpecialTokens}. */
    public EncodeOptions withAddSpecialTokens(boolean value) {
        return new EncodeOptions(value, side, maxLength, padToMaxLength, truncation, truncationSide);
    }

    /** A copy with another {@link #side}. */
    public EncodeOptions withSide(Side value) {
        return new EncodeOptions(addSpecialTokens, value, maxLength, padToMaxLength, truncation, truncationSide);
    }

    /** A copy with a limit. */
    public EncodeOptions withMaxLength(int value) {
        return new EncodeOptions(
                addSpecialTokens, side, OptionalInt.of(value), padToMaxLength, truncation, truncationSide);
    }

    /** A copy that pads to the limit, which must be set. */
    public EncodeOptions withPadToMaxLength(boolean value) {
        return new EncodeOptions(addSpecialTokens, side, maxLength, value, truncation, truncationSide);
    }

    /** A copy with another {@link #truncation}. */
    public EncodeOptions withTruncation(Truncation value) {
        return new EncodeOptions(addSpecialTokens, side, maxLength, padToMaxLength, value, truncationSide);
    }

    /** A copy with another {@link #truncationSide}. */
    public EncodeOptions withTruncationSide(Side value) {
        return new EncodeOptions(addSpecialTokens, side, maxLength, padToMaxLength, truncation, value);
    }
}
