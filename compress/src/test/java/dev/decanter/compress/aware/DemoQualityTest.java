package dev.decanter.compress.aware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.compress.AwqParameters;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.GptqParameters;
import dev.decanter.compress.GroupSizeFallback;
import dev.decanter.compress.IgnoredScope;
import dev.decanter.compress.LoraCorrectionParameters;
import dev.decanter.compress.ScaleEstimationParameters;
import dev.decanter.compress.statistics.ActivationStatistics;
import dev.decanter.compress.statistics.LayerStatistics;
import dev.decanter.compress.statistics.StagedRun;
import dev.decanter.compress.weights.GroupQuantizer;
import dev.decanter.compress.weights.IgnoredLayers;
import dev.decanter.compress.weights.Insertion;
import dev.decanter.compress.weights.LayerPlan;
import dev.decanter.compress.weights.Selection;
import dev.decanter.compress.weights.WeightConfig;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.compress.weights.WeightedLayers;
import dev.decanter.ir.Model;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the data-aware methods are for: the demo model's answers to held-out questions stay nearer to those of the float
 * model than with formulas alone, at the same size. Calibrated on conversations of the training's kind.
 */
class DemoQualityTest {
    private static DemoModel demo;
    private static ActivationStatistics statistics;

    @BeforeAll
    static void export(@TempDir Path folder) {
        demo = new DemoModel(folder, 40);
        Model model = demo.model();
        statistics = ActivationStatistics.collect(
                model, WeightedLayers.find(model), demo.calibration(), StagedRun.Settings.defaults());
    }

    /** The divergence after 4-bit compression with a group size of 64. */
    private static double divergence(CompressionMode mode, Consumer<DataAwareStages> method) {
        return divergence(demo.model(), statistics, mode, method);
    }

    private static Selection selection(Model model, CompressionMode mode) {
        return Selection.of(
                model,
                new Selection.Request(
                        new WeightConfig(mode, 64),
                        Optional.of(new WeightConfig(CompressionMode.INT8_ASYM, -1)),
                        false,
                        GroupSizeFallback.ERROR),
                new IgnoredLayers(model, IgnoredScope.NONE));
    }

    private static double divergence(
            Model model, ActivationStatistics statistics, CompressionMode mode, Consumer<DataAwareStages> method) {
        DataAwareStages stages = new DataAwareStages(
                model, selection(model, mode).plans(), Optional.of(statistics), CompressionListener.NONE);
        method.accept(stages);
        stages.plans().stream().filter(plan -> plan.parameters().isPresent()).forEach(DemoQualityTest::checkScales);
        Insertion insertion = new Insertion(model);
        stages.plans().stream().filter(plan -> plan.config().isPresent()).forEach(insertion::insert);
        model.removeDead();
        return demo.divergence(model);
    }

    private static void checkScales(LayerPlan plan) {
        for (float scale : plan.parameters().orElseThrow().scales()) {
            assertThat(Float.isFinite(scale) && scale != 0).isTrue();
        }
    }

    @Test
    void everyMethodBringsInt4Nearer() {
        double plain = divergence(CompressionMode.INT4_SYM, _ -> {});
        double nncf = divergence(CompressionMode.INT4_SYM, stages -> stages.awq(AwqParameters.NNCF));
        double awq = divergence(CompressionMode.INT4_SYM, DemoQualityTest::awq);
        double estimated = divergence(
                CompressionMode.INT4_SYM, stages -> stages.scaleEstimation(ScaleEstimationParameters.DEFAULT));
        double gptq = divergence(CompressionMode.INT4_SYM, DemoQualityTest::gptq);
        double lora =
                divergence(CompressionMode.INT4_SYM, stages -> stages.loraCorrection(LoraCorrectionParameters.DEFAULT));
        assertThat(plain).isBetween(0.005, 0.1);
        // One group of eight in one of seven matrices is all that NNCF's defaults touch in so narrow a model.
        assertThat(nncf).isLessThan(plain);
        assertThat(awq).isLessThan(0.85 * plain);
        assertThat(estimated).isLessThan(0.93 * plain);
        assertThat(gptq).isLessThan(0.6 * plain);
        assertThat(lora).isLessThan(0.8 * plain);
    }

