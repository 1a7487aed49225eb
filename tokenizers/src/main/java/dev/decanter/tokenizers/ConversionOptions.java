package dev.decanter.tokenizers;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * What a conversion bakes into the graphs as defaults; most of it can be chosen again when text is encoded. Immutable: the
 * {@code with…} methods make copies.
 */
public final class ConversionOptions {
    /** What becomes of bytes that are not UTF-8 when ids are decoded. */
    public enum Utf8Mode {
        /** U+FFFD stands for them. */
        REPLACE,
        /** They are left out. */
        IGNORE,
        /** They are not looked for; a reader of the text meets them. */
        DISABLE
    }

    /** Integers of ids. */
    public enum IdType {
        /** 32 bits. */
        I32,
        /** 64 bits. */
        I64
    }

    /** For text generation: with detokenizer, padding and truncation on the left, no limit, special tokens handled. */
    public static final ConversionOptions DEFAULT = new ConversionOptions();

    private boolean withDetokenizer = true;
    private boolean padLeft = true;
    private boolean truncateLeft = true;
    private boolean ownSides;
    private OptionalInt maxLength = OptionalInt.empty();
    private OptionalInt maxPadding = OptionalInt.empty();
    private boolean modelMaxPadding;
    private boolean addSpecialTokens = true;
    private boolean skipSpecialTokens = true;
    private int numberOfInputs = 1;
    private Optional<Boolean> cleanUpSpaces = Optional.empty();
    private boolean useFast = true;
    private boolean sentencePieceBackend;
    private boolean specialTokensByRegex;
    private boolean streamingDetokenizer;
    private IdType tokenizerOutputType = IdType.I64;
    private IdType detokenizerInputType = IdType.I64;
    private Utf8Mode utf8Mode = Utf8Mode.REPLACE;

    private ConversionOptions() {}

    private ConversionOptions copy(Consumer<ConversionOptions> change) {
        ConversionOptions copy = new ConversionOptions();
        copy.withDetokenizer = withDetokenizer;
        copy.padLeft = padLeft;
        copy.truncateLeft = truncateLeft;
        copy.ownSides = ownSides;
        copy.maxLength = maxLength;
        copy.maxPadding = maxPadding;
        copy.modelMaxPadding = modelMaxPadding;
        copy.addSpecialTokens = addSpecialTokens;
        copy.skipSpecialTokens = skipSpecialTokens;
        copy.numberOfInputs = numberOfInputs;
        copy.cleanUpSpaces = cleanUpSpaces;
        copy.useFast = useFast;
        copy.sentencePieceBackend = sentencePieceBackend;
        copy.specialTokensByRegex = specialTokensByRegex;
        copy.streamingDetokenizer = streamingDetokenizer;
        copy.tokenizerOutputType = tokenizerOutputType;
        copy.detokenizerInputType = detokenizerInputType;
        copy.utf8Mode = utf8Mode;
        change.accept(copy);
        return copy;
    }

    /** Whether a detokenizer is written as well. */
    public boolean withDetokenizer() {
        return withDetokenizer;
    }

    /** A copy with another {@link #withDetokenizer()}. */
    public ConversionOptions withDetokenizer(boolean value) {
        return copy(c -> c.withDetokenizer = value);
    }

    /** Whether a batch's shorter rows are padded before their ids, as text generation needs it. */
    public boolean padLeft() {
        return padLeft;
    }

    /** Whether a text that is too long loses its beginning rather than its end. */
    public boolean truncateLeft() {
        return truncateLeft;
    }

    /** A copy that pads and truncates on the left or on the right. */
    public ConversionOptions withLeftSide(boolean value) {
        return withSides(value, value);
    }

    /** A copy that pads and truncates each on a side of its own. */
    public ConversionOptions withSides(boolean padOnLeft, boolean truncateOnLeft) {
        return copy(c -> {
            c.padLeft = padOnLeft;
            c.truncateLeft = truncateOnLeft;
            c.ownSides = false;
        });
    }

    /** Whether the sides are those that the tokenizer's configuration names, the right one where it names none. */
    public boolean ownSides() {
        return ownSides;
    }

    /** A copy that pads and truncates where the tokenizer's configuration says. */
    public ConversionOptions withOwnSides() {
        return copy(c -> c.ownSides = true);
    }

    /** The greatest number of ids in a row, special ones included; unlimited if empty. */
    public OptionalInt maxLength() {
        return maxLength;
    }

    /** A copy with a limit; throws {@link TokenizerException} if it is not positive. */
    public ConversionOptions withMaxLength(int value) {
        if (value < 1) {
            throw new TokenizerException("max length " + value + " is not positive");
        }
        return copy(c -> c.maxLength = OptionalInt.of(value));
    }

