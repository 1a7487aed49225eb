package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.genai.LLMPipeline;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Conversations with the demo model. */
class ChatTest {
    private static final Path DEMO = Path.of("..", "demo", "model");

    private static Cli chat(String input, Object... flags) {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        try {
            Object[] words = Arrays.copyOf(new Object[] {"chat", "--model", DEMO}, 3 + flags.length);
            System.arraycopy(flags, 0, words, 3, flags.length);
            return Cli.run(words);
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void remembersWhatWasSaidUntilReset() {
        Cli talk = chat("What is the capital of France?\nWhat about Japan?\n\n/reset\nWhat about Japan?\n");
        assertThat(talk.status()).isZero();
        List<String> lines = talk.out().lines().toList();
        assertThat(lines.subList(0, 3))
                .containsExactly(
                        "The capital of France is Paris.", "The capital of Japan is Tokyo.", "(a new conversation)");
        assertThat(lines.get(3)).isNotEqualTo("The capital of Japan is Tokyo.");
    }

    @Test
    void savesAndLoadsTheMessages(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("talk.json");
        Cli first = chat("/system Be brief.\nWhat is the capital of France?\n/save " + file + "\n/save " + file + "\n");
        assertThat(first.out()).contains("(3 messages in " + file + ")").doesNotContain("decanter:");
        JsonNode messages = Cli.read(file);
        assertThat(messages.findValuesAsText("role")).containsExactly("system", "user", "assistant");
        assertThat(messages.at("/2/content").asText()).isEqualTo("The capital of France is Paris.");
        assertThat(folder).isDirectoryContaining(f -> f.equals(file));
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(1);
        }

        String other = folder.resolve("other.json").toString();
        Files.writeString(Path.of(other), "not a conversation");
        Cli second = chat("/load " + file + "\n/save " + other + "\n/load " + other + "\n/load "
                + folder.resolve("none") + "\nWhat about Japan?\n/stats\nWho are you?\n");
        assertThat(second.status()).isZero();
        assertThat(second.out())
                .contains("(3 messages from " + file + ")")
                .contains("decanter: " + other + ": exists and is not from this conversation; name another file")
                .contains("decanter: " + other + ": messages must be a JSON list of objects")
                .contains("none: does not exist")
                .contains("tokens/s");
        assertThat(Path.of(other)).hasContent("not a conversation");
    }

    @Test
    void saysWhatACommandLacks() {
        Cli talk = chat("/help\n/nope\n/save\n/image cat.png\n/usr/bin is a folder?\n/exit\nWho are you?\n");
        assertThat(talk.status()).isZero();
        assertThat(talk.out())
                .contains("/reset", "Ctrl-C stops an answer")
                .contains("decanter: /nope is not a command; /help lists them")
                .contains("decanter: /save needs a file")
                .contains("the model sees no images")
                .doesNotContain("/usr is not", "I am the Decanter");
    }

    @Test
    void aTurnThatFailsIsForgotten() {
        String tooLong = "word ".repeat(2000);
        Cli talk = chat("What is the capital of France?\n" + tooLong + "\nWhat about Japan?\n");
        assertThat(talk.status()).isZero();
        assertThat(talk.out().lines())
                .hasSize(3)
                .anyMatch(line -> line.startsWith("decanter: the prompt has "))
                .contains("The capital of Japan is Tokyo.");
    }

    /** Types lines, and presses Ctrl-C as soon as an answer has some characters. */
    private static final class Scripted implements ChatConsole {
        final StringWriter text = new StringWriter();
        private final Deque<Input> inputs = new ArrayDeque<>();
        private final int patience;
        private Runnable interrupt = () -> {};

        Scripted(int patience, Input... inputs) {
            this.patience = patience;
            this.inputs.addAll(List.of(inputs));
        }

        @Override
        public Input read() {
            return inputs.isEmpty() ? new Input.End() : inputs.poll();
        }

        @Override
        public PrintWriter out() {
            return new PrintWriter(text) {
                @Override
                public void print(String piece) {
                    super.print(piece);
                    if (text.getBuffer().length() > patience) {
                        interrupt.run();
                    }
                }
            };
        }

        @Override
        public void onInterrupt(Runnable action) {
            interrupt = action;
        }

        @Override
        public void close() {}
    }

    @Test
    void interruptStopsTheAnswerAndNotTheConversation() {
        Path folder = ModelFolders.cache().resolve("demo");
        Cli.done("demo");
        Scripted console = new Scripted(
                6,
                new ChatConsole.Input.Interrupt(),
                new ChatConsole.Input.Text("What is the capital of France?"),
                new ChatConsole.Input.Text("/stats"));
        try (LLMPipeline pipeline = new LLMPipeline(folder, "CPU")) {
            new Conversation(pipeline, _ -> pipeline.generationConfig(), console, Optional.empty(), false).run();
        }
        assertThat(console.text.toString().lines()).containsExactly("(/exit or Ctrl-D ends)", "The (stopped)");
    }

    /** Keys as a terminal sends them: editing, quotes that mean nothing, Ctrl-D. */
    @Test
    void editsLinesInATerminal() throws Exception {
        String keys = "Whot\b\bat's \"up\" C:\\new?\r" + "\u0004";
        ByteArrayOutputStream screen = new ByteArrayOutputStream();
        PipedOutputStream keyboard = new PipedOutputStream();
        Terminal terminal = TerminalBuilder.builder()
                .system(false)
                .type("xterm")
                .encoding(StandardCharsets.UTF_8)
                .streams(new PipedInputStream(keyboard), screen)
                .build();
        try (keyboard;
                ChatConsole console = new TerminalConsole(terminal, Conversation.COMMANDS)) {
            keyboard.write(keys.getBytes(StandardCharsets.UTF_8));
            assertThat(console.read()).isEqualTo(new ChatConsole.Input.Text("What's \"up\" C:\\new?"));
            assertThat(console.read()).isEqualTo(new ChatConsole.Input.End());
        }
        assertThat(screen.toString(StandardCharsets.UTF_8)).contains("> ");
    }

    @Test
    void needsAChatTemplate(@TempDir Path folder) throws Exception {
        Path model = Checkpoints.copy(Cli.GOLDEN.resolve("llama-gqa").resolve("model"), folder.resolve("plain"));
        Files.deleteIfExists(model.resolve("chat_template.jinja"));
        Checkpoints.dropChatTemplate(model);
        Cli talk = Cli.run("chat", "--model", model);
        assertThat(talk.status()).isEqualTo(1);
        assertThat(talk.err()).contains("has no chat template").contains("decanter generate --raw");
    }
}
