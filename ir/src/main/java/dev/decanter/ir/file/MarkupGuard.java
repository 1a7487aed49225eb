package dev.decanter.ir.file;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Stops an XML stream in which one piece of markup (a tag with its attributes, a comment, a run of text) is so long that
 * the parser would fill the memory with it before anybody could look.
 */
final class MarkupGuard extends FilterInputStream {
    private static final long LONGEST = 64L << 20;

    private long run;
    private int quote;
    private boolean inTag;

    MarkupGuard(InputStream in) {
        super(in);
    }

    @Override
    public int read() throws IOException {
        int value = super.read();
        if (value >= 0) {
            see(value);
        }
        return value;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int count = super.read(buffer, offset, length);
        for (int i = 0; i < count; i++) {
            see(buffer[offset + i]);
        }
        return count;
    }

    /**
     * Comments and declarations are seen as tags; an odd quote in one makes the run too long to be seen as ended, which
     * matters only after {@link #LONGEST} bytes.
     */
    private void see(int value) throws IOException {
        run++;
        if (quote != 0) {
            quote = value == quote ? 0 : quote;
        } else if (inTag && (value == '"' || value == '\'')) {
            quote = value;
        } else if (value == '<' || value == '>') {
            inTag = value == '<';
            run = 0;
        }
        if (run > LONGEST) {
            throw new IOException("a tag, comment or text is longer than " + (LONGEST >> 20) + " MiB");
        }
    }
}
