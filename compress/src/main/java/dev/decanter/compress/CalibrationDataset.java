package dev.decanter.compress;

import dev.decanter.compress.data.GeneratedSamples;
import dev.decanter.compress.data.TextSamples;
import dev.decanter.ir.Model;
import dev.decanter.runtime.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Samples that a model is run on to see its activations. */
public interface CalibrationDataset {
    /** The number of samples. */
    int size();

    /** Sample {@code i}: tensors by the model's input names; inputs that a sample does not name are the pipeline's own. */
    Map<String, Tensor> sample(int i);

    /** A dataset of samples that are there already. */
    static CalibrationDataset of(List<Map<String, Tensor>> samples) {
        List<Map<String, Tensor>> copy = samples.stream().map(Map::copyOf).toList();
        return new CalibrationDataset() {
            @Override
            public int size() {
                return copy.size();
            }

            @Override
            public Map<String, Tensor> sample(int i) {
                return copy.get(i);
            }
        };
    }

    /**
     * Texts of a file for a language model. Plain text is one stream of tokens of which random windows are drawn, or paragraphs if
     * the options say so. In files called {@code .jsonl}, {@code .ndjson} or {@code .json}, each entry is a sample: a string, an
     * object with {@code text}, or one with {@code messages} (and {@code tools}) for the chat template.
     *
     * @param modelFolder has the tokenizer, and the chat template if there are messages
     * @param file UTF-8, up to 64 MB
     * @return samples with {@code input_ids}, the same for the same seed
     * @throws CompressionException naming the file if it cannot be read, has an entry of another form, or has less text than the
     *     options ask for
     */
    static CalibrationDataset text(Path modelFolder, Path file, CalibrationOptions options) {
        return TextSamples.of(modelFolder, file, options);
    }

    /**
     * Texts that the language model of a folder makes itself, beginning with tokens spread over its vocabulary, as NNCF's
     * {@code generate_text_data} does.
     *
     * @param modelFolder an exported model with its tokenizer and detokenizer
     * @param listener is told how many there are; may throw to cancel
     * @return samples with {@code input_ids}, the same for the same seed on the same machine
     * @throws CompressionException if the folder has no tokenizer, or the model does not make enough texts of some variety
     */
    static CalibrationDataset generated(Path modelFolder, CalibrationOptions options, CompressionListener listener) {
        return GeneratedSamples.of(modelFolder, options, listener);
    }

    /**
     * As {@link #generated(Path, CalibrationOptions, CompressionListener)}, with a model that is in memory only, in the midst of an
     * export for example.
     *
     * @param modelFolder has the tokenizer and detokenizer, and {@code generation_config.json} if there is one
     * @param model is not changed; all of it is compiled, so its weights are in memory at once while it generates
     */
    static CalibrationDataset generated(
            Path modelFolder, Model model, CalibrationOptions options, CompressionListener listener) {
        return GeneratedSamples.of(modelFolder, model, options, listener);
    }
}
