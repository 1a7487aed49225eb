package dev.decanter.tokenizers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes the files of slow tokenizers from what a tokenizer.json holds. */
final class Folders {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Folders() {}

    static void write(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void copy(Path from, Path folder, String... names) {
        try {
            Files.createDirectories(folder);
            for (String name : names) {
                Files.copy(from.resolve(name), folder.resolve(name));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** vocab.json and merges.txt. */
    static void vocabAndMerges(Path tokenizerJson, Path folder) {
        JsonNode model = TestFiles.json(tokenizerJson).path("model");
        write(folder.resolve("vocab.json"), model.path("vocab").toString());
        StringBuilder merges = new StringBuilder("#version: 0.2\n");
        for (JsonNode merge : model.path("merges")) {
            merges.append(
                            merge.isTextual()
                                    ? merge.textValue()
                                    : merge.get(0).textValue() + " "
                                            + merge.get(1).textValue())
                    .append('\n');
        }
        write(folder.resolve("merges.txt"), merges.toString());
    }

    /** vocab.txt. */
    static void vocabTxt(Path tokenizerJson, Path folder) {
        Map<Integer, String> tokens = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry :
                TestFiles.json(tokenizerJson).path("model").path("vocab").properties()) {
            tokens.put(entry.getValue().intValue(), entry.getKey());
        }
        lines(folder.resolve("vocab.txt"), List.copyOf(tokens.values()));
    }

    static void lines(Path file, List<String> lines) {
        write(file, String.join("\n", lines) + "\n");
    }

    static void config(Path folder, Map<String, Object> values) {
        write(
                folder.resolve("tokenizer_config.json"),
                MAPPER.valueToTree(values).toString());
    }
}
