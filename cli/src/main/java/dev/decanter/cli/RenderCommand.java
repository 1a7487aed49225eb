package dev.decanter.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.decanter.genai.ChatHistory;
import dev.decanter.genai.ChatTemplate;
import dev.decanter.tokenizers.Tokenizer;
import dev.decanter.tokenizers.TokenizerConverter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code decanter render}. */
@Command(
        name = "render",
        description = "Prints the exact text that a model's chat template makes of a conversation.",
        footer = "  decanter render --model llama-ov --messages messages.json")
final class RenderCommand extends BaseCommand {
    @Option(
            names = {"-m", "--model"},
            required = true,
            paramLabel = "DIR_OR_TEMPLATE",
            description = "A model's folder, or a Jinja file.")
    private Path model = Path.of("");

    @Option(
            names = "--messages",
            required = true,
            paramLabel = "FILE",
            description = "A JSON list of messages: [{\"role\": \"user\", \"content\": \"Hello\"}].")
    private Path messages = Path.of("");

    @Option(names = "--tools", paramLabel = "FILE", description = "A JSON list of tools.")
    private Optional<Path> tools = Optional.empty();

    @Option(names = "--no-generation-prompt", description = "Leave out the beginning of the model's answer.")
    private boolean noGenerationPrompt;

    @Option(
            names = "--set",
            paramLabel = "KEY=JSON",
            description = "A further variable, such as bos_token='\"<s>\"'; can be repeated.")
    private Map<String, String> set = new LinkedHashMap<>();

    @Override
    void run() {
        ChatHistory history = ChatHistory.ofJson(list(messages));
        if (tools.isPresent()) {
            history.toolsOfJson(list(tools.get()));
        }
        for (Map.Entry<String, String> entry : set.entrySet()) {
            try {
                history.extraContext(entry.getKey(), JSON.readValue(entry.getValue(), Object.class));
            } catch (JsonProcessingException e) {
                throw new CommandFailure(
                        "--set " + entry.getKey() + ": the value is not JSON: "
                                + e.getOriginalMessage().replaceFirst(" \\(start marker at .*", ""),
                        e);
            }
        }
        // the text may or may not end with a line break of its own: exactly it is printed
        out().print(template().render(history, !noGenerationPrompt));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static String list(Path file) {
        String text = read(file);
        try {
            if (!JSON.readTree(text).isArray()) {
                throw new CommandFailure(file + ": must be a JSON list of objects");
            }
            return text;
        } catch (JsonProcessingException e) {
            throw new CommandFailure(
                    file + ": is not JSON: " + e.getOriginalMessage().replaceFirst(" \\(start marker at .*", ""), e);
        }
    }

    private ChatTemplate template() {
        if (Files.isRegularFile(model)) {
            return ChatTemplate.of(model.toString(), read(model), Map.of());
        }
        Path folder = ModelFolders.existing(model.toString());
        return find(folder)
                .orElseThrow(() -> new CommandFailure(folder
                        + ": has no chat template; name a Jinja file, or add chat_template.jinja to the folder"));
    }

    private static Optional<ChatTemplate> find(Path folder) {
        if (!Files.exists(folder.resolve(TokenizerConverter.TOKENIZER))) {
            return ChatTemplate.find(folder, Optional.empty());
        }
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            return ChatTemplate.find(folder, Optional.of(tokenizer));
        }
    }
}
