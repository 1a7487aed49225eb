package dev.decanter.tokenizers.ops;

/** UTF-8 by the table of well-formed sequences (Unicode 3.9, table 3-7). */
public final class Utf8 {
    /** U+FFFD. */
    static final byte[] REPLACEMENT = {(byte) 0xEF, (byte) 0xBF, (byte) 0xBD};

    private Utf8() {}

    /** Bytes of the well-formed sequence at {@code at}; 0 if there is none. */
    public static int sequence(byte[] text, int at, int end) {
        int lead = text[at] & 0xFF;
        if (lead < 0x80) {
            return 1;
        }
        int length = lengthByLead(lead);
        return length != 0 && validPrefix(text, at, end) == length ? length : 0;
    }

    /** Bytes of the sequence that a lead byte announces; 0 for a byte that cannot lead. */
    public static int lengthByLead(int lead) {
        if (lead < 0x80) {
            return 1;
        }
        if (lead < 0xC2 || lead > 0xF4) {
            return 0;
        }
        return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    }

    /**
     * Bytes from {@code at} on that are a well-formed sequence or the longest beginning of one, at least 1: what one
     * U+FFFD stands for where it is not complete ("maximal subpart").
     */
    public static int validPrefix(byte[] text, int at, int end) {
        int lead = text[at] & 0xFF;
        int length = lengthByLead(lead);
        if (length <= 1) {
            return 1;
        }
        for (int i = 1; i < length; i++) {
            if (at + i >= end) {
                return i;
            }
            int next = text[at + i] & 0xFF;
            int low = 0x80;
            int high = 0xBF;
            if (i == 1) {
                low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
                high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
            }
            if (next < low || next > high) {
                return i;
            }
        }
        return length;
    }

    /** The code point of the well-formed sequence of {@code length} bytes at {@code at}. */
    static int decode(byte[] text, int at, int length) {
        return switch (length) {
            case 1 -> text[at];
            case 2 -> ((text[at] & 0x1F) << 6) | (text[at + 1] & 0x3F);
            case 3 -> ((text[at] & 0x0F) << 12) | ((text[at + 1] & 0x3F) << 6) | (text[at + 2] & 0x3F);
            default ->
                ((text[at] & 0x07) << 18)
                        | ((text[at + 1] & 0x3F) << 12)
                        | ((text[at + 2] & 0x3F) << 6)
                        | (text[at + 3] & 0x3F);
        };
    }

    /** Writes a code point and returns the number of bytes. */
    static int encode(int point, byte[] target, int at) {
        if (point < 0x80) {
            target[at] = (byte) point;
            return 1;
        }
        if (point < 0x800) {
            target[at] = (byte) (0xC0 | (point >> 6));
            target[at + 1] = (byte) (0x80 | (point & 0x3F));
            return 2;
        }
        if (point < 0x10000) {
            target[at] = (byte) (0xE0 | (point >> 12));
            target[at + 1] = (byte) (0x80 | ((point >> 6) & 0x3F));
            target[at + 2] = (byte) (0x80 | (point & 0x3F));
            return 3;
        }
        target[at] = (byte) (0xF0 | (point >> 18));
        target[at + 1] = (byte) (0x80 | ((point >> 12) & 0x3F));
        target[at + 2] = (byte) (0x80 | ((point >> 6) & 0x3F));
        target[at + 3] = (byte) (0x80 | (point & 0x3F));
        return 4;
    }

    static boolean isAscii(byte[] text, int from, int to) {
        for (int i = from; i < to; i++) {
            if (text[i] < 0) {
                return false;
            }
        }
        return true;
    }

    static boolean isValid(byte[] text, int from, int to) {
        for (int at = from; at < to; ) {
            int length = text[at] >= 0 ? 1 : sequence(text, at, to);
            if (length == 0) {
                return false;
            }
            at += length;
        }
        return true;
    }
}
