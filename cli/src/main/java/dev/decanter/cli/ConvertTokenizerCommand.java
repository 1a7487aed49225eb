package dev.decanter.cli;

import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.TokenizerConverter;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code decanter convert-tokenizer}. */
@Command(
        name = "convert-tokenizer",
        description = "Converts a Hugging Face tokenizer (tokenizer.json) to OpenVINO IR.",
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

    @Option(names = "--with-detokenizer", description = "Write the detokenizer too.")
    private boolean withDetokenizer;

    @Option(names = "--max-length", paramLabel = "N", description = "Cut longer texts to N ids, special ones included.")
    private Optional<Integer> maxLength = Optional.empty();

    @Option(names = "--right-padding", description = "Pad and cut on the right; by default on the left.")
    private boolean rightPadding;

    @Option(names = "--not-add-special-tokens", description = "Do not add the special tokens (bos …) to a text.")
    private boolean notAddSpecialTokens;

    @Option(names = "--not-skip-special-tokens", description = "Keep special tokens in decoded text.")
    private boolean notSkipSpecialTokens;

    @Override
    void run() {
        Path folder = ModelFolders.existing(source);
        ConversionOptions options = ConversionOptions.DEFAULT
                .withDetokenizer(withDetokenizer)
                .withLeftSide(!rightPadding)
                .withAddSpecialTokens(!notAddSpecialTokens)
                .withSkipSpecialTokens(!notSkipSpecialTokens);
        ConversionOptions all = maxLength.map(options::withMaxLength).orElse(options);
        Outputs.folder(out, work -> TokenizerConverter.convert(folder, work, all));
        out().println(out + ": " + TokenizerConverter.TOKENIZER
                + (withDetokenizer ? ", " + TokenizerConverter.DETOKENIZER : ""));
    }
}
