package dev.decanter.tokenizers.ops;

import dev.decanter.runtime.InferenceException;

/**
 * A piece of UTF-8 as characters for {@link java.util.regex}, with the way back from character to byte. A byte that is part
 * of no well-formed sequence is seen as U+FFFD. Counts the characters that are read, so that a pattern which explodes ends
 * with an error instead of never. Reused for piece after piece by one thread.
 */
final class TextView implements CharSequence {
    /** Reads allowed: no pattern that is worth having comes near this for each character. */
    private static final long STEPS_A_CHAR = 2_000;

    private static final long STEPS_AT_LEAST = 5_000_000;

    private byte[] bytes = {};
    private int from;
    private int length;
    private boolean ascii;
    private char[] chars = new char[256];
    private int[] offsets = new int[257];
    private long stepsLeft;

    /** Shows the bytes from {@code begin} to {@code end}. */
    void show(byte[] text, int begin, int end) {
        bytes = text;
        from = begin;
        ascii = Utf8.isAscii(text, begin, end);
        if (ascii) {
            length = end - begin;
        } else {
            decode(end);
        }
        stepsLeft = STEPS_AT_LEAST + STEPS_A_CHAR * length;
    }

    private void decode(int end) {
        if (chars.length < end - from) {
            chars = new char[end - from];
            offsets = new int[end - from + 1];
        }
        int n = 0;
        for (int at = from; at < end; ) {
            int size = Utf8.sequence(bytes, at, end);
            offsets[n] = at;
            if (size == 0) {
                chars[n++] = '\uFFFD';
                at++;
                continue;
            }
            int point = Utf8.decode(bytes, at, size);
            if (point < 0x10000) {
                chars[n++] = (char) point;
            } else {
                chars[n++] = Character.highSurrogate(point);
                offsets[n] = at;
                chars[n++] = Character.lowSurrogate(point);
            }
            at += size;
        }
        offsets[n] = end;
        length = n;
    }

    /** The position in the bytes of character {@code index} (or of the end). */
    int byteOffset(int index) {
        return ascii ? from + index : offsets[index];
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public char charAt(int index) {
        if (--stepsLeft < 0) {
            throw new InferenceException("a tokenizer's regular expression takes more than "
                    + (STEPS_AT_LEAST + STEPS_A_CHAR * length) + " steps on a text of " + length
                    + " characters: it backtracks without bound; simplify the pattern");
        }
        return ascii ? (char) bytes[from + index] : chars[index];
    }

    @Override
    public CharSequence subSequence(int start, int end) {
        return toString().substring(start, end);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(length);
        for (int i = 0; i < length; i++) {
            text.append(ascii ? (char) bytes[from + i] : chars[i]);
        }
        return text.toString();
    }
}
