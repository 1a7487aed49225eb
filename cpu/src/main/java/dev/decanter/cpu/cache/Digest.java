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
        digest.update(bytes);
    }

    void add(MemorySegment memory) {
        length(memory.byteSize());
        byte[] buffer = new byte[(int) Math.min(BUFFER, memory.byteSize())];
        for (long at = 0; at < memory.byteSize(); at += buffer.length) {
            int count = (int) Math.min(buffer.length, memory.byteSize() - at);
            MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, at, buffer, 0, count);
            digest.update(buffer, 0, count);
        }
    }

    private void length(long bytes) {
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            digest.update((byte) (bytes >>> shift));
        }
    }

    /** The digest in hexadecimal digits; nothing can be added any more. */
    String hex() {
        return HexFormat.of().formatHex(digest.digest());
    }
}
