package dev.decanter.cli;

import java.io.PrintWriter;

/** Where a conversation is typed and read. */
interface ChatConsole extends AutoCloseable {
    /** What came from the user. */
    sealed interface Input {
        /** A line, or several that were pasted together. */
        record Text(String text) implements Input {}

        /** Ctrl-C. */
        record Interrupt() implements Input {}

        /** Ctrl-D, or the end of a file. */
        record End() implements Input {}
    }

    /** Waits for the user. */
    Input read();

    /** Where answers go. */
    PrintWriter out();

    /** Has {@code action} run at Ctrl-C while an answer is generated. */
    void onInterrupt(Runnable action);

    @Override
    void close();
}
