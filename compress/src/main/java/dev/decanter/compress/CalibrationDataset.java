package dev.decanter.compress;

import dev.decanter.compress.data.GeneratedSamples;
import dev.decanter.compress.data.TextSamples;
import dev.decanter.compress.ptq.ImageFolder;
import dev.decanter.compress.ptq.NumpyFolder;
import dev.decanter.compress.statistics.SampleInputs;
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
     * {@code samples} with a tensor for each input of {@code model}: those that a sample does not name get what belongs to a text that
     * starts on an empty cache, such as {@code attention_mask} of ones and {@code position_ids} that count.
     *
     * @return the samples; each throws {@link CompressionException} when it is asked for if it lacks another input
     */
    static CalibrationDataset completed(CalibrationDataset samples, Model model) {
        return SampleInputs.completed(samples, model);
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

    /**
     * Arrays of a folder of NumPy's {@code .npy} files (f16, f32, i32 or i64; C order), a sample each. They lie in one folder for each
     * input ({@code input_ids/0001.npy}), in one folder for each sample ({@code 0001/input_ids.npy}), or side by side
     * ({@code 0001.input_ids.npy}; any name if the model has one input). f16 becomes f32 and i32 becomes i64 where the input
     * takes that.
     *
     * @param model whose inputs the arrays are for
     * @return samples in the order of their names; a file is read when its sample is
     * @throws CompressionException naming the file if an array is missing, has another type or shape, or is no such file; for
     *     what is in the files, when the sample is read
     */
    static CalibrationDataset numpy(Path folder, Model model) {
        return NumpyFolder.of(folder, model);
    }

    /**
     * Images (PNG or JPEG) of a folder, made into a vision model's input as the model's {@code preprocessor_config.json} says:
     * resized with Pillow's filters, cropped, rescaled and normalised.
     *
     * @param modelFolder has {@code preprocessor_config.json}
     * @param model with one input, f32 [N, 3, H, W] or [N, H, W, 3]
     * @return samples in the order of the files' names; an image is read when its sample is
     * @throws CompressionException naming the file if there are no images, one cannot be read or does not fit
     */
    static CalibrationDataset images(Path folder, Path modelFolder, Model model) {
        return ImageFolder.of(folder, modelFolder, model);
    }
}
