package dev.decanter.genai;

import dev.decanter.genai.lm.SharedModel;
import dev.decanter.ir.rewrite.Pass;
import dev.decanter.runtime.Core;
import dev.decanter.tokenizers.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Text generation with a model in IR: loads a folder as Optimum-Intel writes it and runs it on a device. The weights are
 * shared by any number of sessions; the pipeline's own {@code generate} methods are those of one session that it has.
 *
 * {@snippet :
 * try (var pipeline = new LLMPipeline(Path.of("TinyLlama-ov"), "CPU")) {
 *     var config = pipeline.generationConfig().toBuilder().maxNewTokens(100).build();
 *     pipeline.generate("Why is the sky blue?", config, text -> {
 *         System.out.print(text);
 *         return StreamingStatus.RUNNING;
 *     });
 * }
 * }
 *
 * <p>Models have the inputs {@code input_ids}, {@code attention_mask}, {@code position_ids} (if they want it) and
 * {@code beam_idx}, the output {@code logits}, and their KV cache as state; or without state, with inputs
 * {@code past_key_values.N.key/value} and outputs {@code present.N.key/value}.
 */
public final class LLMPipeline implements AutoCloseable {
    private final Path folder;
    private final SharedModel model;
    private final Optional<SharedModel> draft;
    private final Optional<Tokenizer> tokenizer;
    private final Optional<ChatTemplate> chatTemplate;
    private final GenerationConfig generationConfig;
    private final OptionalInt contextLength;
    private final double loadTimeMs;
    private final boolean detokenizes;
    private final PromptEncoder encoder;
    private final StructuredOutput structuredOutput;
    private final LLMSession session;

    /** As {@link #LLMPipeline(Path, String, Map)} with every property at its default. */
    public LLMPipeline(Path folder, String device) {
        this(folder, device, Map.of());
    }

    /** As {@link #LLMPipeline(Path, Core, String, Map)} with all devices that are installed. */
    public LLMPipeline(Path folder, String device, Map<String, String> properties) {
        this(folder, Core.create(), device, properties);
    }

    /**
     * Loads {@code openvino_model.xml} (or {@code openvino_language_model.xml}) and, as far as they are there, the tokenizer and
     * detokenizer, {@code config.json}, {@code generation_config.json} and the chat template.
     *
     * @param device a device of the core, or {@link Core#AUTO}
     * @param properties compile properties of the device
     * @throws GenerationException naming the file if the folder does not hold a language model
     * @throws dev.decanter.ir.DecanterException if a file cannot be read or compiled
     */
    public LLMPipeline(Path folder, Core core, String device, Map<String, String> properties) {
        this(builder(folder).core(core).device(device).properties(properties));
    }

    LLMPipeline(LLMPipelineBuilder from) {
        long begin = System.nanoTime();
        folder = from.folder();
        Core core = from.core();
        ModelFolder files = new ModelFolder(folder);
        contextLength = files.contextLength();
        Path xml = from.model().isPresent() ? folder : files.model();
        tokenizer = files.hasTokenizer() ? Optional.of(Tokenizer.load(folder, core)) : Optional.empty();
        detokenizes = files.hasDetokenizer();
        generationConfig = files.generationConfig(tokenizer);
        chatTemplate = ChatTemplate.find(folder, tokenizer);
        List<Pass> adapters = from.adapters().stream().map(LoraAdapter::pass).toList();
        model = from.model()
                .map(given -> SharedModel.of(xml, given.copy(), adapters, core, from.device(), from.properties()))
                .orElseGet(() -> SharedModel.load(xml, adapters, core, from.device(), from.properties()));
        draft = from.draft().map(smaller -> smaller.load(core, folder, tokenizer));
        encoder = new PromptEncoder(folder, tokenizer, chatTemplate, model.vocabularySize());
        structuredOutput = new StructuredOutput(tokenizer);
        session = newSession();
        loadTimeMs = Stopwatch.since(begin);
    }

    /** Loads a folder with a draft model, adapters, or an own choice of devices. */
    public static LLMPipelineBuilder builder(Path folder) {
        return new LLMPipelineBuilder(folder);
    }

