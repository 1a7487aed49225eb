package dev.decanter.compress.comparison;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.compress.CompressionException;
import dev.decanter.ir.DecanterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/** How many tokens a model's configuration says it takes. */
final class ContextLength {
    /** Tokens of a window unless others are asked for. */
    static final int USUAL_WINDOW = 512;

    private ContextLength() {}

    /** {@code max_position_embeddings} of {@code config.json}; empty if there is none. */
    static OptionalInt of(Path folder) {
        Path file = folder.resolve("config.json");
        if (!Files.isRegularFile(file)) {
            return OptionalInt.empty();
        }
        try {
            JsonNode length = JsonMapper.builder()
                    .build()
                    .readTree(Files.readAllBytes(file))
                    .path("max_position_embeddings");
            return length.isInt() && length.intValue() > 1 ? OptionalInt.of(length.intValue()) : OptionalInt.empty();
        } catch (JacksonException e) {
            throw new CompressionException(file + ": is not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new CompressionException(file + ": cannot be read: " + DecanterException.reason(e), e);
        }
    }
}
