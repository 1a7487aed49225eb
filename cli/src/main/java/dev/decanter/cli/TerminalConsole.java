package dev.decanter.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.Terminal;

/** A terminal with a line editor: cursor keys, history, completion of commands. */
final class TerminalConsole implements ChatConsole {
    private static final String PROMPT = "> ";

    private final Terminal terminal;
    private final LineReader reader;

    /** Takes the terminal over. */
    TerminalConsole(Terminal terminal, List<String> commands) {
        this.terminal = terminal;
        // what people write to a model has quotes and backslashes that mean nothing
        DefaultParser plain = new DefaultParser().quoteChars(new char[0]).escapeChars(new char[0]);
        reader = LineReaderBuilder.builder()
                .terminal(terminal)
                .parser(plain)
                .completer(new StringsCompleter(commands))
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .build();
    }

    @Override
    public Input read() {
        try {
            return new Input.Text(reader.readLine(PROMPT));
        } catch (UserInterruptException e) {
            return new Input.Interrupt();
        } catch (EndOfFileException e) {
            return new Input.End();
        }
    }

    @Override
    public PrintWriter out() {
        return terminal.writer();
    }

    @Override
    public void onInterrupt(Runnable action) {
        terminal.handle(Terminal.Signal.INT, _ -> action.run());
    }

    @Override
    public void close() {
        try {
            terminal.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
