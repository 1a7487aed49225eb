package dev.decanter.export;

import java.nio.file.Path;

/** Converts a checkpoint's tokenizer to IR: {@code openvino_tokenizer.xml} and {@code openvino_detokenizer.xml}. */
@FunctionalInterface
public interface TokenizerExport {
    /**
     * Converts.
     *
     * @param checkpoint a Hugging Face folder
     * @param out an existing folder to write to
     */
    void convert(Path checkpoint, Path out);
}
