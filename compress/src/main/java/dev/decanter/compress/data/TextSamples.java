package dev.decanter.compress.data;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CalibrationOptions;
import dev.decanter.compress.CompressionException;
import dev.decanter.genai.ChatTemplate;
import dev.decanter.tokenizers.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;

/** Makes samples of the texts of a file; see {@link CalibrationDataset#text}. */
public final class TextSamples {
    private static final int WINDOW = 32;
    private static final int TEXT = 256;
    /** Characters that are tokenized at once. */
    private static final int PIECE = 1 << 15;

    private final Tokenizer tokenizer;
    private final CalibrationOptions options;

    private TextSamples(Tokenizer tokenizer, CalibrationOptions options) {
        this.tokenizer = tokenizer;
        this.options = options;
    }

    /** With the tokenizer and the chat template of a folder. */
    public static CalibrationDataset of(Path modelFolder, Path file, CalibrationOptions options) {
        if (!Files.isRegularFile(modelFolder.resolve("openvino_tokenizer.xml"))) {
            throw new CompressionException(modelFolder + ": has no openvino_tokenizer.xml, which the texts of " + file
                    + " need; convert the tokenizer (decanter convert-tokenizer)");
        }
        try (Tokenizer tokenizer = Tokenizer.load(modelFolder)) {
            return of(tokenizer, ChatTemplate.find(modelFolder, Optional.of(tokenizer)), file, options);
        }
    }

    /** With a tokenizer that is there already. */
    public static CalibrationDataset of(
            Tokenizer tokenizer, Optional<ChatTemplate> template, Path file, CalibrationOptions options) {
        TextFile source = new TextFile(file);
        TextSamples maker = new TextSamples(tokenizer, options);
        List<long[]> rows;
        if (source.isJson()) {
            rows = maker.texts(source, source.entries(template));
        } else if (options.paragraphs()) {
            rows = maker.texts(source, source.paragraphs());
        } else {
            rows = maker.windows(source);
        }
        return new TokenSamples(rows);
    }

    /** Each text a sample, cut at its end; texts in the order of the file, a random choice of them if there are more. */
    private List<long[]> texts(TextFile source, List<TextFile.Entry> entries) {
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, entries.size()).boxed().toList());
        int wanted = options.samples().orElse(CalibrationOptions.DEFAULT_SAMPLES);
        if (entries.size() > wanted) {
            Collections.shuffle(order, new Random(options.seed()));
        }
        int most = options.tokens().orElse(TEXT);
        List<Integer> kept = new ArrayList<>();
        long[][] rows = new long[entries.size()][];
        for (int i : order) {
            TextFile.Entry entry = entries.get(i);
            long[] ids = entry.text().isEmpty() ? new long[0] : tokenizer.encodeToIds(entry.text(), entry.special());
            if (ids.length >= 2) {
                rows[i] = Arrays.copyOf(ids, Math.min(most, ids.length));
                kept.add(i);
            }
            if (kept.size() == wanted) {
                break;
            }
        }
        check(source.toString(), "texts of two tokens or more", kept.size(), options.samples());
        return kept.stream().sorted().map(i -> rows[i]).toList();
    }

    /** The text as one stream of tokens, and of that windows at random places. */
    private List<long[]> windows(TextFile source) {
        int length = options.tokens().orElse(WINDOW);
        long[] ids = stream(source.text());
        if (ids.length <= length) {
            throw new CompressionException(source + ": has " + ids.length + " tokens, too few for samples of " + length
                    + "; give more text, or shorter samples with --seq-len");
        }
        Random random = new Random(options.seed());
        return random.ints(options.samples().orElse(CalibrationOptions.DEFAULT_SAMPLES), 0, ids.length - length)
                .mapToObj(start -> Arrays.copyOfRange(ids, start, start + length))
                .toList();
    }

    /** Without special tokens: only the window at the very beginning would have them. */
    private long[] stream(String text) {
        List<long[]> parts = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            int end = Math.min(at + PIECE, text.length());
            if (end < text.length()) {
                // Between words, where tokens end too; a run of letters that long is none.
                int line = text.lastIndexOf('\n', end - 1);
                int space = text.lastIndexOf(' ', end - 1);
                end = line > at ? line : space > at ? space : end;
                end -= Character.isHighSurrogate(text.charAt(end - 1)) ? 1 : 0;
            }
            parts.add(tokenizer.encodeToIds(text.substring(at, end), false));
            at = end;
        }
        return parts.stream().flatMapToLong(Arrays::stream).toArray();
    }

    /** Refuses nothing at all, and less than what was asked for by number. */
    static void check(String source, String what, int found, OptionalInt wanted) {
        if (found == 0 || found < wanted.orElse(0)) {
            throw new CompressionException(source + ": has " + found + " " + what
                    + (wanted.isPresent() ? ", fewer than the " + wanted.getAsInt() + " samples asked for" : "")
                    + "; give more" + (found > 0 ? ", or a smaller --num-samples" : ""));
        }
    }
}
