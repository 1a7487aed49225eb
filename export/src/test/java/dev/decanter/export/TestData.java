package dev.decanter.export;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Finds the test data at the project's root. */
final class TestData {
    /** The golden models of the supported architectures. */
    static final List<String> MODELS =
            List.of("llama-gqa", "llama-gptq", "llama3-rope-tied", "mistral-swa", "qwen2", "qwen3");

    private TestData() {}

    /** The folder {@code testdata/golden/NAME}. */
    static Path golden(String name) {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("testdata"))) {
            folder = folder.getParent();
            if (folder == null) {
                throw new IllegalStateException("testdata is not in any folder above the working one");
            }
        }
        return folder.resolve("testdata/golden").resolve(name);
    }

    /** The checkpoint folder of a golden model. */
    static Path checkpoint(String name) {
        return golden(name).resolve("model");
    }

    static JsonNode json(Path file) {
        try {
            return JsonMapper.builder().build().readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A place in the folder of files from elsewhere that {@code decanter.shared} names; it may not exist. */
    static Path shared(String path) {
        String named = System.getProperty("decanter.shared", System.getenv("DECANTER_SHARED"));
        Path base = named != null ? Path.of(named) : golden("").resolve("../../../shared");
        return base.normalize().resolve(path);
    }
}
