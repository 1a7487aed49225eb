package dev.decanter.tokenizers.sentencepiece;

import java.io.ByteArrayOutputStream;

/** Writes the protobuf wire format. */
final class ProtoWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private void varint(long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            out.write((int) (rest & 0x7F) | 0x80);
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    ProtoWriter number(int field, int value) {
        varint((long) field << 3 | ProtoReader.VARINT);
        varint(value);
        return this;
    }

    ProtoWriter flag(int field, boolean value) {
        return number(field, value ? 1 : 0);
    }

    ProtoWriter float32(int field, float value) {
        varint((long) field << 3 | ProtoReader.FIXED32);
        int bits = Float.floatToIntBits(value);
        for (int shift = 0; shift < 32; shift += 8) {
            out.write(bits >>> shift);
        }
        return this;
    }

    ProtoWriter bytes(int field, byte[] value) {
        varint((long) field << 3 | ProtoReader.BYTES);
        varint(value.length);
        out.writeBytes(value);
        return this;
    }

    /** Fields as they are. */
    ProtoWriter raw(byte[] fields) {
        out.writeBytes(fields);
        return this;
    }

    byte[] toBytes() {
        return out.toByteArray();
    }
}
