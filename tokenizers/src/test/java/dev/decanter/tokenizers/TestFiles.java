package dev.decanter.tokenizers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** Where tests find their files. */
final class TestFiles {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private TestFiles() {}

    /** The tokenizers with expected ids, one of each kind. */
    static Stream<String> goldenNames() {
        return Stream.of(
                "gpt2",
                "llama3",
                "qwen2",
                "falcon",
                "neox",
                "opt",
                "llama2",
                "phi3",
                "gemma",
                "clip",
                "bert",
                "t5",
                "unigram-bytes");
    }

    static Path golden(String name) {
        try {
            return Path.of(Objects.requireNonNull(TestFiles.class.getResource("/golden/" + name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static JsonNode json(Path file) {
        try {
            return MAPPER.readTree(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode parse(String json) {
        try {
            return MAPPER.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static long[] ids(JsonNode list) {
        long[] ids = new long[list.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = list.get(i).longValue();
        }
        return ids;
    }

    /** A file or folder of the shared reference files, if they are on this machine. */
    static Optional<Path> shared(String name) {
        String property = System.getProperty("decanter.shared", System.getenv().getOrDefault("decanter.shared", ""));
        for (String root : property.isEmpty() ? new String[] {"../shared", "../../shared"} : new String[] {property}) {
            Path path = Path.of(root, name);
            if (Files.exists(path)) {
                return Optional.of(path);
            }
        }
        return Optional.empty();
    }

    /** Converts, writes and loads again. */
    static Tokenizer throughDisk(Path source, Path target) {
        TokenizerConverter.convert(source, target, ConversionOptions.DEFAULT);
        return Tokenizer.load(target);
    }
}
