package dev.decanter.cpu.cache;

import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.ir.Model;
import dev.decanter.ir.SourceFile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * A file with a graph as it is after all passes, which is all of a plan that takes long to make, and where its weights are: magic
 * number (8 bytes), the SHA-256 of the rest (32), key, cache file, its key and content, how keys and values are kept, the graph.
 *
 * @param key digest of all that the graph depends on but the content of the model's files, and of these files' stamps
 * @param entry name of the cache file beside it that has the weights
 * @param entryKey that file's key
 * @param content that file's content
 * @param precision how requests keep keys and values
 * @param graph what {@link GraphCodec} made
 */
record PlanFile(
        String key, String entry, String entryKey, String content, CachePrecision precision, MemorySegment graph) {
    private static final long MAGIC = 0x4445_4341_4e50_3031L;
    private static final int SHA_BYTES = 32;
    private static final int HEAD = Long.BYTES + SHA_BYTES;
    /** No graph is so large; a file that is something else is not to be read into memory. */
    private static final long LONGEST = 1 << 28;

    void write(Path path) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(body)) {
            for (String text : List.of(key, entry, entryKey, content, precision.name())) {
                out.writeUTF(text);
            }
            out.write(graph.toArray(ValueLayout.JAVA_BYTE));
        }
        byte[] bytes = body.toByteArray();
        ByteBuffer file = ByteBuffer.allocate(HEAD + bytes.length)
                .putLong(MAGIC)
                .put(sum(bytes, 0))
                .put(bytes);
        Path temporary = EntryWriter.temporary(path);
        try {
            Files.write(temporary, file.array());
            EntryWriter.move(temporary, path);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private static byte[] sum(byte[] bytes, int from) {
        var digest = Digest.sha256();
        digest.update(bytes, from, bytes.length - from);
        return digest.digest();
    }

    static PlanFile read(Path path) throws IOException {
        if (Files.size(path) > LONGEST) {
            throw new EntryHeader.Unusable("it is too long for a plan");
        }
        byte[] file = Files.readAllBytes(path);
        if (file.length < HEAD || ByteBuffer.wrap(file).getLong() != MAGIC) {
            throw new EntryHeader.Unusable("it is no plan of this version");
        }
        if (!Arrays.equals(sum(file, HEAD), 0, SHA_BYTES, file, Long.BYTES, HEAD)) {
            throw new EntryHeader.Unusable("it is damaged");
        }
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(file, HEAD, file.length - HEAD));
        return new PlanFile(
                in.readUTF(),
                in.readUTF(),
                in.readUTF(),
                in.readUTF(),
                CachePrecision.valueOf(in.readUTF()),
                MemorySegment.ofArray(in.readAllBytes()));
    }

    /** The graph, with constants of these files. */
    Model model(List<SourceFile> files) throws IOException {
        return GraphCodec.read(
                new DataInputStream(new ByteArrayInputStream(graph.toArray(ValueLayout.JAVA_BYTE))), files);
    }
}
