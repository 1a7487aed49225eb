package dev.decanter.cli;

import dev.decanter.genai.DraftModel;
import dev.decanter.genai.LLMPipeline;
import dev.decanter.genai.LLMPipelineBuilder;
import dev.decanter.genai.LoraAdapter;
import dev.decanter.runtime.Core;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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

    @Option(
            names = "--cache-dir",
            paramLabel = "DIR",
            description = "Keep the re-laid weights there and start faster next time; takes about as much disk as the"
                    + " model. The same as --property CACHE_DIR=DIR.")
    Optional<Path> cacheDir = Optional.empty();

    @Option(
            names = "--lora",
            paramLabel = "DIR[:ALPHA]",
            description = "A LoRA adapter's folder, and how strong it is (1 as trained); can be repeated.")
    List<String> lora = new ArrayList<>();

    LLMPipeline load(BaseCommand command) {
        return load(command, Optional.empty());
    }

    LLMPipeline load(BaseCommand command, Optional<DraftModel> draft) {
        Path folder = new ModelFolders(command).language(model);
        cacheDir.ifPresent(dir -> properties.put("CACHE_DIR", dir.toString()));
        LLMPipelineBuilder builder = LLMPipeline.builder(folder).device(device).properties(properties);
        draft.ifPresent(builder::draftModel);
        for (String adapter : lora) {
            builder.adapter(adapter(adapter));
        }
        return builder.build();
    }

    /** {@code DIR[:ALPHA]}; a colon before anything but a number belongs to the folder's name. */
    static LoraAdapter adapter(String text) {
        int colon = text.lastIndexOf(':');
        try {
            if (colon > 0) {
                return new LoraAdapter(Path.of(text.substring(0, colon)), Float.parseFloat(text.substring(colon + 1)));
            }
        } catch (NumberFormatException e) {
            return new LoraAdapter(Path.of(text));
        }
        return new LoraAdapter(Path.of(text));
    }
}
