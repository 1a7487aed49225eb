package dev.decanter.genai;

import dev.decanter.ir.Model;
import dev.decanter.runtime.Core;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Loads an {@link LLMPipeline} with more than a folder and a device.
 *
 * {@snippet :
 * try (var pipeline = LLMPipeline.builder(Path.of("llama-ov"))
 *         .draftModel(new DraftModel(Path.of("llama-small-ov"), "CPU"))
 *         .adapter(new LoraAdapter(Path.of("my-adapter")))
 *         .build()) {
 *     System.out.println(pipeline.generate("Hello", pipeline.generationConfig()).text());
 * }
 * }
 */
public final class LLMPipelineBuilder {
    private final Path folder;
    private final Map<String, String> properties = new LinkedHashMap<>();
    private final List<LoraAdapter> adapters = new ArrayList<>();
    private Optional<Core> core = Optional.empty();
    private Optional<Model> model = Optional.empty();
    private String device = Core.AUTO;
    private Optional<DraftModel> draft = Optional.empty();

    LLMPipelineBuilder(Path folder) {
        this.folder = folder;
    }

    /** A model in memory instead of the folder's graph, which need not be there then; it is not changed. */
    public LLMPipelineBuilder model(Model value) {
        model = Optional.of(value);
        return this;
    }

    /** Where devices are looked for; by default all that are installed. */
    public LLMPipelineBuilder core(Core value) {
        core = Optional.of(value);
        return this;
    }

    /** A device of the core; {@link Core#AUTO} by default. */
    public LLMPipelineBuilder device(String value) {
        device = value;
        return this;
    }

    /** Adds compile properties of the device. */
    public LLMPipelineBuilder properties(Map<String, String> values) {
        properties.putAll(values);
        return this;
    }

    /**
     * A model that drafts wherever there is one prompt and one answer without beams. Greedy answers are those without it, as
     * far as the device computes several tokens of a step as it does one; sampled ones have the same distribution.
     */
    public LLMPipelineBuilder draftModel(DraftModel value) {
        draft = Optional.of(value);
        return this;
    }

    /** Adds an adapter; several are added up. They change the model that answers, not the one that drafts. */
    public LLMPipelineBuilder adapter(LoraAdapter value) {
        adapters.add(value);
        return this;
    }

    /**
     * Loads.
     *
     * @throws GenerationException naming the file if a folder does not hold a language model, an adapter does not fit the model, or
     *     the draft model's tokenizer is another
     * @throws dev.decanter.ir.DecanterException if a file cannot be read or compiled
     */
    public LLMPipeline build() {
        return new LLMPipeline(this);
    }

    Optional<Model> model() {
        return model;
    }

    Path folder() {
        return folder;
    }

    Core core() {
        return core.orElseGet(Core::create);
    }

    String device() {
        return device;
    }

    Map<String, String> properties() {
        return properties;
    }

    Optional<DraftModel> draft() {
        return draft;
    }

    List<LoraAdapter> adapters() {
        return adapters;
    }
}
