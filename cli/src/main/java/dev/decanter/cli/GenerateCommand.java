package dev.decanter.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.genai.ChatHistory;
import dev.decanter.genai.GeneratedSequence;
import dev.decanter.genai.GenerationConfig;
import dev.decanter.genai.GenerationResult;
import dev.decanter.genai.LLMPipeline;
import dev.decanter.genai.Streamer;
import dev.decanter.tokenizers.Tokenizer;
import dev.decanter.tokenizers.TokenizerConverter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
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

    @Option(names = "--prompt", paramLabel = "TEXT", description = "The prompt.")
    private Optional<String> prompt = Optional.empty();

    @Option(names = "--prompt-ids", paramLabel = "IDS", description = "The prompt as token ids, such as 1,2,3.")
    private Optional<String> promptIds = Optional.empty();

    @Option(names = "--image", paramLabel = "FILE", description = "An image for a model that sees; can be repeated.")
    private List<Path> images = new ArrayList<>();

    @Option(names = "--system", paramLabel = "TEXT", description = "A system message before the prompt.")
    private Optional<String> system = Optional.empty();

    @Option(names = "--raw", description = "Take the prompt as it is, without the chat template.")
    private boolean raw;

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    @Option(names = "--echo", description = "Give the prompt before the answer.")
    private boolean echo;

    @Option(names = "--json", description = "Print one JSON object at the end, and no text before.")
    private boolean json;

    @Option(
            names = "--logits",
            paramLabel = "N",
            description = "Add the first N logits behind the prompt, and the greatest one's id (with --json).")
    private Optional<Integer> logits = Optional.empty();

    @Override
    void run() {
        requireConsistent();
        if (!images.isEmpty()) {
            throw noSight(ModelFolders.existing(options.model));
        }
        Optional<long[]> ids = promptIds.map(text -> TokenIds.parse(text, this, "--prompt-ids"));
        try (LLMPipeline pipeline = options.load(this, sampling.draft(this))) {
            GenerationConfig config = config(pipeline, ids);
            boolean decodes = Files.exists(pipeline.folder().resolve(TokenizerConverter.DETOKENIZER));
            if (!decodes && prompt.isPresent()) {
                note(pipeline.folder() + ": has no " + TokenizerConverter.DETOKENIZER
                        + ", the answer is token ids alone;"
                        + " convert the tokenizer (decanter convert-tokenizer --with-detokenizer)");
            }
            boolean streams = config.numReturnSequences() == 1 && config.beams().numBeams() == 1;
            GenerationResult result = generate(pipeline, ids, config, streamer(streams, decodes));
            if (json) {
                print(json(result));
                return;
            }
            if (streams && decodes) {
                out().println();
            } else {
                result.sequences()
                        .forEach(one -> printWhole(one, result.sequences().size(), decodes));
            }
            out().flush();
            note(MetricsText.line(result.metrics()));
        }
    }

    static CommandFailure noSight(Path model) {
        return new CommandFailure(
                model + ": has no vision part (openvino_vision_embeddings_model.xml), the model sees no"
                        + " images; leave the image out");
    }

    private Streamer streamer(boolean streams, boolean decodes) {
        if (!streams) {
            return Streamer.NONE;
        }
        return json || !decodes ? Streamers.cancellable() : Streamers.printing(out());
    }

    /** An answer that was not streamed; of several, each has its score before it. */
    private void printWhole(GeneratedSequence sequence, int count, boolean decodes) {
        if (count > 1) {
            out().println(String.format(Locale.ROOT, "[score %.4f]", sequence.score()));
        }
        out().println(decodes ? sequence.text() : TokenIds.text(sequence.tokenIds()));
    }

    private void requireConsistent() {
        if (prompt.isPresent() == promptIds.isPresent()) {
            throw usage("Give either --prompt or --prompt-ids");
        }
        if (system.isPresent() && (raw || promptIds.isPresent())) {
            throw usage("--system is a message of the chat template and cannot be combined with --raw or --prompt-ids");
        }
        if (logits.isPresent() && !json) {
            throw usage("--logits needs --json");
        }
        if (logits.isPresent() && logits.get() < 1) {
            throw usage("Invalid value for option '--logits': " + logits.get() + " is not positive");
        }
    }

    private GenerationConfig config(LLMPipeline pipeline, Optional<long[]> ids) {
        GenerationConfig config =
                sampling.over(pipeline.generationConfig(), this, () -> defaultNewTokens(pipeline, ids));
        var builder = config.toBuilder().keepPromptLogits(logits.isPresent()).echo(echo || config.echo());
        if (raw) {
            builder.applyChatTemplate(false);
        }
        return builder.build();
    }

    /** No more than the context has room for; only a limit that somebody set is an error when it does not fit. */
    private int defaultNewTokens(LLMPipeline pipeline, Optional<long[]> ids) {
        if (pipeline.contextLength().isEmpty()
                || (ids.isEmpty() && pipeline.tokenizer().isEmpty())) {
            return SamplingOptions.DEFAULT_NEW_TOKENS;
        }
        int length = ids.map(given -> given.length).orElseGet(() -> promptLength(pipeline));
        int room = pipeline.contextLength().getAsInt() - length;
        return room < 1 ? SamplingOptions.DEFAULT_NEW_TOKENS : Math.min(room, SamplingOptions.DEFAULT_NEW_TOKENS);
    }

    private int promptLength(LLMPipeline pipeline) {
        Tokenizer tokenizer = pipeline.tokenizer().orElseThrow();
        boolean renders = !raw && pipeline.generationConfig().applyChatTemplate();
        return pipeline.chatTemplate()
                .filter(template -> renders)
                .map(template -> tokenizer.encodeToIds(template.render(history(), true), false))
                .orElseGet(() -> tokenizer.encodeToIds(prompt.orElse("")))
                .length;
    }

    private ChatHistory history() {
        ChatHistory history = new ChatHistory();
        system.ifPresent(history::system);
        return history.user(prompt.orElse(""));
    }

    private GenerationResult generate(
            LLMPipeline pipeline, Optional<long[]> ids, GenerationConfig config, Streamer streamer) {
        if (ids.isPresent()) {
            return pipeline.generate(ids.get(), config, streamer);
        }
        return system.isPresent()
                ? pipeline.generate(history(), config, streamer)
                : pipeline.generate(prompt.orElse(""), config, streamer);
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
