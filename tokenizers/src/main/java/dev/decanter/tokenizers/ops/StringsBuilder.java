package dev.decanter.tokenizers.ops;

import dev.decanter.runtime.InferenceException;
import java.util.Arrays;

/** Grows {@link Strings} one after another. */
final class StringsBuilder {
    private int[] begins;
    private int[] ends;
    private byte[] chars;
    private int count;
    private int used;
    private int start;

    StringsBuilder(int strings, int bytes) {
        begins = new int[Math.max(4, strings)];
        ends = new int[Math.max(4, strings)];
        chars = new byte[Math.max(16, bytes)];
    }

    void append(byte[] text) {
        append(text, 0, text.length);
    }

    void append(byte[] text, int from, int to) {
        reserve(to - from);
        System.arraycopy(text, from, chars, used, to - from);
        used += to - from;
    }

    /** Number of bytes so far. */
    int size() {
        return used;
    }

    /** Takes back all bytes behind the first {@code size}, which must be of the string being built. */
    void retract(int size) {
        used = size;
    }

    void append(byte value) {
        reserve(1);
        chars[used++] = value;
    }

    /** Appends a code point in UTF-8. */
    void appendCodePoint(int point) {
        reserve(4);
        used += Utf8.encode(point, chars, used);
    }

    private void reserve(int more) {
        if (chars.length - used < more) {
            long wanted = Math.max(2L * chars.length, (long) used + more);
            if (wanted > Integer.MAX_VALUE - 8) {
                throw new InferenceException("tokenizer op: the strings of a batch exceed 2 GiB; use smaller batches");
            }
            chars = Arrays.copyOf(chars, (int) wanted);
        }
    }

    /** What was appended since the last call is a string. */
    void endString() {
        if (count == begins.length) {
            begins = Arrays.copyOf(begins, 2 * count);
            ends = Arrays.copyOf(ends, 2 * count);
        }
        begins[count] = start;
        ends[count++] = used;
        start = used;
    }

    /**
     * Leaves a byte that belongs to no string. Bytes between the last string of a row and the first of the next tell
     * ops that see strings only (ByteFallback) where a row ends.
     */
    void gap() {
        append((byte) 0);
        start = used;
    }

    /** Repeats the gap, if any, between strings {@code index - 1} and {@code index} of {@code source}. */
    void gapLike(Strings source, int index) {
        if (index > 0 && source.begins[index] != source.ends[index - 1]) {
            gap();
        }
    }

    Strings build() {
        return new Strings(Tensors.trimmed(begins, count), Tensors.trimmed(ends, count), Tensors.trimmed(chars, used));
    }
}
