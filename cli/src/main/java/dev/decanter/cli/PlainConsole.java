package dev.decanter.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;

/** Lines of a file or a pipe. Ctrl-C ends the program, as it does wherever nobody edits lines. */
record PlainConsole(BufferedReader in, PrintWriter out) implements ChatConsole {
    @Override
    public Input read() {
        try {
            String line = in.readLine();
            return line == null ? new Input.End() : new Input.Text(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void onInterrupt(Runnable action) {}

    @Override
    public void close() {
        out.flush();
    }
}
