package dev.decanter.cli;

import dev.decanter.genai.ChatHistory;
import dev.decanter.genai.ChatTemplate;
import dev.decanter.genai.GenerationConfig;
import dev.decanter.genai.LLMPipeline;
import dev.decanter.tokenizers.Tokenizer;
import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.util.Optional;
import org.jline.terminal.TerminalBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code decanter chat}. */
@Command(
        name = "chat",
        description = {
            "A conversation with a model in the terminal. /help lists the commands; Ctrl-C stops an answer, Ctrl-D ends.",
            "Lines may also come from a file or a pipe."
        },
        footer = "  decanter chat --model llama-ov --system \"Answer in one sentence.\"")
final class ChatCommand extends BaseCommand {
    /** Of an answer where nobody sets a limit: long enough for an essay, and Ctrl-C is at hand. */
    private static final int MOST_NEW_TOKENS = 2048;

    @Mixin
    private ModelOptions options = new ModelOptions();

    @Option(names = "--system", paramLabel = "TEXT", description = "A system message before the conversation.")
    private Optional<String> system = Optional.empty();

    @Option(names = "--stats", description = "Print times after each answer.")
    private boolean stats;

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    @Override
    void run() {
        try (LLMPipeline pipeline = options.load(this, sampling.draft(this))) {
            ChatTemplate template = pipeline.chatTemplate()
                    .orElseThrow(() -> new CommandFailure(pipeline.folder() + ": has no chat template; add"
                            + " chat_template.jinja, or use decanter generate --raw"));
            Tokenizer tokenizer = pipeline.tokenizer()
                    .orElseThrow(() -> new CommandFailure(pipeline.folder()
                            + ": has no tokenizer; convert it (decanter convert-tokenizer --with-detokenizer)"));
            GenerationConfig config = sampling.over(pipeline.generationConfig(), this, () -> MOST_NEW_TOKENS);
            boolean limited = sampling.limits(pipeline.generationConfig());
            try (ChatConsole console = console()) {
                new Conversation(
                                pipeline,
                                history -> limited ? config : inContext(pipeline, config, template, tokenizer, history),
                                console,
                                system,
                                stats)
                        .run();
            }
        }
    }

    /** No more than the context has room for; a conversation that leaves none is refused by the pipeline. */
    private static GenerationConfig inContext(
            LLMPipeline pipeline,
            GenerationConfig config,
            ChatTemplate template,
            Tokenizer tokenizer,
            ChatHistory history) {
        if (pipeline.contextLength().isEmpty()) {
            return config;
        }
        int length = tokenizer.encodeToIds(template.render(history, true), false).length;
        int room = pipeline.contextLength().getAsInt() - length;
        return config.toBuilder()
                .maxNewTokens(Math.clamp(room, 1, MOST_NEW_TOKENS))
                .build();
    }

    private ChatConsole console() {
        boolean terminal =
                Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
        if (!terminal) {
            Charset charset =
                    Charset.forName(System.getProperty("stdin.encoding", System.getProperty("native.encoding")));
            return new PlainConsole(new BufferedReader(new InputStreamReader(System.in, charset)), out());
        }
        try {
            return new TerminalConsole(
                    TerminalBuilder.builder().system(true).providers("ffm,exec").build(), Conversation.COMMANDS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
