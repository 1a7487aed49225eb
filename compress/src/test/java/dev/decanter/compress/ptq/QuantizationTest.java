package dev.decanter.compress.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionReport;
import dev.decanter.compress.IgnoredScope;
import dev.decanter.compress.Quantization;
import dev.decanter.compress.Quantization.ModelType;
import dev.decanter.compress.Quantization.OverflowFix;
import dev.decanter.compress.Quantization.Preset;
import dev.decanter.compress.RangeEstimator;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QuantizationTest {
    private static final float OUTLIER = 100;
    private static final int SAMPLES = 160;
    private static final Core CORE = Core.create();

    private enum Encoder {
        ALBERT,
        CLIP_TEXT,
        CLIP_VISION;

        Model make(long seed) {
            return switch (this) {
                case ALBERT -> Encoders.albert(seed, OUTLIER);
                case CLIP_TEXT -> Encoders.clipText(seed, OUTLIER);
                case CLIP_VISION -> Encoders.clipVision(seed, OUTLIER);
            };
        }

        List<Map<String, Tensor>> samples(long seed, int count) {
            return this == CLIP_VISION ? Encoders.images(seed, count) : Encoders.texts(seed, count);
        }
    }

    @ParameterizedTest
    @EnumSource
    void smoothQuantSavesWhatOutliersSpoil(Encoder encoder) {
        for (long seed = 1; seed <= 3; seed++) {
            Model model = encoder.make(seed);
            CalibrationDataset calibration = CalibrationDataset.of(encoder.samples(100 + seed, SAMPLES));
            List<Map<String, Tensor>> others = encoder.samples(200 + seed, 4);

            Model smoothed = model.copy();
            transformer(calibration).build().compress(smoothed);
            Model plain = model.copy();
            transformer(calibration).smoothQuantMatmul(-1).build().compress(plain);

            assertThat(similarity(model, smoothed, others))
                    .as("seed %d with SmoothQuant", seed)
                    .isGreaterThan(0.99);
            assertThat(similarity(model, plain, others))
                    .as("seed %d without", seed)
                    .isLessThan(0.97);
        }
    }

    @ParameterizedTest
    @EnumSource
    void bothDevicesRunTheResultAlike(Encoder encoder) {
        Model model = encoder.make(7);
        transformer(CalibrationDataset.of(encoder.samples(8, 16))).build().compress(model);
        for (Map<String, Tensor> sample : encoder.samples(9, 2)) {
            float[] reference = run(model, "REFERENCE", sample);
            float[] cpu = run(model, "CPU", sample);
            assertThat(cosine(reference, cpu)).isGreaterThan(0.9999);
        }
    }

    @Test
    void fullBiasCorrectionKeepsMeansBetterThanNone() {
        Model model = Encoders.albert(3, 1);
        List<Map<String, Tensor>> samples = Encoders.texts(4, 40);
        CalibrationDataset dataset = CalibrationDataset.of(samples);
        Model full = model.copy();
        transformer(dataset).fastBiasCorrection(false).build().compress(full);
        Model fast = model.copy();
        transformer(dataset).build().compress(fast);
        Model none = model.copy();
        transformer(dataset).biasCorrection(false).build().compress(none);

        List<String> biases = biasesOf(model);
        assertThat(biasesOf(none)).isEqualTo(biases);
        assertThat(biasesOf(fast)).isNotEqualTo(biases);
        assertThat(biasesOf(full)).isNotEqualTo(biases).isNotEqualTo(biasesOf(fast));
        assertThat(similarity(model, full, samples)).isGreaterThan(0.995);
    }

    @Test
    void convolutionsAreSmoothedWhenAsked() {
        for (long seed = 1; seed <= 3; seed++) {
            Model model = Encoders.convolutions(seed, OUTLIER);
            CalibrationDataset dataset = CalibrationDataset.of(Encoders.images(seed + 10, 3));
            List<Map<String, Tensor>> others = Encoders.images(seed + 20, 1);
            Model smoothed = model.copy();
            transformer(dataset).smoothQuantConvolution(0.5).build().compress(smoothed);
            Model plain = model.copy();
            transformer(dataset).build().compress(plain);
            assertThat(names(smoothed)).contains("relu_0_0/nncf_smooth_quant");
            assertThat(names(plain)).noneMatch(n -> n.contains("smooth_quant"));
            assertThat(similarity(model, smoothed, others)).isGreaterThan(0.999);
            assertThat(similarity(model, plain, others)).isLessThan(0.97);
        }
    }

    @Test
    void overflowFixHalvesTheCodesItIsFor() {
        CalibrationDataset dataset = CalibrationDataset.of(Encoders.images(1, 2));
        assertThat(greatestCodes(OverflowFix.FIRST_LAYER, dataset))
                .hasEntrySatisfying("first", QuantizationTest::half)
                .containsEntry("second", 127);
        assertThat(greatestCodes(OverflowFix.ENABLE, dataset))
                .hasEntrySatisfying("first", QuantizationTest::half)
                .hasEntrySatisfying("second", QuantizationTest::half);
        assertThat(greatestCodes(OverflowFix.DISABLE, dataset)).isEqualTo(Map.of("first", 127, "second", 127));
    }

    /** The greatest weight lies between two codes, 63 and 64. */
    private static void half(int code) {
        assertThat(code).isBetween(63, 64);
    }

    private static Map<String, Integer> greatestCodes(OverflowFix fix, CalibrationDataset dataset) {
        Model model = Encoders.convolutions(1, 1);
        Quantization.builder().overflowFix(fix).dataset(dataset).build().compress(model);
        return model.topologicalOrder().stream()
                .filter(n -> n.op() instanceof Op.Constant c && c.elementType() == ElementType.I8)
                .collect(Collectors.toMap(n -> n.name().replace(".weight", ""), n -> {
                    Op.Constant codes = (Op.Constant) n.op();
                    int greatest = 0;
                    for (byte code : codes.data().segment().toArray(ValueLayout.JAVA_BYTE)) {
                        greatest = Math.max(greatest, Math.abs(code));
                    }
                    return greatest;
                }));
    }

    @Test
    void presetsAndEstimatorsDecideTheRanges() {
        CalibrationDataset dataset = CalibrationDataset.of(Encoders.texts(1, 6));
        double[] mixed = limits(dataset, Preset.MIXED, RangeEstimator.MEAN_MIN_MAX);
        double[] symmetric = limits(dataset, Preset.PERFORMANCE, RangeEstimator.MEAN_MIN_MAX);
        double[] widest = limits(dataset, Preset.MIXED, RangeEstimator.MIN_MAX);
        double[] narrow = limits(dataset, Preset.MIXED, RangeEstimator.percentile(0.1));
        assertThat(symmetric[0]).isCloseTo(-symmetric[1] * 256 / 254, offset(1e-5));
        assertThat(mixed[0]).isNotCloseTo(-mixed[1] * 256 / 254, offset(1e-3));
        // zero is one of the 256 values
        double zero = -mixed[0] / (mixed[1] - mixed[0]) * 255;
        assertThat(zero).isCloseTo(Math.rint(zero), offset(1e-3));
        assertThat(widest[1]).isGreaterThan(mixed[1]);
        assertThat(narrow[1]).isLessThan(mixed[1] * 0.6);
    }

    private static double[] limits(CalibrationDataset dataset, Preset preset, RangeEstimator estimator) {
        Model model = Encoders.albert(2, 1);
        transformer(dataset).preset(preset).activationRange(estimator).build().compress(model);
        Node quantizer = model.topologicalOrder().stream()
                .filter(n -> n.name().equals("layer.0/ffn/MatMul/fq_input_0"))
                .findFirst()
                .orElseThrow();
        assertThat(quantizer.op()).isEqualTo(new NeuralOp.FakeQuantize(256, AutoBroadcast.NUMPY));
        return new double[] {
            Constants.number(quantizer.input(1)).orElseThrow(),
            Constants.number(quantizer.input(2)).orElseThrow()
        };
    }

    @Test
    void ignoredLayersStayFloat() {
        Model model = Encoders.albert(2, 1);
        CompressionReport report = transformer(CalibrationDataset.of(Encoders.texts(1, 2)))
                .ignoredScope(IgnoredScope.ofNames("layer.1/ffn/MatMul"))
                .build()
                .compress(model);
        Node ignored = model.topologicalOrder().stream()
                .filter(n -> n.name().equals("layer.1/ffn/MatMul"))
                .findFirst()
                .orElseThrow();
        assertThat(ignored.input(0).node().op()).isNotInstanceOf(NeuralOp.FakeQuantize.class);
        assertThat(ignored.input(1).node().op()).isInstanceOf(Op.Constant.class);
        assertThat(report.layers()).hasSize(9).allMatch(l -> l.bits() == 8);
        assertThat(report.table().toString()).contains("int8_sym, per-channel     │ 100% (9 / 9)");
    }

    /** A pattern is matched at the beginning of a name, not somewhere in it, and need not reach its end. */
    @Test
    void ignoredPatternsSayHowNamesBegin() {
        Model model = Encoders.albert(2, 1);
        CompressionReport report = transformer(CalibrationDataset.of(Encoders.texts(1, 2)))
                .ignoredScope(new IgnoredScope(List.of(), List.of("layer\\.1/ffn"), List.of()))
                .build()
                .compress(model);
        assertThat(report.layers()).isNotEmpty().noneMatch(l -> l.layer().startsWith("layer.1/ffn"));
        assertThat(report.layers()).anyMatch(l -> l.layer().startsWith("layer.0/ffn"));
        assertThatThrownBy(() -> transformer(CalibrationDataset.of(Encoders.texts(1, 1)))
                        .ignoredScope(new IgnoredScope(List.of(), List.of("1/ffn"), List.of()))
                        .build()
                        .compress(Encoders.albert(2, 1)))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("\"1/ffn\"");
    }

    @Test
    void rtInfoSaysWhatWasDone() {
        Model model = Encoders.albert(2, 1);
        transformer(CalibrationDataset.of(Encoders.texts(1, 2))).build().compress(model);
        assertThat(model.rtInfo().text("nncf", "quantization", "preset")).contains("mixed");
        assertThat(model.rtInfo().text("nncf", "quantization", "model_type")).contains("transformer");
        assertThat(model.rtInfo().text("nncf", "quantization", "subset_size")).contains("300");
        assertThat(model.rtInfo()
                        .text("nncf", "quantization", "advanced_parameters")
                        .orElseThrow())
                .contains("'smooth_quant_alphas': {'convolution': -1, 'matmul': 0.95}");
    }

    @Test
    void refusesWhatDoesNotGoTogether() {
        CalibrationDataset dataset = CalibrationDataset.of(Encoders.texts(1, 1));
        refused(Quantization.builder(), "--dataset");
        refused(Quantization.builder().dataset(dataset).subsetSize(0), "--subset-size 0");
        refused(Quantization.builder().dataset(dataset).smoothQuantMatmul(0.5), "--smooth-quant-alpha", "--model-type");
        refused(transformer(dataset).smoothQuantMatmul(1.5), "--smooth-quant-alpha 1.5");
        refused(transformer(dataset).biasCorrection(false).fastBiasCorrection(true), "--fast-bias-correction");
        refused(transformer(dataset).weightRange(RangeEstimator.MEAN_MIN_MAX), "min-max or a percentile");
        assertThatThrownBy(() -> RangeEstimator.percentile(0.5)).isInstanceOf(CompressionException.class);
    }

    private static void refused(Quantization.Builder builder, String... parts) {
        assertThatThrownBy(builder::build)
                .isInstanceOf(CompressionException.class)
                .hasMessageContainingAll(parts);
    }

    @Test
    void refusesModelsAndSamplesThatDoNotFit() {
        Quantization quantization =
                transformer(CalibrationDataset.of(Encoders.texts(1, 1))).build();
        Model model = Encoders.albert(2, 1);
        quantization.compress(model);
        assertThatThrownBy(() -> quantization.compress(model))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("quantize the float model");
        assertThatThrownBy(() -> quantization.compress(Encoders.clipVision(1, 1)))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("\"input_ids\", which the model has not");
        assertThatThrownBy(() ->
                        transformer(CalibrationDataset.of(List.of())).build().compress(Encoders.albert(1, 1)))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("no samples");
        assertThatThrownBy(() -> transformer(CalibrationDataset.of(Encoders.texts(1, 1)))
                        .ignoredScope(IgnoredScope.ofNames("nothing"))
                        .build()
                        .compress(Encoders.albert(1, 1)))
                .isInstanceOf(CompressionException.class)
                .hasMessageContainingAll("--ignored-scope", "\"nothing\"");
    }

    private static Quantization.Builder transformer(CalibrationDataset dataset) {
        return Quantization.builder()
                .modelType(ModelType.TRANSFORMER)
                .core(CORE)
                .overflowFix(OverflowFix.DISABLE)
                .dataset(dataset);
    }

    private static Set<String> names(Model model) {
        return model.topologicalOrder().stream().map(Node::name).collect(Collectors.toSet());
    }

    private static List<String> biasesOf(Model model) {
        return model.topologicalOrder().stream()
                .filter(n -> n.op() instanceof Op.Constant && n.name().endsWith(".bias"))
                .map(n -> Arrays.toString(Constants.numbers(n.output()).orElseThrow()))
                .toList();
    }

    /** The least cosine of two models' outputs over samples. */
    private static double similarity(Model expected, Model actual, List<Map<String, Tensor>> samples) {
        double least = 1;
        for (Map<String, Tensor> sample : samples) {
            least = Math.min(least, cosine(run(expected, "AUTO", sample), run(actual, "AUTO", sample)));
        }
        return least;
    }

    private static float[] run(Model model, String device, Map<String, Tensor> sample) {
        try (CompiledModel compiled = CORE.compileModel(model, device);
                InferRequest request = compiled.createInferRequest()) {
            sample.forEach(request::setTensor);
            request.infer();
            return request.outputs().getFirst().toFloats();
        }
    }

    private static double cosine(float[] a, float[] b) {
        double product = 0;
        double squareA = 0;
        double squareB = 0;
        for (int i = 0; i < a.length; i++) {
            product += (double) a[i] * b[i];
            squareA += (double) a[i] * a[i];
            squareB += (double) b[i] * b[i];
        }
        return product / Math.sqrt(squareA * squareB);
    }
}
