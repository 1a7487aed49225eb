package dev.decanter.tokenizers;

import java.util.Arrays;

/**
 * Decodes ids one by one: all that {@link #push} returned and then {@link #flush} are together exactly what
 * {@link Tokenizer#decode(long[], boolean)} gives for all ids. A character of which bytes are still to come is held back,
 * so U+FFFD appears only where the ids have bytes that are no character. For use by one thread.
 */
public final class StreamingDetokenizer {
    private static final char REPLACEMENT = '\uFFFD';

    private final Tokenizer tokenizer;
    private final boolean skipSpecialTokens;
    /** Ids that are not yet final text; decoded behind the anchor unless they are the text's first. */
    private long[] window = new long[16];

    private int length;
    private int emitted;
    private boolean begun;

    StreamingDetokenizer(Tokenizer tokenizer, boolean skipSpecialTokens) {
        this.tokenizer = tokenizer;
        this.skipSpecialTokens = skipSpecialTokens;
    }

    /** A detokenizer in the same state, for ids that go on otherwise. */
    public StreamingDetokenizer copy() {
        StreamingDetokenizer copy = new StreamingDetokenizer(tokenizer, skipSpecialTokens);
        copy.window = window.clone();
        copy.length = length;
        copy.emitted = emitted;
        copy.begun = begun;
        return copy;
    }

    /** Takes the next id; returns the text that is final with it, which may be empty. */
    public String push(long id) {
        if (id < 0) {
            throw new TokenizerException("id " + id + " is negative");
        }
        if (tokenizer.isLeftOut(id, skipSpecialTokens)) {
            return "";
        }
        if (length == window.length) {
            window = Arrays.copyOf(window, 2 * length);
        }
        window[length++] = id;
        // A run of byte tokens is text or not as a whole: one that does not fit makes U+FFFD of all before it.
        if (tokenizer.isFallbackByte(id)) {
            return "";
        }
        String text = decodeWindow();
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == REPLACEMENT) {
            end--;
        }
        String fresh = end > emitted ? text.substring(emitted, end) : "";
        emitted = Math.max(emitted, end);
        if (end == text.length() && end > 0 && tokenizer.anchor().isPresent()) {
            length = 0;
            emitted = 0;
            begun = true;
        }
        return fresh;
    }

    /** The text that was held back; afterwards the next id begins a new text. */
    public String flush() {
        String text = length == 0 ? "" : decodeWindow();
        String rest = text.substring(Math.min(emitted, text.length()));
        length = 0;
        emitted = 0;
        begun = false;
        return rest;
    }

    /** Decoding may treat the first token of a text differently, hence a token in front that has been text already. */
    private String decodeWindow() {
        if (!begun) {
            return tokenizer.decode(Arrays.copyOf(window, length), skipSpecialTokens);
        }
        Tokenizer.Anchor anchor = tokenizer.anchor().orElseThrow();
        long[] ids = new long[length + 1];
        ids[0] = anchor.id();
        System.arraycopy(window, 0, ids, 1, length);
        return tokenizer.decode(ids, skipSpecialTokens).substring(anchor.text().length());
    }
}
