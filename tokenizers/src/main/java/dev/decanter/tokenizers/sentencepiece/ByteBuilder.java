package dev.decanter.tokenizers.sentencepiece;

import dev.decanter.tokenizers.TokenizerException;
import java.util.Arrays;

/** A growing array of bytes. */
final class ByteBuilder {
    private byte[] bytes;
    private int size;

    ByteBuilder(int capacity) {
        bytes = new byte[Math.max(16, capacity)];
    }

    void append(byte[] source, int from, int to) {
        reserve(to - from);
        System.arraycopy(source, from, bytes, size, to - from);
        size += to - from;
    }

    void append(byte[] source) {
        append(source, 0, source.length);
    }

    void append(byte value) {
        reserve(1);
        bytes[size++] = value;
    }

    private void reserve(int more) {
        if (bytes.length - size < more) {
            long wanted = Math.max(2L * bytes.length, (long) size + more);
            if (wanted > Integer.MAX_VALUE - 8) {
                throw new TokenizerException("a text of more than 2 GiB; cut it");
            }
            bytes = Arrays.copyOf(bytes, (int) wanted);
        }
    }

    boolean endsWith(byte[] suffix) {
        return size >= suffix.length && Arrays.equals(bytes, size - suffix.length, size, suffix, 0, suffix.length);
    }

    void shorten(int by) {
        size -= by;
    }

    int size() {
        return size;
    }

    /** The array behind, with free room at its end. */
    byte[] array() {
        return bytes;
    }

    byte[] toBytes() {
        return Arrays.copyOf(bytes, size);
    }
}
