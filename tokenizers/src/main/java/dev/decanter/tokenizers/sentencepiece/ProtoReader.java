package dev.decanter.tokenizers.sentencepiece;

import dev.decanter.tokenizers.TokenizerException;

/**
 * Reads the protobuf wire format from a range of bytes. Every length is checked against what is left before it is used,
 * so that a broken file costs no more than its own size. Groups, which no message here has, are refused.
 */
final class ProtoReader {
    static final int VARINT = 0;
    static final int FIXED64 = 1;
    static final int BYTES = 2;
    static final int FIXED32 = 5;

    private final byte[] data;
    private final int end;
    private final String where;
    private int at;
    private int wireType;

    ProtoReader(byte[] data, int from, int end, String where) {
        this.data = data;
        this.at = from;
        this.end = end;
        this.where = where;
    }

    /** The next field's number; 0 at the end. */
    int next() {
        if (at == end) {
            return 0;
        }
        long tag = varint();
        wireType = (int) (tag & 7);
        long field = tag >>> 3;
        if (field < 1 || field > 0x1FFF_FFFF) {
            throw error("field number " + field + " is none");
        }
        return (int) field;
    }

    int wireType() {
        return wireType;
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (at == end) {
                throw error("it ends within a number");
            }
            byte next = data[at++];
            value |= (long) (next & 0x7F) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw error("a number has more than 64 bits");
    }

    private void require(int wanted) {
        if (wireType != wanted) {
            throw error("a field has wire type " + wireType + " in place of " + wanted);
        }
    }

    /** A bool or an enum or an int32. */
    int number() {
        require(VARINT);
        return (int) varint();
    }

    boolean flag() {
        require(VARINT);
        return varint() != 0;
    }

    float float32() {
        require(FIXED32);
        take(4);
        int bits = (data[at - 4] & 0xFF)
                | (data[at - 3] & 0xFF) << 8
                | (data[at - 2] & 0xFF) << 16
                | (data[at - 1] & 0xFF) << 24;
        return Float.intBitsToFloat(bits);
    }

    /** A string's, bytes' or message's length; its bytes end at {@link #position}. */
    int length() {
        require(BYTES);
        long length = varint();
        if (length < 0 || length > end - at) {
            throw error(
                    "a field of " + Long.toUnsignedString(length) + " bytes begins where " + (end - at) + " are left");
        }
        at += (int) length;
        return (int) length;
    }

    int position() {
        return at;
    }

    /** A reader of the message that is the current field. */
    ProtoReader message() {
        int length = length();
        return new ProtoReader(data, at - length, at, where);
    }

    void skip() {
        switch (wireType) {
            case VARINT -> varint();
            case FIXED64 -> take(8);
            case BYTES -> length();
            case FIXED32 -> take(4);
            default -> throw error("wire type " + wireType + " is not supported");
        }
    }

    private void take(int bytes) {
        if (end - at < bytes) {
            throw error("it ends within a field");
        }
        at += bytes;
    }

    TokenizerException error(String what) {
        return new TokenizerException(where + ": not a SentencePiece model, or a damaged one: at byte " + at + " "
                + what + "; copy the file again");
    }
}
