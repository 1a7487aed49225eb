package dev.decanter.cli;

import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.CompressionReport;
import dev.decanter.compress.WeightCompression;
import dev.decanter.compress.presets.Presets;
import dev.decanter.export.ModelTransform;
import dev.decanter.ir.Model;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Compresses the weights of a model that an export builds or an IR file holds. */
final class WeightCompressor implements ModelTransform {
    private final CompressionSettings settings;
    private final String format;
    private final ProgressBar progress;
    private final Consumer<CompressionReport> told;

    /**
     * A compressor.
     *
     * @param format what the user called it
     * @param told gets the report before anything is written
     */
    WeightCompressor(
            CompressionSettings settings, String format, ProgressBar progress, Consumer<CompressionReport> told) {
        this.settings = settings;
        this.format = format;
        this.progress = progress;
        this.told = told;
    }

    /** What models of a billion parameters and more get unless another format is asked for: int8, as with Optimum-Intel. */
    static WeightCompressor ofLargeModels(String model, ProgressBar progress, Consumer<CompressionReport> told) {
        CompressionOptions none = new CompressionOptions();
        CompressionSettings settings = Presets.int8(model)
                .map(preset -> none.settings(preset.settings()))
                .orElseGet(() -> none.settings(CompressionMode.INT8_ASYM));
        return new WeightCompressor(settings, "int8", progress, told);
    }

    @Override
    public String weightFormat() {
        return format;
    }

    /** Compresses, and leaves openvino_config.json in {@code folder}. */
    @Override
    public void apply(Model model, Path folder) {
        compressInto(model, folder);
    }

    /** As {@link #apply}, and says what was done. */
    CompressionReport compressInto(Model model, Path folder) {
        CompressionReport report = compress(model, folder);
        OpenvinoConfig.write(folder, settings.dtype(), settings.json());
        return report;
    }

    /**
     * Compresses.
     *
     * @param folder where the tokenizer is, if text is to calibrate with
     */
    CompressionReport compress(Model model, Path folder) {
        WeightCompression.Builder builder = settings.builder().listener(progress.steps());
        settings.dataset().ifPresent(name -> builder.dataset(settings.samples(name, model, folder, progress.steps())));
        CompressionReport report = builder.build().compress(model);
        told.accept(report);
        settings.dynamicQuantizationGroupSize()
                .ifPresent(size -> model.rtInfo(model.rtInfo()
                        .with(Integer.toString(size), "runtime_options", "DYNAMIC_QUANTIZATION_GROUP_SIZE")));
        return report;
    }
}
