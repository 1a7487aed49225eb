package dev.decanter.tokenizers.ops;

import java.util.Optional;

/** GPT-2's map between bytes and printable characters: Ġ is a space, Ċ a newline, ASCII mostly itself. */
public final class ByteLevel {
    private static final char[] CHARS = new char[256];
    private static final int[] BYTES = new int[0x180];

    static {
        java.util.Arrays.fill(BYTES, -1);
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
            CHARS[b] = (char) (printable ? b : next++);
            BYTES[CHARS[b]] = b;
        }
    }

    private ByteLevel() {}

    /** The character for a byte. */
    public static char charOf(byte value) {
        return CHARS[value & 0xFF];
    }

    /** The byte for a character, −1 if it stands for none. */
    static int byteOf(int point) {
        return point < BYTES.length ? BYTES[point] : -1;
    }

    /** The bytes that a token's characters stand for; empty if one of them stands for none. */
    public static Optional<byte[]> bytes(String token) {
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            int value = byteOf(token.charAt(i));
            if (value < 0) {
                return Optional.empty();
            }
            bytes[i] = (byte) value;
        }
        return Optional.of(bytes);
    }

    /** The characters for text's bytes. */
    public static String chars(byte[] text) {
        StringBuilder chars = new StringBuilder(text.length);
        for (byte value : text) {
            chars.append(charOf(value));
        }
        return chars.toString();
    }
}
