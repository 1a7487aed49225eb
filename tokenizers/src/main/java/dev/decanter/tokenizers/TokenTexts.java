package dev.decanter.tokenizers;

import dev.decanter.tokenizers.ops.Strings;
import dev.decanter.tokenizers.ops.Vocabularies;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What each token is in a decoded text, found by decoding it: so whatever a detokenizer does to its tokens is done here too. Only
 * what is no text by itself is taken from the vocabulary.
 */
final class TokenTexts {
    /** Tokens decoded at a time. */
    private static final int ROWS = 4096;

    private static final byte[] NONE = {};

    private final Tokenizer tokenizer;
    private final Strings vocabulary;

    TokenTexts(Tokenizer tokenizer, Strings vocabulary) {
        this.tokenizer = tokenizer;
        this.vocabulary = vocabulary;
    }

    List<byte[]> bytes(boolean atBeginning) {
        boolean behind = !atBeginning && tokenizer.anchor().isPresent();
        String before = behind ? tokenizer.anchor().get().text() : "";
        List<byte[]> found = new ArrayList<>(vocabulary.size());
        for (int from = 0; from < vocabulary.size(); from += ROWS) {
            int rows = Math.min(ROWS, vocabulary.size() - from);
            List<String> texts = tokenizer.decodeRows(rows(from, rows, behind), rows);
            for (int i = 0; i < rows; i++) {
                found.add(bytes(from + i, texts.get(i), before));
            }
        }
        return found;
    }

    private long[] rows(int from, int rows, boolean behind) {
        int width = behind ? 2 : 1;
        long[] ids = new long[rows * width];
        for (int i = 0; i < rows; i++) {
            if (behind) {
                ids[width * i] = tokenizer.anchor().get().id();
            }
            ids[width * i + width - 1] = (long) from + i;
        }
        return ids;
    }

    private byte[] bytes(int id, String decoded, String before) {
        if (tokenizer.isLeftOut(id, true) || !decoded.startsWith(before)) {
            return NONE;
        }
        String text = decoded.substring(before.length());
        int fallback = Vocabularies.fallbackByte(vocabulary, id);
        if (fallback >= 0 && !text.equals(vocabulary.text(id))) {
            return new byte[] {(byte) fallback};
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        byte[] raw = Arrays.copyOfRange(
                vocabulary.chars(), vocabulary.begins()[id], vocabulary.ends()[id]);
        boolean partial = text.indexOf('\uFFFD') >= 0 && !Arrays.equals(bytes, raw);
        return partial ? raw : bytes;
    }
}
