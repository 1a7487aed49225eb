package dev.decanter.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.decanter.export.ExportListener;
import dev.decanter.export.TokenizerExport;
import dev.decanter.ir.DecanterException;
import dev.decanter.ir.file.IrReader;
import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.TokenizerConverter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The tokenizer's part of an export. As with Optimum-Intel, a tokenizer that cannot be converted does not spoil the model,
 * which runs on token ids without it: the reason is told in one line.
 */
record TokenizerStage(ExportListener listener) implements TokenizerExport {
    @Override
    public void convert(Path checkpoint, Path out) {
        try {
            TokenizerConverter.convert(checkpoint, out, ConversionOptions.DEFAULT);
        } catch (DecanterException e) {
            // a full disk says nothing about the tokenizer, and the model beside it would be incomplete
            for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
                if (cause instanceof IOException && !(cause instanceof JsonProcessingException)) {
                    throw e;
                }
            }
            for (String name : new String[] {TokenizerConverter.TOKENIZER, TokenizerConverter.DETOKENIZER}) {
                remove(out.resolve(name));
                remove(IrReader.weightsPath(out.resolve(name)));
            }
            listener.note("the tokenizer is not converted, prompts must be token ids: " + e.getMessage());
        }
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
