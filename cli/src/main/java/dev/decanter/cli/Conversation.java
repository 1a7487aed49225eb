package dev.decanter.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.decanter.genai.ChatHistory;
import dev.decanter.genai.GenerationConfig;
import dev.decanter.genai.GenerationException;
import dev.decanter.genai.GenerationResult;
import dev.decanter.genai.LLMPipeline;
import dev.decanter.genai.StreamingStatus;
import dev.decanter.ir.DecanterException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** What {@code decanter chat} does with a user's lines: messages to the model and commands to itself. */
final class Conversation {
    static final List<String> COMMANDS =
            List.of("/help", "/reset", "/system", "/save", "/load", "/image", "/stats", "/exit");

    private static final String HELP = """
            /reset         forget the conversation, the system message stays
            /system TEXT   begin again with this system message; without a text, with none
            /save FILE     write the conversation as a JSON list of messages
            /load FILE     go on with a conversation that was saved
            /image FILE    show the model an image, if it can see
            /stats         print times after each answer, or stop that
            /exit          end; so does Ctrl-D. Ctrl-C stops an answer, not the program""";

    private final LLMPipeline pipeline;
    private final Function<ChatHistory, GenerationConfig> config;
    private final ChatConsole console;
    private final PrintWriter out;
    private final Set<Path> own = new HashSet<>();
    private ChatHistory history = new ChatHistory();
    private Optional<String> system;
    private boolean stats;
    private volatile boolean stop;

    /**
     * Begins.
     *
     * @param config of the answer to a conversation
     */
    Conversation(
            LLMPipeline pipeline,
            Function<ChatHistory, GenerationConfig> config,
            ChatConsole console,
            Optional<String> system,
            boolean stats) {
        this.pipeline = pipeline;
        this.config = config;
        this.console = console;
        this.out = console.out();
        this.system = system;
        this.stats = stats;
        system.ifPresent(history::system);
        console.onInterrupt(() -> stop = true);
    }

    /** Talks until the user ends it. */
    void run() {
        while (!Interruption.requested()) {
            switch (console.read()) {
                case ChatConsole.Input.End() -> {
                    return;
                }
                case ChatConsole.Input.Interrupt() -> say("(/exit or Ctrl-D ends)");
                case ChatConsole.Input.Text(String text) -> {
                    String line = text.strip();
                    if (line.equals("/exit") || line.equals("/quit")) {
                        return;
                    }
                    if (!line.isEmpty()) {
                        take(line);
                    }
                }
            }
        }
    }

    private void take(String line) {
        try {
            if (line.matches("(?s)/[a-z]+(\\s.*)?")) {
                String[] words = line.split("\\s+", 2);
                command(words[0], words.length > 1 ? words[1].strip() : "");
            } else {
                answer(line);
            }
        } catch (DecanterException e) {
            // one wrong turn is no reason to lose the conversation
            say("decanter: " + Failures.line(e));
        }
    }

    private void say(String line) {
        out.println(line);
        out.flush();
    }

    private void answer(String text) {
        history.user(text);
        stop = false;
        GenerationResult result;
        try {
            result = pipeline.generate(history, config.apply(history), piece -> {
                out.print(piece);
                out.flush();
                return stop || Interruption.requested() || out.checkError()
                        ? StreamingStatus.STOP
                        : StreamingStatus.RUNNING;
            });
        } catch (DecanterException e) {
            history.removeLast();
            throw e;
        }
        // what was said when the user stopped it stays said
        history.assistant(result.text());
        say(stop ? " (stopped)" : "");
        if (stats) {
            say("  " + MetricsText.line(result.metrics()));
        }
    }

    private void command(String name, String argument) {
        switch (name) {
            case "/help" -> say(HELP);
            case "/reset" -> reset();
            case "/system" -> {
                system = Optional.of(argument).filter(text -> !text.isEmpty());
                reset();
            }
            case "/save" -> save(file(name, argument));
            case "/load" -> load(file(name, argument));
            case "/image" -> throw GenerateCommand.noSight(pipeline.folder());
            case "/stats" -> stats = !stats;
            default -> throw new CommandFailure(name + " is not a command; /help lists them");
        }
    }

    private void reset() {
        history.clear();
        system.ifPresent(history::system);
        say("(a new conversation)");
    }

    private static Path file(String command, String argument) {
        if (argument.isEmpty()) {
            throw new CommandFailure(command + " needs a file: " + command + " talk.json");
        }
        try {
            return Path.of(argument).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw new CommandFailure(argument + " is not a path: " + e.getReason(), e);
        }
    }

    private void save(Path file) {
        if (Files.exists(file) && !own.contains(file)) {
            throw new CommandFailure(file + ": exists and is not from this conversation; name another file");
        }
        try {
            Outputs.file(
                    file,
                    BaseCommand.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(history.messages()) + "\n");
        } catch (JsonProcessingException e) {
            throw new CommandFailure("the conversation cannot be written as JSON: " + e.getOriginalMessage(), e);
        }
        own.add(file);
        say("(" + history.messages().size() + " messages in " + file + ")");
    }

    private void load(Path file) {
        ChatHistory loaded;
        try {
            loaded = ChatHistory.ofJson(Files.readString(file));
        } catch (IOException e) {
            throw BaseCommand.unreadable(file, e);
        } catch (GenerationException e) {
            throw new CommandFailure(file + ": " + e.getMessage(), e);
        }
        history = loaded;
        own.add(file);
        say("(" + history.messages().size() + " messages from " + file + ")");
    }
}
