package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.TokenizerException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What defines the tokenizer of a folder. */
sealed interface Source {
    /**
     * A {@code tokenizer.json}, or what other files amount to in its form.
     *
     * @param json the definition
     * @param tokens special tokens by their key ({@code bos_token} …) that the tokenizer's class has where no file names them
     */
    record Json(JsonAt json, Map<String, String> tokens) implements Source {}

    /** A model of SentencePiece, in its protocol buffer. */
    record SentencePiece(Path model) implements Source {}

    /** Names of SentencePiece models in Hugging Face folders. Some hold tiktoken's ranks instead. */
    List<String> MODEL_FILES = List.of(
            "tokenizer.model",
            "spiece.model",
            "sentencepiece.bpe.model",
            "sentencepiece.model",
            "spm.model",
            "tokenizer.model.v3",
            "tiktoken.model");

    /**
     * The source of a folder: {@code tokenizer.json} unless the options ask for the slow tokenizer's files; else what the
     * tokenizer's class is defined by, else a model of SentencePiece or ranks of tiktoken.
     *
     * @throws TokenizerException saying what is there, what is supported and what to do
     */
    static Source find(HfFolder folder, ConversionOptions options) {
        if (options.sentencePieceBackend()) {
            return sentencePiece(folder)
                    .orElseThrow(
                            () -> new TokenizerException(
                                    folder.path()
                                            + ": has no SentencePiece model, which --use-sentencepiece-backend needs; leave the flag out"));
        }
        Path json = folder.path().resolve("tokenizer.json");
        if (options.useFast() && Files.exists(json)) {
            return new Json(JsonAt.read(json), Map.of());
        }
        return sentencePiece(folder).orElseThrow(() -> refusal(folder));
    }

    private static Optional<Source> sentencePiece(HfFolder folder) {
        for (String name : MODEL_FILES) {
            Path file = folder.path().resolve(name);
            if (Files.exists(file)) {
                return Optional.of(new SentencePiece(file));
            }
        }
        return Optional.empty();
    }

    private static TokenizerException refusal(HfFolder folder) {
        List<String> others = Stream.of("vocab.json", "merges.txt", "vocab.txt")
                .filter(name -> Files.exists(folder.path().resolve(name)))
                .toList();
        return new TokenizerException(folder.path()
                + (others.isEmpty()
                        ? ": has no tokenizer.json"
                        : ": has " + String.join(", ", others) + " but no tokenizer.json"));
    }
}
