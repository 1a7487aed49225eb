package dev.decanter.tokenizers.ops;

import dev.decanter.runtime.InferenceException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.text.BreakIterator;
import java.util.Locale;
import java.util.Optional;

/**
 * SentencePiece's precompiled character map: u32 size of a trie, the trie (a double array of u32 units, as Darts-clone lays
 * it out), then the replacements, each ended by a zero byte. Applied as the {@code spm_precompiled} crate does: to each
 * grapheme cluster below six bytes as a whole, else to its characters; the shortest entry that begins it counts.
 */
public final class CharsMap {
    private static final int WHOLE_BELOW = 6;

    private final int[] units;
    private final byte[] replacements;

    /** Throws {@link InferenceException} if the blob is none. */
    public CharsMap(byte[] blob) {
        ByteBuffer buffer = ByteBuffer.wrap(blob).order(ByteOrder.LITTLE_ENDIAN);
        int size = blob.length < 4 ? -1 : buffer.getInt(0);
        if (size < 4 || size % 4 != 0 || size > blob.length - 4) {
            throw new InferenceException(
                    "the precompiled charsmap of " + blob.length + " bytes has no trie of " + size);
        }
        units = new int[size / 4];
        for (int i = 0; i < units.length; i++) {
            units[i] = buffer.getInt(4 + 4 * i);
        }
        replacements = java.util.Arrays.copyOfRange(blob, 4 + size, blob.length);
    }

    /** The text with what the map replaces replaced. */
    public String apply(String text) {
        StringBuilder out = new StringBuilder(text.length() + 8);
        BreakIterator graphemes = BreakIterator.getCharacterInstance(Locale.ROOT);
        graphemes.setText(text);
        int from = graphemes.first();
        for (int to = graphemes.next(); to != BreakIterator.DONE; to = graphemes.next()) {
            append(text.substring(from, to), out);
            from = to;
        }
        return out.toString();
    }

    private void append(String grapheme, StringBuilder out) {
        byte[] bytes = grapheme.getBytes(StandardCharsets.UTF_8);
        if (bytes.length < WHOLE_BELOW) {
            Optional<String> whole = replacement(bytes);
            if (whole.isPresent()) {
                out.append(whole.get());
                return;
            }
        }
        grapheme.codePoints().forEach(point -> {
            String single = Character.toString(point);
            out.append(replacement(single.getBytes(StandardCharsets.UTF_8)).orElse(single));
        });
    }

    /** What the shortest entry that {@code key} begins with becomes. */
    private Optional<String> replacement(byte[] key) {
        int at = offset(units[0]);
        for (byte value : key) {
            int label = value & 0xFF;
            at ^= label;
            if (label == 0 || at < 0 || at >= units.length) {
                return Optional.empty();
            }
            int unit = units[at];
            if ((unit & 0x800000FF) != label) {
                return Optional.empty();
            }
            at ^= offset(unit);
            if (((unit >>> 8) & 1) == 1) {
                return at < 0 || at >= units.length ? Optional.empty() : Optional.of(text(units[at] & 0x7FFFFFFF));
            }
        }
        return Optional.empty();
    }

    private static int offset(int unit) {
        return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
    }

    private String text(int start) {
        if (start >= replacements.length) {
            throw new InferenceException("the precompiled charsmap points outside its replacements");
        }
        int end = start;
        while (end < replacements.length && replacements[end] != 0) {
            end++;
        }
        return new String(replacements, start, end - start, StandardCharsets.UTF_8);
    }
}
