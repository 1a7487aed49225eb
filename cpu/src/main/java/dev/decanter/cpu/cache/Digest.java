package dev.decanter.cpu.cache;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of what is added, each with its length. */
final class Digest {
    private static final int BUFFER = 1 << 16;

    private final MessageDigest digest = sha256();
    private final byte[] buffer = new byte[BUFFER];
    private int filled;

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    void add(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        length(bytes.length);
        add(MemorySegment.ofArray(bytes), bytes.length);
    }

    void add(MemorySegment memory) {
        length(memory.byteSize());
        add(memory, memory.byteSize());
    }

    /** By way of a buffer: many short pieces one by one take four times as long. */
    private void add(MemorySegment memory, long bytes) {
        for (long at = 0; at < bytes; ) {
            int count = (int) Math.min(BUFFER - filled, bytes - at);
            MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, at, buffer, filled, count);
            filled += count;
            at += count;
            if (filled == BUFFER) {
                flush();
            }
        }
    }

    private void flush() {
        digest.update(buffer, 0, filled);
        filled = 0;
    }

    private void length(long bytes) {
        if (BUFFER - filled < Long.BYTES) {
            flush();
        }
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            buffer[filled++] = (byte) (bytes >>> shift);
        }
    }

    /** The digest in hexadecimal digits; nothing can be added any more. */
    String hex() {
        flush();
        return HexFormat.of().formatHex(digest.digest());
    }
}
