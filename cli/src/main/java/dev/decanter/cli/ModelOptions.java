package dev.decanter.cli;

import dev.decanter.genai.DraftModel;
import dev.decanter.genai.LLMPipeline;
import dev.decanter.runtime.Core;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The flags of every command that runs a model. */
final class ModelOptions {
    @Option(
            names = {"-m", "--model"},
            required = true,
            paramLabel = "DIR",
            description = "An IR folder, or a Hugging Face folder, which is exported into the cache folder and reused.")
    String model = "";

    @Option(names = "--device", paramLabel = "NAME", description = "CPU, REFERENCE or AUTO (the default).")
    String device = Core.AUTO;

    @Option(
            names = "--property",
            paramLabel = "KEY=VALUE",
            description = "A compile property of the device, see 'decanter devices'; can be repeated.")
    Map<String, String> properties = new LinkedHashMap<>();

    LLMPipeline load(BaseCommand command) {
        return load(command, Optional.empty());
    }

    LLMPipeline load(BaseCommand command, Optional<DraftModel> draft) {
        Path folder = new ModelFolders(command).language(model);
        Core core = Core.create();
        return draft.map(smaller -> new LLMPipeline(folder, core, device, properties, smaller))
                .orElseGet(() -> new LLMPipeline(folder, core, device, properties));
    }
}