    /** The folder that was loaded. */
    public Path folder() {
        return folder;
    }

    /** The name of the device that runs the model; never {@code AUTO}. */
    public String device() {
        return model.device();
    }

    /** The model's defaults, from {@code generation_config.json}. */
    public GenerationConfig generationConfig() {
        return generationConfig;
    }

    /** The tokenizer, if the folder has one. */
    public Optional<Tokenizer> tokenizer() {
        return tokenizer;
    }

    /** The chat template, if the folder has one. */
    public Optional<ChatTemplate> chatTemplate() {
        return chatTemplate;
    }

    /** Decodes one answer; {@link TextStream#NONE} if the folder has no detokenizer. */
    TextStream newTextStream() {
        return tokenizer
                .filter(_ -> detokenizes)
                .map(t -> TextStream.of(t.streamingDetokenizer()))
                .orElse(TextStream.NONE);
    }

    boolean detokenizes() {
        return tokenizer.isPresent() && detokenizes;
    }

    StructuredOutput structuredOutput() {
        return structuredOutput;
    }

    PromptEncoder encoder() {
        return encoder;
    }

    /** Number of tokens that the model knows; empty if the graph leaves it open. */
    public OptionalLong vocabularySize() {
        return model.vocabularySize();
    }

    /** Most tokens of prompt and answer together, if the model's configuration says. */
    public OptionalInt contextLength() {
        return contextLength;
    }

    /** How long loading took, in milliseconds. */
    public double loadTimeMs() {
        return loadTimeMs;
    }

    /** A conversation of its own, which the caller closes before the pipeline. */
    public LLMSession newSession() {
        return new LLMSession(
                this, model.newLanguageModel(), draft.map(smaller -> new CachedModel(smaller.newLanguageModel())));
    }

    /** See {@link LLMSession#generate(String, GenerationConfig, Streamer)}. */
    public GenerationResult generate(String prompt, GenerationConfig config, Streamer streamer) {
        return session.generate(prompt, config, streamer);
    }

    /** See {@link LLMSession#generate(String, GenerationConfig, Streamer)}. */
    public GenerationResult generate(String prompt, GenerationConfig config) {
        return session.generate(prompt, config, Streamer.NONE);
    }

    /** See {@link LLMSession#generate(ChatHistory, GenerationConfig, Streamer)}. */
    public GenerationResult generate(ChatHistory history, GenerationConfig config, Streamer streamer) {
        return session.generate(history, config, streamer);
    }

    /** See {@link LLMSession#generate(ChatHistory, GenerationConfig, Streamer)}. */
    public GenerationResult generate(ChatHistory history, GenerationConfig config) {
        return session.generate(history, config, Streamer.NONE);
    }

    /** See {@link LLMSession#generate(long[], GenerationConfig, Streamer)}. */
    public GenerationResult generate(long[] promptIds, GenerationConfig config, Streamer streamer) {
        return session.generate(promptIds, config, streamer);
    }

    /** See {@link LLMSession#generate(long[], GenerationConfig, Streamer)}. */
    public GenerationResult generate(long[] promptIds, GenerationConfig config) {
        return session.generate(promptIds, config, Streamer.NONE);
    }

    /** See {@link LLMSession#generate(List, GenerationConfig)}. */
    public List<GenerationResult> generate(List<String> prompts, GenerationConfig config) {
        return session.generate(prompts, config);
    }

    /** See {@link LLMSession#generateChats(List, GenerationConfig)}. */
    public List<GenerationResult> generateChats(List<ChatHistory> histories, GenerationConfig config) {
        return session.generateChats(histories, config);
    }

    /** See {@link LLMSession#generate(long[][], GenerationConfig)}. */
    public List<GenerationResult> generate(long[][] promptIds, GenerationConfig config) {
        return session.generate(promptIds, config);
    }

    /** Forgets the KV cache of the pipeline's own session. */
    public void reset() {
        session.reset();
    }

    /** Frees the model; sessions that are still open cannot be used any more. */
    @Override
    public void close() {
        session.close();
        model.close();
        draft.ifPresent(SharedModel::close);
        tokenizer.ifPresent(Tokenizer::close);
    }
}
