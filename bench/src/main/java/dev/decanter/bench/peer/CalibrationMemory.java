package dev.decanter.bench.peer;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.statistics.ActivationStatistics;
import dev.decanter.compress.statistics.StagedRun;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.compress.weights.WeightedLayers;
import dev.decanter.export.Exporter;
import dev.decanter.export.ModelTransform;
import dev.decanter.export.WeightFormat;
import dev.decanter.ir.Model;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Collects the statistics of a checkpoint's activations over random tokens, in the midst of an export that then ends, and prints time
 * and memory; the anonymous part is what comes on top of mapped files.
 */
public final class CalibrationMemory {
    private static final int VOCABULARY = 30_000;

    private CalibrationMemory() {}

    private static final class Measured extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** Arguments: checkpoint folder, samples, tokens of each, MB of weights in a stage; {@code hessian} for GPTQ's statistics. */
    public static void main(String[] arguments) throws IOException {
        Path never = Files.createTempDirectory("calibration").resolve("out");
        try (AnonymousPeak peak = new AnonymousPeak()) {
            Exporter.builder()
                    .weightFormat(WeightFormat.FP16)
                    .tokenizer((_, _) -> List.of())
                    .transform(new ModelTransform() {
                        @Override
                        public String weightFormat() {
                            return "none";
                        }

                        @Override
                        public void apply(Model model, Path folder) {
                            measure(model, arguments, peak);
                            throw new Measured();
                        }
                    })
                    .build()
                    .export(Path.of(arguments[0]), never);
        } catch (Measured _) {
            Files.delete(never.getParent());
        }
    }

    private static void measure(Model model, String[] arguments, AnonymousPeak peak) {
        Random random = new Random(1);
        int tokens = Integer.parseInt(arguments[2]);
        List<Map<String, Tensor>> samples = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(arguments[1]); i++) {
            long[] ids = random.longs(tokens, 0, VOCABULARY).toArray();
            samples.add(Map.of("input_ids", Tensor.ofLongs(Shape.of(1, tokens), ids)));
        }
        StagedRun.Settings settings = StagedRun.Settings.defaults().withStageBytes(Long.parseLong(arguments[3]) << 20);
        List<WeightedLayer> layers = WeightedLayers.find(model);
        CalibrationDataset dataset = CalibrationDataset.of(samples);
        long start = System.nanoTime();
        if (arguments.length > 4) {
            ActivationStatistics.layerByLayer(model, layers, dataset, settings, (_, _) -> {});
        } else {
            ActivationStatistics.collect(model, layers, dataset, settings);
        }
        System.out.printf(
                "statistics of %d layers over %d samples of %d tokens in %.1f s; peak RssAnon %d MB%n",
                layers.size(), samples.size(), tokens, (System.nanoTime() - start) / 1e9, peak.megabytes());
    }
}
