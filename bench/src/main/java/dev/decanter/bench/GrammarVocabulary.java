package dev.decanter.bench;

import dev.decanter.grammar.Vocabulary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;

/** A vocabulary of 128 thousand tokens: Llama 3's ranks if they are beside the project, else syllables put together. */
final class GrammarVocabulary {
    private static final int SIZE = 128_256;

    private GrammarVocabulary() {}

    static Vocabulary load() {
        Path ranks = Path.of("../shared/real/tokenizers/llama3-tiktoken/tokenizer.model");
        List<byte[]> tokens = Files.exists(ranks) ? read(ranks) : synthetic();
        while (tokens.size() < SIZE) {
            tokens.add(new byte[0]);
        }
        return Vocabulary.of(tokens);
    }

    private static List<byte[]> read(Path ranks) {
        try {
            List<byte[]> tokens = new ArrayList<>();
            for (String line : Files.readAllLines(ranks)) {
                if (!line.isBlank()) {
                    tokens.add(Base64.getDecoder().decode(line.substring(0, line.indexOf(' '))));
                }
            }
            return tokens;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<byte[]> synthetic() {
        Random random = new Random(1);
        List<byte[]> tokens = new ArrayList<>();
        for (int value = 0; value < 256; value++) {
            tokens.add(new byte[] {(byte) value});
        }
        String[] parts = {
            "an", "er", "in", "st", "o", "qu", "é", "да", "日", "本", "12", "0", "\"", "\":", "},", "\n", "  ", "_", ".",
            "(", "the"
        };
        while (tokens.size() < SIZE - 256) {
            StringBuilder token = new StringBuilder(random.nextBoolean() ? " " : "");
            for (int i = random.nextInt(5); i >= 0; i--) {
                token.append(parts[random.nextInt(parts.length)]);
            }
            tokens.add(token.toString().getBytes(StandardCharsets.UTF_8));
        }
        return tokens;
    }
}
