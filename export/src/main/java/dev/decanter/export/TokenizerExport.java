package dev.decanter.export;

import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.TokenizerConverter;
import java.nio.file.Path;

/** Converts a checkpoint's tokenizer to IR: {@code openvino_tokenizer.xml} and {@code openvino_detokenizer.xml}. */
@FunctionalInterface
public interface TokenizerExport {
    /** With the tokenizers module's defaults; throws its exception if the tokenizer is not supported. */
    TokenizerExport STANDARD =
            (checkpoint, out) -> TokenizerConverter.convert(checkpoint, out, ConversionOptions.DEFAULT);

    /**
     * Converts.
     *
     * @param checkpoint a Hugging Face folder
     * @param out an existing folder to write to
     */
    void convert(Path checkpoint, Path out);
}