    /** The number of ids that every row is padded to; the longest row's if empty. */
    public OptionalInt maxPadding() {
        return maxPadding;
    }

    /** A copy that pads to a length, which is a limit's value too; throws {@link TokenizerException} if it is not positive. */
    public ConversionOptions withMaxPadding(int value) {
        if (value < 1) {
            throw new TokenizerException("max padding " + value + " is not positive");
        }
        return copy(c -> c.maxPadding = OptionalInt.of(value));
    }

    /** Whether rows are padded to the {@code model_max_length} of the tokenizer's configuration. */
    public boolean modelMaxPadding() {
        return modelMaxPadding;
    }

    /** A copy that pads to the {@code model_max_length} of the tokenizer's configuration. */
    public ConversionOptions withModelMaxPadding() {
        return copy(c -> c.modelMaxPadding = true);
    }

    /** Whether the post-processor's tokens (bos …) are added. */
    public boolean addSpecialTokens() {
        return addSpecialTokens;
    }

    /** A copy with another {@link #addSpecialTokens()}. */
    public ConversionOptions withAddSpecialTokens(boolean value) {
        return copy(c -> c.addSpecialTokens = value);
    }

    /** Whether decoding leaves special tokens out. */
    public boolean skipSpecialTokens() {
        return skipSpecialTokens;
    }

    /** A copy with another {@link #skipSpecialTokens()}. */
    public ConversionOptions withSkipSpecialTokens(boolean value) {
        return copy(c -> c.skipSpecialTokens = value);
    }

    /** How many texts make a row: 1, or 2 for pairs. */
    public int numberOfInputs() {
        return numberOfInputs;
    }

    /** A copy for one text a row or for pairs; throws {@link TokenizerException} for another number. */
    public ConversionOptions withNumberOfInputs(int value) {
        if (value != 1 && value != 2) {
            throw new TokenizerException("number of inputs " + value + " is neither 1 nor 2");
        }
        return copy(c -> c.numberOfInputs = value);
    }

    /** Whether decoding removes spaces before punctuation; as the tokenizer's configuration says if empty. */
    public Optional<Boolean> cleanUpSpaces() {
        return cleanUpSpaces;
    }

    /** A copy with {@link #cleanUpSpaces()} decided. */
    public ConversionOptions withCleanUpSpaces(boolean value) {
        return copy(c -> c.cleanUpSpaces = Optional.of(value));
    }

    /** Whether {@code tokenizer.json} defines the tokenizer where there is one. */
    public boolean useFast() {
        return useFast;
    }

    /** A copy that leaves {@code tokenizer.json} aside for the files of the slow tokenizer, or takes it. */
    public ConversionOptions withUseFast(boolean value) {
        return copy(c -> c.useFast = value);
    }

    /** Whether the tokenizer is made of a SentencePiece model, which then has to be there. */
    public boolean sentencePieceBackend() {
        return sentencePieceBackend;
    }

    /** A copy with another {@link #sentencePieceBackend()}. */
    public ConversionOptions withSentencePieceBackend(boolean value) {
        return copy(c -> c.sentencePieceBackend = value);
    }

    /** Whether special tokens are found by a regular expression where SentencePiece does the rest. */
    public boolean specialTokensByRegex() {
        return specialTokensByRegex;
    }

    /** A copy with another {@link #specialTokensByRegex()}. */
    public ConversionOptions withSpecialTokensByRegex(boolean value) {
        return copy(c -> c.specialTokensByRegex = value);
    }

    /** Whether the detokenizer keeps the space before the first word, so that texts of parts can be joined. */
    public boolean streamingDetokenizer() {
        return streamingDetokenizer;
    }

    /** A copy with another {@link #streamingDetokenizer()}. */
    public ConversionOptions withStreamingDetokenizer(boolean value) {
        return copy(c -> c.streamingDetokenizer = value);
    }

    /** The type of the tokenizer's outputs. */
    public IdType tokenizerOutputType() {
        return tokenizerOutputType;
    }

    /** A copy with another {@link #tokenizerOutputType()}. */
    public ConversionOptions withTokenizerOutputType(IdType value) {
        return copy(c -> c.tokenizerOutputType = value);
    }

    /** The type of the detokenizer's input. */
    public IdType detokenizerInputType() {
        return detokenizerInputType;
    }

    /** A copy with another {@link #detokenizerInputType()}. */
    public ConversionOptions withDetokenizerInputType(IdType value) {
        return copy(c -> c.detokenizerInputType = value);
    }

    /** What becomes of bytes that are not UTF-8 when ids are decoded. */
    public Utf8Mode utf8Mode() {
        return utf8Mode;
    }

    /** A copy with another {@link #utf8Mode()}. */
    public ConversionOptions withUtf8Mode(Utf8Mode value) {
        return copy(c -> c.utf8Mode = value);
    }
}
