package dev.decanter.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.genai.ChatHistory;
import dev.decanter.genai.GeneratedSequence;
import dev.decanter.genai.GenerationConfig;
import dev.decanter.genai.GenerationResult;
import dev.decanter.genai.LLMPipeline;
import dev.decanter.genai.Streamer;
import dev.decanter.tokenizers.TokenizerConverter;
import java.nio.file.Files;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code decanter generate}. */
@Command(
        name = "generate",
        description =
                "Answers one prompt, printed as it is generated. A model with a chat template gets it as a user's message.",
        footer = "  decanter generate --model llama-ov --prompt \"Why is the sky blue?\" --max-new-tokens 100")
final class GenerateCommand extends BaseCommand {
    @Mixin
    private ModelOptions options = new ModelOptions();

    @ArgGroup(multiplicity = "1")
    private Prompt prompt = new Prompt();

    static final class Prompt {
        @Option(names = "--prompt", paramLabel = "TEXT", description = "The prompt.")
        Optional<String> text = Optional.empty();

        @Option(names = "--prompt-ids", paramLabel = "IDS", description = "The prompt as token ids, such as 1,2,3.")
        Optional<String> ids = Optional.empty();
    }

    @Option(names = "--system", paramLabel = "TEXT", description = "A system message before the prompt.")
    private Optional<String> system = Optional.empty();

    @Option(names = "--raw", description = "Take the prompt as it is, without the chat template.")
    private boolean raw;

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    @Option(names = "--json", description = "Print one JSON object at the end, and no text before.")
    private boolean json;

    @Option(
            names = "--logits",
            paramLabel = "N",
            description = "Add the first N logits behind the prompt, and the greatest one's id (with --json).")
    private Optional<Integer> logits = Optional.empty();

    @Override
    void run() {
        if (system.isPresent() && (raw || prompt.ids.isPresent())) {
            throw usage("--system is a message of the chat template and cannot be combined with --raw or --prompt-ids");
        }
        if (logits.isPresent() && !json) {
            throw usage("--logits needs --json");
        }
        if (logits.isPresent() && logits.get() < 1) {
            throw usage("Invalid value for option '--logits': " + logits.get() + " is not positive");
        }
        Optional<long[]> ids = prompt.ids.map(text -> TokenIds.parse(text, this, "--prompt-ids"));
        try (LLMPipeline pipeline = options.load(this)) {
            GenerationConfig config = config(pipeline);
            boolean decodes = Files.exists(pipeline.folder().resolve(TokenizerConverter.DETOKENIZER));
            Streamer streamer = json || !decodes ? Streamers.cancellable() : Streamers.printing(out());
            GenerationResult result = generate(pipeline, ids, config, streamer);
            if (json) {
                print(json(result));
                return;
            }
            out().println(
                            decodes
                                    ? ""
                                    : result.tokenIds().stream()
                                            .map(String::valueOf)
                                            .collect(Collectors.joining(",")));
            out().flush();
            note(MetricsText.line(result.metrics()));
        }
    }

    private GenerationConfig config(LLMPipeline pipeline) {
        GenerationConfig config = sampling.over(pipeline.generationConfig(), this);
        if (!raw && logits.isEmpty()) {
            return config;
        }
        var builder = config.toBuilder();
        if (raw) {
            builder.applyChatTemplate(false);
        }
        return builder.keepPromptLogits(logits.isPresent()).build();
    }

    private GenerationResult generate(
            LLMPipeline pipeline, Optional<long[]> ids, GenerationConfig config, Streamer streamer) {
        if (ids.isPresent()) {
            return pipeline.generate(ids.get(), config, streamer);
        }
        String text = prompt.text.orElse("");
        if (system.isPresent()) {
            return pipeline.generate(new ChatHistory().system(system.get()).user(text), config, streamer);
        }
        return pipeline.generate(text, config, streamer);
    }

    private ObjectNode json(GenerationResult result) {
        ObjectNode root = JSON.createObjectNode().put("text", result.text());
        result.tokenIds().forEach(root.putArray("token_ids")::add);
        root.put("finish_reason", result.finishReason().name().toLowerCase(Locale.ROOT));
        ArrayNode sequences = root.putArray("sequences");
        for (GeneratedSequence sequence : result.sequences()) {
            ObjectNode node = sequences.addObject().put("text", sequence.text());
            sequence.tokenIds().forEach(node.putArray("token_ids")::add);
            node.put("score", sequence.score());
            if (!sequence.logprobs().isEmpty()) {
                sequence.logprobs().forEach(node.putArray("logprobs")::add);
            }
        }
        root.set("metrics", MetricsText.json(result.metrics()));
        result.promptLogits().ifPresent(values -> {
            ArrayNode first = root.putArray("logits");
            int best = 0;
            for (int i = 0; i < values.length; i++) {
                if (i < logits.orElse(0)) {
                    first.add(values[i]);
                }
                best = values[i] > values[best] ? i : best;
            }
            root.put("argmax", best);
        });
        return root;
    }
}
