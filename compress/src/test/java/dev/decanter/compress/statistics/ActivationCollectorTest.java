package dev.decanter.compress.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.SensitivityMetric;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.compress.weights.WeightedLayers;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Against {@code nncf-collectors.json}: random inputs and what NNCF 3.1 makes of them with its NumPy tensors, namely
 * {@code MeanVarianceReducer}, {@code MaxVarianceReducer} and {@code MeanAbsMaxReducer} over axis −2 with {@code MeanAggregator},
 * {@code HAWQAggregator}, {@code MeanReducer}, and {@code GPTQ._calculate_hessian}.
 */
class ActivationCollectorTest {
    private static final double CLOSE = 2e-6;

    private static JsonNode golden(String name) {
        try (InputStream in = ActivationCollectorTest.class.getResourceAsStream("nncf-collectors.json")) {
            return JsonMapper.builder().build().readTree(in).path(name);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void flatten(JsonNode node, List<Float> out) {
        if (node.isArray()) {
            node.forEach(child -> flatten(child, out));
        } else {
            out.add(node.floatValue());
        }
    }

    private static float[] floats(JsonNode node) {
        List<Float> all = new ArrayList<>();
        flatten(node, all);
        float[] out = new float[all.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = all.get(i);
        }
        return out;
    }

    private static Tensor tensor(JsonNode node) {
        List<Long> dims = new ArrayList<>();
        for (JsonNode at = node; at.isArray(); at = at.path(0)) {
            dims.add((long) at.size());
        }
        return Tensor.ofFloats(Shape.of(dims.stream().mapToLong(d -> d).toArray()), floats(node));
    }

    /** The input of a MatMul whose weight has the given rank, transposed or not. */
    static ActivationInput input(int weightRank, int channels, boolean transposed) {
        PartialShape shape = PartialShape.ofRank(3);
        Node x = Node.of(
                new Op.Parameter(ElementType.F32, shape),
                "x",
                List.of(),
                List.of(new OutputSpec(ElementType.F32, shape)));
        Shape weights = weightRank == 2 ? Shape.of(5, channels) : Shape.of(3, 5, channels);
        Node w = Constants.numbers(ElementType.F32, "w", weights, new double[(int) weights.elements()]);
        Node product = Node.of(new NeuralOp.MatMul(transposed, true), "product", x.output(), w.output());
        Node end = Node.of(new Op.Result(), "end", product.output());
        List<WeightedLayer> layers = WeightedLayers.find(new Model("m", List.of(x), List.of(end), List.of()));
        return ActivationInput.of(layers).getFirst();
    }

    @ParameterizedTest
    @CsvSource({"texts, 2, 1", "batches, 2, 1", "rows, 2, 1", "experts, 3, 3"})
    void givesWhatNncfGives(String name, int weightRank, int batch) {
        JsonNode golden = golden(name);
        JsonNode inputs = golden.path("inputs");
        int channels = (int) tensor(inputs.path(0)).shape().dim(-1);
        ActivationCollector collector = new ActivationCollector(input(weightRank, channels, false), true);
        for (int i = 0; i < inputs.size(); i++) {
            collector.sample(i, tensor(inputs.path(i)));
        }
        LayerStatistics found = collector.statistics();

        assertThat(found.batch()).isEqualTo(batch);
        assertThat(found.channels()).isEqualTo(channels);
        assertThat(found.samples()).isEqualTo(inputs.size());
        near(found.activationScore(SensitivityMetric.MEAN_ACTIVATION_VARIANCE), golden.path("mean_variance"));
        near(found.activationScore(SensitivityMetric.MAX_ACTIVATION_VARIANCE), golden.path("max_variance"));
        near(found.activationScore(SensitivityMetric.MEAN_ACTIVATION_MAGNITUDE), golden.path("mean_magnitude"));
        near(found.activationScore(SensitivityMetric.HESSIAN_INPUT_ACTIVATION), golden.path("hessian_trace"));
        assertThat(found.activationScore(SensitivityMetric.WEIGHT_QUANTIZATION_ERROR))
                .isEqualTo(1);
        for (int s = 0; s < inputs.size(); s++) {
            float[] mean = floats(golden.path("means").path(s));
            assertThat(mean).hasSize(batch * channels);
            for (int c = 0; c < mean.length; c++) {
                assertThat(found.means()[c * inputs.size() + s]).isCloseTo(mean[c], within(2e-6f));
            }
            assertThat(found.lengths()[s])
                    .isEqualTo(tensor(inputs.path(s)).shape().elements() / channels);
        }
        float[] hessian = floats(golden.path("hessian"));
        assertThat(found.hessian().orElseThrow()).hasSize(hessian.length);
        for (int i = 0; i < hessian.length; i++) {
            assertThat(found.hessian().orElseThrow()[i]).isCloseTo(hessian[i], within(1e-4f));
        }
    }

    private static void near(double found, JsonNode golden) {
        assertThat(found).isCloseTo(golden.doubleValue(), within(CLOSE * golden.doubleValue()));
    }

    @Test
    void aTransposedInputHasTheSameStatistics() {
        Tensor rows = Tensor.ofFloats(Shape.of(1, 2, 3), 1, 2, 3, 4, 5, 7);
        Tensor columns = Tensor.ofFloats(Shape.of(1, 3, 2), 1, 4, 2, 5, 3, 7);
        ActivationCollector plain = new ActivationCollector(input(2, 3, false), true);
        plain.sample(0, rows);
        ActivationCollector transposed = new ActivationCollector(input(2, 3, true), true);
        transposed.sample(0, columns);

        assertThat(transposed.statistics().means())
                .containsExactly(plain.statistics().means())
                .containsExactly(2.5f, 3.5f, 5f);
        assertThat(transposed.statistics().hessian().orElseThrow())
                .containsExactly(plain.statistics().hessian().orElseThrow());
    }

    @Test
    void manyRowsAreAddedUp() {
        int channels = 33;
        int tokens = 700;
        java.util.Random random = new java.util.Random(3);
        float[] x = new float[tokens * channels];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextInt(-4, 5);
        }
        Gram gram = new Gram(channels);
        gram.add(x, 0, 300);
        gram.add(x, 300, 400);
        float[] sum = gram.finish(0.5f);
        for (int i = 0; i < channels; i++) {
            for (int j = 0; j < channels; j++) {
                double expected = 0;
                for (int t = 0; t < tokens; t++) {
                    expected += x[t * channels + i] * x[t * channels + j];
                }
                // whole numbers: exact in f32
                assertThat(sum[i * channels + j]).isEqualTo((float) (expected / 2));
            }
        }
    }

    @Test
    void theScoreOfAnF16WeightHasItsEpsilon() {
        ActivationCollector collector = new ActivationCollector(input(2, 3, false), false);
        collector.sample(0, Tensor.ofFloats(Shape.of(1, 2, 3), 1, 2, 3, 4, 5, 7));
        LayerStatistics statistics = collector.statistics();
        double magnitude = (4 + 5 + 7) / 3.0;

        double f32 =
                SensitivityScore.of(SensitivityMetric.MEAN_ACTIVATION_MAGNITUDE, 1e-3, ElementType.F32, statistics);
        double f16 =
                SensitivityScore.of(SensitivityMetric.MEAN_ACTIVATION_MAGNITUDE, 1e-3, ElementType.F16, statistics);

        assertThat(f32).isCloseTo(magnitude / (1e-3 + 1.1920929e-7), within(1e-3));
        assertThat(f16).isCloseTo(magnitude / (1e-3 + 0.0009765625), within(1e-3));
    }

    @Test
    void anEmptyInputOrOneOfAnotherWidthIsRefused() {
        ActivationCollector collector = new ActivationCollector(input(2, 3, false), false);
        assertThatThrownBy(() -> collector.sample(0, Tensor.ofFloats(Shape.of(1, 0, 3))))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("layer \"product\" is empty");
        collector.sample(0, Tensor.ofFloats(Shape.of(1, 1, 3), 1, 2, 3));
        assertThatThrownBy(() -> collector.sample(1, Tensor.ofFloats(Shape.of(1, 1, 2), 1, 2)))
                .isInstanceOf(CompressionException.class)
                .hasMessageContaining("has 2 channels and not 3 for sample 1");
    }
}
