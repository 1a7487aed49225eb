package dev.decanter.export.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.export.ExportException;
import dev.decanter.ir.DecanterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Reads JSON files that come from strangers: limited in size, without duplicate keys. */
public final class JsonFile {
    /** The index of a model with a hundred thousand tensors stays well below it. */
    private static final long MAX_BYTES = 32 << 20;

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            // Python writes them; what asks for a number says that they are none
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final JsonMapper PLAIN = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
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
            throw broken(file, e);
        } catch (IOException e) {
            throw new ExportException(file + ": cannot be read: " + DecanterException.reason(e), e);
        }
    }

    /**
     * Reads a file through without keeping it, whatever its size; throws {@link ExportException} if it is not exactly one JSON
     * object.
     */
    public static void check(Path file) {
        try (JsonParser json = PLAIN.createParser(file.toFile())) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new ExportException(file + ": not a JSON object; download the file again");
            }
            json.skipChildren();
            if (json.nextToken() != null) {
                throw new ExportException(file + ": has something after the JSON object; download the file again");
            }
        } catch (JsonProcessingException e) {
            throw broken(file, e);
        } catch (IOException e) {
            throw new ExportException(file + ": cannot be read: " + DecanterException.reason(e), e);
        }
    }

    private static ExportException broken(Path file, JsonProcessingException e) {
        String line = e.getLocation() == null ? "" : ", line " + e.getLocation().getLineNr();
        return new ExportException(
                file + ": broken JSON" + line + ": "
                        + e.getOriginalMessage().replaceFirst(" \\(start marker at .*", ""),
                e);
    }
}
