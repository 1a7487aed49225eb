package dev.decanter.export.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.export.ExportException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads JSON files that come from strangers: limited in size, without duplicate keys. */
final class JsonFile {
    /** The index of a model with a hundred thousand tensors stays well below it. */
    private static final long MAX_BYTES = 32 << 20;

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonFile() {}

    /** The object in the file; throws {@link ExportException} if the file is not exactly one JSON object. */
    static JsonNode read(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new ExportException(file + ": " + Files.size(file) + " bytes are more than the limit of "
                        + MAX_BYTES + " for such a file");
            }
            JsonNode tree = MAPPER.readTree(Files.readAllBytes(file));
            if (!tree.isObject()) {
                throw new ExportException(file + ": not a JSON object");
            }
            return tree;
        } catch (JsonProcessingException e) {
            String line =
                    e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr();
            throw new ExportException(
                    file + ": broken JSON" + line + ": "
                            + e.getOriginalMessage().lines().findFirst().orElse(""),
                    e);
        } catch (IOException e) {
            throw new ExportException(file + ": cannot be read: " + e, e);
        }
    }
}
