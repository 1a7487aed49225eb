package dev.decanter.compress.comparison;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.compress.CompressionException;
import dev.decanter.genai.ChatHistory;
import dev.decanter.genai.ChatTemplate;
import dev.decanter.genai.GenerationException;
import dev.decanter.ir.DecanterException;
import dev.decanter.tokenizers.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/** Reads the texts that models are compared on, and cuts them into windows. */
final class ComparisonTexts {
    private static final long MOST_BYTES = 64L << 20;
    private static final String OWN = "texts.jsonl";
    private static final List<String> JSON_LINES = List.of(".jsonl", ".ndjson");

    /** Of a text that does not say what its prompt is, a quarter is, but not more tokens than these. */
    private static final int MOST_PROMPT = 32;

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final int window;
    private final List<ComparisonText> texts = new ArrayList<>();

    /** {@code window} is the most tokens of a text. */
    ComparisonTexts(Tokenizer tokenizer, Optional<ChatTemplate> template, int window) {
        this.tokenizer = tokenizer;
        this.template = template;
        this.window = window;
    }

    /** The texts that come with this library. */
    List<ComparisonText> own() {
        try (InputStream in = Objects.requireNonNull(ComparisonTexts.class.getResourceAsStream(OWN))) {
            lines(OWN, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return texts;
    }

    /** The texts of a file; throws {@link CompressionException} naming it, and the line, for what cannot be used. */
    List<ComparisonText> of(Path file) {
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        String content = content(file);
        if (JSON_LINES.stream().anyMatch(name::endsWith)) {
            lines(file.toString(), content);
        } else {
            add(encode(content, false), encode(content, true), 0);
        }
        if (texts.isEmpty()) {
            throw new CompressionException(
                    file + ": has no text of two tokens or more; --dataset takes a text file, or "
                            + "JSON lines with \"text\", \"prompt\" or \"messages\"");
        }
        return texts;
    }

    private static String content(Path file) {
        try {
            long size = Files.size(file);
            if (size > MOST_BYTES) {
                throw new CompressionException(file + ": has " + (size >> 20) + " MB; --dataset takes files of up to "
                        + (MOST_BYTES >> 20) + " MB, give an excerpt");
            }
            return Files.readString(file);
        } catch (IOException e) {
            throw new CompressionException(file + ": cannot be read: " + DecanterException.reason(e), e);
        }
    }

    private void lines(String file, String content) {
        int number = 0;
        for (String line : content.lines().toList()) {
            number++;
            if (!line.isBlank()) {
                entry(file + ":" + number, line);
            }
        }
    }

    private void entry(String where, String line) {
        try {
            JsonNode entry = JSON.readTree(line);
            JsonNode answer = entry.has("completion") ? entry.path("completion") : entry.path("answer");
            if (entry.isTextual() || entry.path("text").isTextual()) {
                String text = entry.isTextual()
                        ? entry.textValue()
                        : entry.path("text").textValue();
                add(encode(text, false), encode(text, true), 0);
            } else if (entry.path("prompt").isTextual()) {
                String prompt = entry.path("prompt").textValue();
                String text = prompt + answer.asText();
                add(encode(text, false), encode(text, true), encode(prompt, true).length);
            } else if (entry.path("messages").isArray()) {
                String prompt = rendered(where, entry.path("messages"));
                long[] ids = encode(prompt + answer.asText(), false);
                add(ids, ids, encode(prompt, false).length);
            } else {
                throw new CompressionException(
                        where + ": is neither a string nor an object with \"text\", \"prompt\" or \"messages\"");
            }
        } catch (JsonProcessingException e) {
            throw new CompressionException(where + ": is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    private String rendered(String where, JsonNode messages) {
        ChatTemplate chat = template.orElseThrow(() ->
                new CompressionException(where + ": has messages, but the model has no chat template; give texts"));
        try {
            return chat.render(ChatHistory.ofJson(messages.toString()), true);
        } catch (GenerationException e) {
            throw new CompressionException(where + ": " + e.getMessage(), e);
        }
    }

    private long[] encode(String text, boolean special) {
        return text.isEmpty() ? new long[0] : tokenizer.encodeToIds(text, special);
    }

    /**
     * Adds a text, or its windows if it is longer than one, each with the tokens before it that the tokenizer puts before a text.
     *
     * @param plain tokens without special ones
     * @param whole tokens with them
     * @param prompt tokens of {@code whole} that are the prompt; 0 to take the first quarter
     */
    private void add(long[] plain, long[] whole, int prompt) {
        int before = prefix(plain, whole);
        int room = window - before;
        for (int at = 0; at < plain.length; at += room) {
            int count = Math.min(room, plain.length - at);
            long[] ids = Arrays.copyOf(whole, before + count);
            System.arraycopy(plain, at, ids, before, count);
            if (ids.length >= 2) {
                boolean first = at == 0 && prompt > 0 && prompt <= ids.length;
                int quarter = before + Math.max(1, Math.min(MOST_PROMPT, count / 4));
                texts.add(new ComparisonText(ids, before, first ? prompt : quarter));
            }
        }
    }

    private static int prefix(long[] plain, long[] whole) {
        for (int at = 0; at + plain.length <= whole.length; at++) {
            if (Arrays.equals(whole, at, at + plain.length, plain, 0, plain.length)) {
                return at;
            }
        }
        return 0;
    }
}
