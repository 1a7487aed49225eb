package dev.decanter.compress.data;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.compress.CompressionException;
import dev.decanter.genai.ChatHistory;
import dev.decanter.genai.ChatTemplate;
import dev.decanter.genai.GenerationException;
import dev.decanter.ir.DecanterException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** The texts of a file. */
final class TextFile {
    /** Some thousand windows' worth; more is a mistake, or slow for nothing. */
    private static final long MOST_BYTES = 64L << 20;

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Pattern EMPTY_LINES = Pattern.compile("(?:\\R[\\t ]*){2,}");
    private static final List<String> JSON_SUFFIXES = List.of(".jsonl", ".ndjson", ".json");

    /**
     * A text.
     *
     * @param special whether the tokenizer adds its special tokens; a rendered conversation has them already
     */
    record Entry(String text, boolean special) {}

    private final Path file;

    TextFile(Path file) {
        this.file = file;
    }

    /** Whether each text stands on its own, by the suffix of the name. */
    boolean isJson() {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        return JSON_SUFFIXES.stream().anyMatch(name::endsWith);
    }

    /** All of a plain text. */
    String text() {
        try {
            checkSize();
            return Files.readString(file);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /** What empty lines separate in a plain text. */
    List<Entry> paragraphs() {
        return EMPTY_LINES
                .splitAsStream(text())
                .filter(text -> !text.isBlank())
                .map(text -> new Entry(text.strip(), true))
                .toList();
    }

    /**
     * The texts of JSON lines, or of a JSON list: strings, objects with {@code text}, or objects with {@code messages} (and perhaps
     * {@code tools}), which the chat template renders.
     */
    List<Entry> entries(Optional<ChatTemplate> template) {
        List<Entry> entries = new ArrayList<>();
        try {
            checkSize();
            try (InputStream in = Files.newInputStream(file);
                    MappingIterator<JsonNode> values =
                            JSON.readerFor(JsonNode.class).readValues(in)) {
                while (values.hasNextValue()) {
                    JsonNode value = values.nextValue();
                    entries.add(entry(value, entries.size() + 1, template));
                }
            }
        } catch (JacksonException e) {
            int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
            throw new CompressionException(
                    file + (line > 0 ? ", line " + line : "") + ": not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw unreadable(e);
        }
        return entries;
    }

    private Entry entry(JsonNode value, int number, Optional<ChatTemplate> template) {
        if (value.isTextual()) {
            return new Entry(value.textValue(), true);
        }
        if (value.path("text").isTextual()) {
            return new Entry(value.path("text").textValue(), true);
        }
        if (!value.path("messages").isArray()) {
            throw new CompressionException(
                    file + ", entry " + number + ": is neither a string nor an object with \"text\" or \"messages\"");
        }
        ChatTemplate chat = template.orElseThrow(() -> new CompressionException(file + ", entry " + number
                + ": has messages, but the model has no chat template; give texts, or add chat_template.jinja"));
        try {
            ChatHistory history = ChatHistory.ofJson(value.path("messages").toString());
            if (value.path("tools").isArray()) {
                history.toolsOfJson(value.path("tools").toString());
            }
            return new Entry(chat.render(history, false), false);
        } catch (GenerationException e) {
            throw new CompressionException(file + ", entry " + number + ": " + e.getMessage(), e);
        }
    }

    private void checkSize() throws IOException {
        long size = Files.size(file);
        if (size > MOST_BYTES) {
            throw new CompressionException(file + ": has " + (size >> 20) + " MB; calibration takes files of up to "
                    + (MOST_BYTES >> 20) + " MB, give an excerpt");
        }
    }

    private CompressionException unreadable(IOException e) {
        return new CompressionException(file + ": cannot be read: " + DecanterException.reason(e), e);
    }

    /** For messages. */
    @Override
    public String toString() {
        return file.toString();
    }
}
