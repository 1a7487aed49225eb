package dev.decanter.genai;

import dev.decanter.genai.lm.SharedModel;
import dev.decanter.runtime.Core;
import dev.decanter.tokenizers.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A smaller model that guesses tokens for the one of an {@link LLMPipeline} to check, several in one step (speculative
 * decoding). It must have the same tokenizer, and pays off if it is several times quicker and often right.
 *
 * @param folder an IR folder
 * @param device a device of the core, or {@link Core#AUTO}
 * @param properties compile properties of the device
 */
public record DraftModel(Path folder, String device, Map<String, String> properties) {
    public DraftModel {
        properties = Map.copyOf(properties);
    }

    /** With every property at its default. */
    public DraftModel(Path folder, String device) {
        this(folder, device, Map.of());
    }

    /**
     * Loads it.
     *
     * @param tokenizer of the model that it drafts for
     * @throws GenerationException if the folder does not hold a language model, or one of another vocabulary
     */
    SharedModel load(Core core, Path other, Optional<Tokenizer> tokenizer) {
        ModelFolder files = new ModelFolder(folder);
        if (tokenizer.isPresent() && files.hasTokenizer()) {
            try (Tokenizer own = Tokenizer.load(folder, core)) {
                compare(own.vocabulary(), other, tokenizer.get().vocabulary());
            }
        }
        return SharedModel.load(files.model(), List.of(), core, device, properties);
    }

    /** The end may differ: families pad their vocabularies by model. */
    private void compare(List<String> own, Path other, List<String> checked) {
        for (int id = 0; id < Math.min(own.size(), checked.size()); id++) {
            if (!own.get(id).equals(checked.get(id))) {
                throw new GenerationException(
                        folder + ": cannot draft for " + other + ", it has another tokenizer: token "
                                + id + " is \"" + own.get(id) + "\" in the one and \"" + checked.get(id)
                                + "\" in the other; take a smaller model of the same family");
            }
        }
    }
}
