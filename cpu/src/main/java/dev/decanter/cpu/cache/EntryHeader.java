package dev.decanter.cpu.cache;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The head of a cache file: magic number (8 bytes), length of the head (4), key, content, regions, checksums, and the SHA-256 of all
 * that. Numbers are big-endian. The data follow at the next multiple of {@value #ALIGNMENT}, and the file ends with them.
 *
 * @param key digest of all that the regions depend on but the content of mapped files
 * @param content digest of that content
 * @param regions what lies in the data, in the order of compilation
 * @param checksums CRC-32C of each block of {@value #BLOCK} bytes of the data, the last one shorter
 */
record EntryHeader(String key, String content, List<Part> regions, List<Integer> checksums) {
    static final int BLOCK = 1 << 20;
    static final int ALIGNMENT = 4096;
    private static final long MAGIC = 0x4445_4341_4e54_3031L;
    private static final int SHA_BYTES = 32;
    /** No model has so many regions; a damaged length is not to be allocated. */
    private static final int LONGEST = 1 << 28;

    /**
     * A region.
     *
     * @param tag what it holds
     * @param offset where it begins in the data
     * @param bytes its length
     * @param note what its filler returned
     */
    record Part(String tag, long offset, long bytes, long note) {}

    /** The head cannot be used; the message says why. */
    static final class Unusable extends IOException {
        private static final long serialVersionUID = 1;

        Unusable(String reason) {
            super(reason);
        }
    }

    /** Bytes of data. */
    long dataBytes() {
        return regions.isEmpty()
                ? 0
                : regions.getLast().offset() + regions.getLast().bytes();
    }

    /** Where the data begin in the file. */
    long dataOffset() {
        return dataOffset(encode().length);
    }

    private static long dataOffset(long headBytes) {
        return Math.ceilDiv(headBytes, ALIGNMENT) * ALIGNMENT;
    }

    byte[] encode() {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(body)) {
            out.writeUTF(key);
            out.writeUTF(content);
            out.writeInt(regions.size());
            for (Part region : regions) {
                out.writeUTF(region.tag);
                out.writeLong(region.offset);
                out.writeLong(region.bytes);
                out.writeLong(region.note);
            }
            out.writeInt(checksums.size());
            for (int checksum : checksums) {
                out.writeInt(checksum);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        int length = Long.BYTES + Integer.BYTES + body.size() + SHA_BYTES;
        ByteBuffer head = ByteBuffer.allocate(length);
        head.putLong(MAGIC).putInt(length).put(body.toByteArray());
        return head.put(sum(head.array(), head.position())).array();
    }

    private static byte[] sum(byte[] head, int length) {
        var digest = Digest.sha256();
        digest.update(head, 0, length);
        return digest.digest();
    }

    /** Reads the head and sees that nothing in it contradicts the file's length. */
    static EntryHeader read(FileChannel file) throws IOException {
        ByteBuffer start = bytes(file, Long.BYTES + Integer.BYTES);
        if (start.getLong() != MAGIC) {
            throw new Unusable("it is no cache file of this version");
        }
        int length = start.getInt();
        if (length < start.capacity() + SHA_BYTES || length > Math.min(LONGEST, file.size())) {
            throw new Unusable("its head is damaged");
        }
        byte[] head = bytes(file, length).array();
        byte[] sum = sum(head, length - SHA_BYTES);
        if (!Arrays.equals(sum, 0, SHA_BYTES, head, length - SHA_BYTES, length)) {
            throw new Unusable("its head is damaged");
        }
        EntryHeader header = decode(head, start.capacity());
        if (file.size() != dataOffset(length) + header.dataBytes()
                || header.checksums.size() != Math.ceilDiv(header.dataBytes(), BLOCK)) {
            throw new Unusable("its length is not what its head says");
        }
        return header;
    }

    private static EntryHeader decode(byte[] head, int from) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(head, from, head.length - from));
        String key = in.readUTF();
        String content = in.readUTF();
        List<Part> regions = new ArrayList<>();
        for (int i = in.readInt(); i > 0; i--) {
            regions.add(new Part(in.readUTF(), in.readLong(), in.readLong(), in.readLong()));
        }
        List<Integer> checksums = new ArrayList<>();
        for (int i = in.readInt(); i > 0; i--) {
            checksums.add(in.readInt());
        }
        return new EntryHeader(key, content, List.copyOf(regions), List.copyOf(checksums));
    }

    private static ByteBuffer bytes(FileChannel file, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        while (bytes.hasRemaining()) {
            if (file.read(bytes, bytes.position()) < 0) {
                throw new Unusable("it is cut off");
            }
        }
        return bytes.flip();
    }
}
