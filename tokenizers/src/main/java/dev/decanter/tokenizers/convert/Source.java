package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.TokenizerException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

    /** Classes that say nothing of a tokenizer's algorithm. */
    List<String> GENERIC = List.of("PreTrainedTokenizer", "TokenizersBackend", "PythonBackend");

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
        Optional<Family> family = family(folder);
        if (family.isPresent() && family.get().files().stream().allMatch(folder::has)) {
            return FamilyJson.read(folder, family.get());
        }
        Optional<Path> ranks = models(folder).stream().filter(Ranks::areIn).findFirst();
        if (ranks.isPresent()) {
            return TiktokenJson.read(folder, ranks.get());
        }
        return sentencePiece(folder).orElseThrow(() -> refusal(folder, family));
    }

    /** Whether there is a file that may define a tokenizer. */
    static boolean isIn(Path path) {
        HfFolder folder = new HfFolder(path);
        return Stream.of("tokenizer.json", "vocab.json", "vocab.txt").anyMatch(folder::has)
                || !models(folder).isEmpty();
    }

    /** Of the class, or of the model where no class is named or one that says nothing. */
    private static Optional<Family> family(HfFolder folder) {
        Optional<String> type =
                folder.tokenizerClass().map(HfFolder::withoutFast).filter(t -> !GENERIC.contains(t));
        return type.isPresent()
                ? Family.ofClass(type.get())
                : folder.modelType().flatMap(Family::ofModel);
    }

    /** The files that hold a SentencePiece model or ranks. */
    private static List<Path> models(HfFolder folder) {
        List<Path> files = new ArrayList<>();
        MODEL_FILES.stream()
                .filter(folder::has)
                .forEach(name -> files.add(folder.path().resolve(name)));
        try (DirectoryStream<Path> ranks = Files.newDirectoryStream(folder.path(), "*.tiktoken")) {
            ranks.forEach(files::add);
        } catch (IOException e) {
            throw new TokenizerException(folder.path() + ": cannot be read: " + e.getMessage(), e);
        }
        return files;
    }

    private static Optional<Source> sentencePiece(HfFolder folder) {
        return models(folder).stream()
                .filter(file -> !Ranks.areIn(file))
                .findFirst()
                .map(SentencePiece::new);
    }

    private static TokenizerException refusal(HfFolder folder, Optional<Family> family) {
        List<String> found = Stream.of("vocab.json", "merges.txt", "vocab.txt", "tekken.json", "tokenizer.json")
                .filter(folder::has)
                .toList();
        if (found.isEmpty()) {
            return new TokenizerException(folder.path()
                    + ": has no file that defines a tokenizer; add its tokenizer.json, its vocab.json and merges.txt, its"
                    + " vocab.txt, its SentencePiece model (tokenizer.model) or its ranks (*.tiktoken)");
        }
        String files = String.join(" and ", found);
        String type = folder.tokenizerClass()
                .map(t -> "the class " + t)
                .or(() -> folder.modelType().map(t -> "a model of type " + t))
                .orElse("neither tokenizer_class in tokenizer_config.json nor config.json");
        String what = family.map(f -> "which is defined by " + String.join(" and ", f.files()))
                .orElse("of which the files alone do not define the tokenizer; the classes that do are "
                        + Family.classes());
        return new TokenizerException(folder.path() + ": has no tokenizer.json, but " + files + " and " + type + ", "
                + what + "; save the tokenizer as a fast one (tokenizer.json)");
    }
}
