package dev.decanter.cli;

import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.ConversionOptions.IdType;
import dev.decanter.tokenizers.ConversionOptions.Utf8Mode;
import dev.decanter.tokenizers.TokenizerConverter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code decanter convert-tokenizer}: the flags of OpenVINO Tokenizers' {@code convert_tokenizer}. */
@Command(
        name = "convert-tokenizer",
        description = "Converts a Hugging Face tokenizer (tokenizer.json, vocab.json with merges.txt, vocab.txt, a"
                + " SentencePiece model or tiktoken's ranks) to OpenVINO IR.",
        footer = "  decanter convert-tokenizer Llama-3.2-1B-Instruct -o llama-ov --with-detokenizer")
final class ConvertTokenizerCommand extends BaseCommand {
    @Parameters(paramLabel = "DIR", description = "The folder of the Hugging Face tokenizer.")
    private String source = "";

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "OUT",
            description = "The folder to write to; other files in it stay.")
    private Path out = Path.of("");

    @Option(
            names = {"--with-detokenizer", "--with_detokenizer"},
            description = "Write the detokenizer too.")
    private boolean withDetokenizer;

    @Option(names = "--subfolder", paramLabel = "NAME", description = "The tokenizer's folder within DIR.")
    private Optional<String> subfolder = Optional.empty();

    @Option(
            names = {"--not-add-special-tokens", "--not_add_special_tokens"},
            description = "Do not add the special tokens (bos …) to a text.")
    private boolean notAddSpecialTokens;

    @Option(
            names = {"--not-skip-special-tokens", "--not_skip_special_tokens"},
            description = "Keep special tokens in decoded text.")
    private boolean notSkipSpecialTokens;

    @Option(
            names = {"--skip-special-tokens", "--skip_special_tokens"},
            description = "Leave special tokens out of decoded text, which is the default.")
    private boolean skipSpecialTokens;

    @Option(
            names = {"--left-padding", "--left_padding"},
            description = "Pad and cut on the left; by default where the tokenizer's configuration says.")
    private boolean leftPadding;

    @Option(names = "--right-padding", description = "Pad and cut on the right.")
    private boolean rightPadding;

    @Option(
            names = {"--max-length", "--max_length"},
            paramLabel = "N",
            description = "Cut longer texts to N ids, special ones included.")
    private Optional<Integer> maxLength = Optional.empty();

    @Option(
            names = {"--max-padding", "--max_padding"},
            paramLabel = "N|true",
            description = "Pad every text to N ids, or to the tokenizer's model_max_length; takes the place of"
                    + " --max-length's number.")
    private Optional<String> maxPadding = Optional.empty();

    @Option(
            names = {"--number-of-inputs", "--number_of_inputs"},
            paramLabel = "N",
            description = "1, or 2 for a graph that takes pairs of texts too.")
    private int numberOfInputs = 1;

    @Option(
            names = {"--clean-up-tokenization-spaces", "--clean_up_tokenization_spaces"},
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "true|false",
            description = "Remove spaces before punctuation from decoded text; by default they stay.")
    private Optional<Boolean> cleanUpSpaces = Optional.empty();

    @Option(
            names = {"--use-fast-false", "--use_fast_false"},
            description = "Leave tokenizer.json aside for the files of the slow tokenizer.")
    private boolean useFastFalse;

    @Option(
            names = {"--use-sentencepiece-backend", "--use_sentencepiece_backend"},
            description = "Let SentencePiece's own model, which must be there, do the work.")
    private boolean sentencePieceBackend;

    @Option(
            names = {"--handle-special-tokens-with-re", "--handle_special_tokens_with_re"},
            description = "Find special tokens by a regular expression ahead of SentencePiece, as is always done here.")
    private boolean specialTokensByRegex;

    @Option(
            names = {"--tokenizer-output-type", "--tokenizer_output_type"},
            paramLabel = "i32|i64",
            description = "The type of the tokenizer's outputs; i64 by default.")
    private String outputType = "i64";

    @Option(
            names = {"--detokenizer-input-type", "--detokenizer_input_type"},
            paramLabel = "i32|i64",
            description = "The type of the detokenizer's input; i64 by default.")
    private String inputType = "i64";

    @Option(
            names = {"--streaming-detokenizer", "--streaming_detokenizer"},
            description = "Keep the space before a text's first word, for SentencePiece models.")
    private boolean streamingDetokenizer;

    @Option(
            names = {"--utf8_replace_mode", "--utf8-replace-mode"},
            paramLabel = "replace|ignore|disable",
            description = "What decoding does with bytes that are not UTF-8: U+FFFD, nothing, or no check at all.")
    private String utf8Mode = "replace";

    @Option(
            names = {"--trust-remote-code", "--trust_remote_code"},
            description = "Accepted and ignored: code of a model is never run.")
    private boolean trustRemoteCode;

    @Override
    void run() {
        if (trustRemoteCode) {
            note("--trust-remote-code is ignored: code of a model is never run");
        }
        ConversionOptions options = options();
        Path folder = folder();
        Outputs.folder(out, work -> TokenizerConverter.convert(folder, work, options));
        out().println(out + ": " + TokenizerConverter.TOKENIZER
                + (withDetokenizer ? ", " + TokenizerConverter.DETOKENIZER : ""));
    }

    private Path folder() {
        Path folder = ModelFolders.existing(source);
        if (subfolder.isEmpty()) {
            return folder;
        }
        Path inner = folder.resolve(subfolder.get());
        if (!Files.isDirectory(inner)) {
            throw new CommandFailure("--subfolder " + subfolder.get() + ": " + folder + " has no such folder");
        }
        return inner;
    }

    private ConversionOptions options() {
        if (notSkipSpecialTokens && skipSpecialTokens) {
            throw usage("Give one of --skip-special-tokens and --not-skip-special-tokens");
        }
        if (leftPadding && rightPadding) {
            throw usage("Give one of --left-padding and --right-padding");
        }
        if (numberOfInputs != 1 && numberOfInputs != 2) {
            throw usage("Invalid value for option '--number-of-inputs': " + numberOfInputs + " is neither 1 nor 2");
        }
        ConversionOptions options = ConversionOptions.DEFAULT
                .withDetokenizer(withDetokenizer)
                .withAddSpecialTokens(!notAddSpecialTokens)
                .withSkipSpecialTokens(!notSkipSpecialTokens)
                .withNumberOfInputs(numberOfInputs)
                .withUseFast(!useFastFalse)
                .withSentencePieceBackend(sentencePieceBackend)
                .withSpecialTokensByRegex(specialTokensByRegex)
                .withStreamingDetokenizer(streamingDetokenizer)
                .withTokenizerOutputType(oneOf("--tokenizer-output-type", IdType.class, outputType))
                .withDetokenizerInputType(oneOf("--detokenizer-input-type", IdType.class, inputType))
                .withUtf8Mode(oneOf("--utf8_replace_mode", Utf8Mode.class, utf8Mode));
        options = leftPadding || rightPadding ? options.withLeftSide(leftPadding) : options.withOwnSides();
        if (cleanUpSpaces.isPresent()) {
            options = options.withCleanUpSpaces(cleanUpSpaces.get());
        }
        if (maxLength.isPresent()) {
            options = options.withMaxLength(positive("--max-length", String.valueOf(maxLength.get())));
        }
        if (maxPadding.isPresent()) {
            options = maxPadding.get().equalsIgnoreCase("true")
                    ? options.withModelMaxPadding()
                    : options.withMaxPadding(positive("--max-padding", maxPadding.get()));
        }
        return options;
    }

    private int positive(String option, String text) {
        try {
            int value = Integer.parseInt(text);
            if (value > 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw usage("Invalid value for option '" + option + "': \"" + text + "\" is no positive number");
    }

    private <E extends Enum<E>> E oneOf(String option, Class<E> type, String text) {
        for (E value : type.getEnumConstants()) {
            if (value.name().equals(text.toUpperCase(Locale.ROOT))) {
                return value;
            }
        }
        throw usage("Invalid value for option '" + option + "': \"" + text + "\"");
    }
}
