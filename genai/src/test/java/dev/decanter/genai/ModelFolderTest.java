package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFolderTest {
    @TempDir
    Path folder;

    private OptionalInt contextLength(String config) throws IOException {
        Files.writeString(folder.resolve("config.json"), config);
        return new ModelFolder(folder).contextLength();
    }

    @Test
    void theContextIsWhatThePositionsReach() throws IOException {
        assertThat(contextLength("{}")).isEmpty();
        assertThat(contextLength("{\"max_position_embeddings\": 64}")).hasValue(64);
        assertThat(contextLength("{\"n_positions\": 32}")).hasValue(32);
    }

    @Test
    void scalingStretchesIt() throws IOException {
        String scaled = "{\"max_position_embeddings\": 64, \"rope_scaling\": {\"rope_type\": \"%s\", \"factor\": 4.0}}";
        assertThat(contextLength(scaled.formatted("linear"))).hasValue(256);
        assertThat(contextLength(scaled.formatted("yarn"))).hasValue(256);
        assertThat(contextLength(scaled.formatted("llama3"))).hasValue(64);
        assertThat(contextLength(scaled.formatted("dynamic"))).isEmpty();
    }
}
