package dev.decanter.tokenizers;

import dev.decanter.ir.DecanterException;
import dev.decanter.ir.file.IrWriter;
import dev.decanter.tokenizers.convert.Conversion;
import java.nio.file.Path;

/**
 * Converts a Hugging Face tokenizer to IR.
 *
 * <p>The folder's {@code tokenizer.json} defines the tokenizer. Without one, what defines it is the class that
 * {@code tokenizer_config.json} names, with its {@code vocab.json} and {@code merges.txt} or its {@code vocab.txt}, with the
 * ranks of tiktoken ({@code *.tiktoken}, {@code tokenizer.model}) or with a SentencePiece model ({@code tokenizer.model},
 * {@code spiece.model} …). A class that is not known is refused: its files alone would give wrong ids.
 *
 * <p>{@code tokenizer_config.json}, {@code special_tokens_map.json}, {@code added_tokens.json}, {@code generation_config.json}
 * (or {@code config.json}) and {@code chat_template.jinja} (or {@code chat_template.json}) give special tokens, their ids and
 * the chat template, which go into {@code rt_info}.
 *
 * {@snippet :
 * TokenizerConverter.convert(Path.of("Llama-3.2-1B"), Path.of("out"), ConversionOptions.DEFAULT);
 * try (Tokenizer tokenizer = Tokenizer.load(Path.of("out"))) {
 *     long[] ids = tokenizer.encodeToIds("Hello");
 * }
 * }
 */
public final class TokenizerConverter {
    /** File name of the tokenizer in an IR folder. */
    public static final String TOKENIZER = "openvino_tokenizer.xml";

    /** File name of the detokenizer in an IR folder. */
    public static final String DETOKENIZER = "openvino_detokenizer.xml";

    private TokenizerConverter() {}

    /** Whether a folder has a file that may define a tokenizer. */
    public static boolean hasSource(Path folder) {
        return Conversion.hasSource(folder);
    }

    /**
     * Writes {@code openvino_tokenizer.xml/.bin} and, if asked for, {@code openvino_detokenizer.xml/.bin} into {@code target}.
     * Files are complete or absent.
     *
     * @throws TokenizerException naming the file and the place in it if something is malformed or not supported
     */
    public static void convert(Path source, Path target, ConversionOptions options) {
        Conversion conversion = Conversion.of(source, options);
        try {
            IrWriter.write(conversion.tokenizer(), target.resolve(TOKENIZER));
            conversion.detokenizer().ifPresent(model -> IrWriter.write(model, target.resolve(DETOKENIZER)));
        } catch (DecanterException e) {
            throw new TokenizerException(String.valueOf(e.getMessage()), e);
        }
    }
}