    @Test
    void activationAwareScalingBringsZeroPointsNearer() {
        double plain = divergence(CompressionMode.INT4_ASYM, _ -> {});
        assertThat(divergence(CompressionMode.INT4_ASYM, DemoQualityTest::awq)).isLessThan(0.9 * plain);
    }

    private static void awq(DataAwareStages stages) {
        stages.awq(AwqParameters.DEFAULT, true, demo.calibration(), StagedRun.Settings.defaults());
    }

    /**
     * Large models have channels whose activations are many times as large as the others'; this small one has none, so they
     * are made: the same function, with the largest channel into each down projection 64 times as large and its weights as
     * much smaller. Formulas alone round those weights to nothing.
     */
    @Test
    void activationAwareScalingSavesOutliers() {
        Model planted = planted();
        assertThat(demo.divergence(planted)).isLessThan(1e-5);
        ActivationStatistics seen = ActivationStatistics.collect(
                planted, WeightedLayers.find(planted), demo.calibration(), StagedRun.Settings.defaults());
        for (CompressionMode mode : List.of(CompressionMode.INT4_SYM, CompressionMode.INT4_ASYM)) {
            double plain = divergence(planted(), seen, mode, _ -> {});
            double nncf = divergence(planted(), seen, mode, stages -> stages.awq(AwqParameters.NNCF));
            assertThat(nncf).as(mode.label()).isLessThan(0.3 * plain);
            double awq = divergence(planted(), seen, mode, DemoQualityTest::awq);
            assertThat(awq).as(mode.label()).isLessThan(0.15 * plain);
        }
    }

    private static Model planted() {
        Model model = demo.model();
        for (AwqTargets.Target target :
                AwqTargets.find(selection(model, CompressionMode.INT4_SYM).plans())) {
            WeightedLayer layer = target.plan().layer();
            float[] larger = new float[layer.layout().columns()];
            Arrays.fill(larger, 1);
            larger[largestChannel(statistics.find(layer).orElseThrow())] = 64;
            float[] smaller = larger.clone();
            for (int i = 0; i < smaller.length; i++) {
                smaller[i] = 1 / larger[i];
            }
            WeightedLayer producer = target.producer().orElseThrow();
            ScaledWeight.rows(producer, larger).replace(producer);
            ScaledWeight.columns(layer, smaller).replace(layer);
        }
        return model;
    }

    private static int largestChannel(LayerStatistics statistics) {
        int best = 0;
        for (int i = 0; i < statistics.means().length; i++) {
            if (Math.abs(statistics.means()[i]) > Math.abs(statistics.means()[best])) {
                best = i;
            }
        }
        return best / statistics.samples();
    }

    @Test
    void normalQuantilesAreNearerThanInt4() {
        assertThat(divergence(CompressionMode.NF4, _ -> {})).isLessThan(divergence(CompressionMode.INT4_SYM, _ -> {}));
    }

    private static void gptq(DataAwareStages stages) {
        stages.gptq(GptqParameters.DEFAULT, false, demo.calibration(), StagedRun.Settings.defaults());
        // What was left in the model quantizes to itself.
        for (LayerPlan plan : stages.plans()) {
            if (plan.parameters().isPresent()) {
                float[] w = plan.layer().matrix().all();
                int rows = plan.layer().layout().rows();
                WeightConfig config = plan.config().orElseThrow();
                float[] again = new float[w.length];
                byte[] codes = GroupQuantizer.codes(
                        w, rows, w.length / rows, config, plan.parameters().get());
                GroupQuantizer.dequantize(
                        codes, rows, w.length / rows, config, plan.parameters().get(), again);
                for (int i = 0; i < w.length; i++) {
                    assertThat(again[i]).isCloseTo(w[i], within(1e-3f * Math.abs(w[i])));
                }
            }
        }
    }
}
