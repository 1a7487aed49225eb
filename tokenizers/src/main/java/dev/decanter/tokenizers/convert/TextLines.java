package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.TokenizerException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Lines of the text files that define tokenizers. */
final class TextLines {
    /** The largest files of published tokenizers have 10 MB. */
    private static final long MAX_BYTES = 256L << 20;

    private TextLines() {}

    static byte[] bytes(Path file) {
        try {
            long size = Files.size(file);
            if (size > MAX_BYTES) {
                throw new TokenizerException(
                        file + ": has " + size + " bytes; a tokenizer's file has at most " + MAX_BYTES);
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new TokenizerException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** The first bytes of a file, at most {@code count}. */
    static byte[] start(Path file, int count) {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(count);
        } catch (IOException e) {
            throw new TokenizerException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** The lines of a file in UTF-8, without what ends them; throws {@link TokenizerException} naming a line that is none. */
    static List<String> read(Path file) {
        byte[] bytes = bytes(file);
        List<String> lines = new ArrayList<>();
        for (int from = 0; from < bytes.length; ) {
            int end = from;
            while (end < bytes.length && bytes[end] != '\n') {
                end++;
            }
            int to = end > from && bytes[end - 1] == '\r' ? end - 1 : end;
            try {
                lines.add(StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(bytes, from, to - from))
                        .toString());
            } catch (CharacterCodingException e) {
                throw new TokenizerException(file + ": line " + (lines.size() + 1) + " is not UTF-8", e);
            }
            from = end + 1;
        }
        return lines;
    }
}
