package dev.decanter.compress.aware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.GptqParameters;
import dev.decanter.compress.statistics.StagedRun;
import dev.decanter.compress.weights.LayerPlan;
import dev.decanter.compress.weights.WeightConfig;
import dev.decanter.compress.weights.WeightedLayers;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** GPTQ where stacked experts and a weight of two dimensions read the same value. */
class GptqExpertsTest {
    private static final int EXPERTS = 3;
    private static final int ROWS = 10;
    private static final int COLUMNS = 32;

    private static Node product(Output x, String name, int seed, long... dims) {
        Shape shape = Shape.of(dims);
        float[] values = new Golden.Numbers(seed).normal((int) shape.elements());
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        Output w = Constants.numbers(ElementType.F32, name + ".weight", shape, wide)
                .output();
        return Node.of(new NeuralOp.MatMul(false, true), name, x, w);
    }

    /** What becomes of the weights, by name of the layer. */
    private static Map<String, float[]> quantized(boolean whole, boolean stacked, boolean estimate) {
        Node x = Node.of(new Op.Parameter(ElementType.F32, PartialShape.of(EXPERTS, -1, COLUMNS)), "x");
        List<Node> results = new ArrayList<>();
        if (stacked) {
            Node y = product(x.output(), "experts", 3, EXPERTS, ROWS, COLUMNS);
            results.add(Node.of(new Op.Result(List.of("a")), "a", y.output()));
        }
        if (whole) {
            Node y = product(x.output(), "whole", 4, ROWS, COLUMNS);
            results.add(Node.of(new Op.Result(List.of("b")), "b", y.output()));
        }
        Model model = new Model("test", List.of(x), results, List.of());
        List<LayerPlan> plans = WeightedLayers.find(model).stream()
                .map(layer -> new LayerPlan(layer, Optional.of(new WeightConfig(CompressionMode.INT4_SYM, 16)), true))
                .toList();
        CalibrationDataset samples = CalibrationDataset.of(Stream.of(7, 8, 9, 10)
                .map(seed -> Map.of(
                        "x",
                        Tensor.ofFloats(
                                Shape.of(EXPERTS, 20, COLUMNS),
                                new Golden.Numbers(seed).normal(EXPERTS * 20 * COLUMNS))))
                .toList());
        DataAwareStages stages = new DataAwareStages(model, plans, Optional.empty(), CompressionListener.NONE);
        stages.gptq(
                GptqParameters.DEFAULT,
                estimate,
                samples,
                StagedRun.Settings.defaults().withDevice("REFERENCE"));
        Map<String, float[]> weights = new HashMap<>();
        stages.plans().forEach(plan -> {
            assertThat(plan.parameters().orElseThrow().rows())
                    .isEqualTo(plan.layer().layout().rows());
            weights.put(plan.layer().name(), plan.layer().matrix().all());
        });
        return weights;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void eachIsQuantizedAsByItself(boolean estimate) {
        Map<String, float[]> together = quantized(true, true, estimate);
        assertThat(together).containsOnlyKeys("experts", "whole");
        assertThat(together.get("whole")).isNotEqualTo(new Golden.Numbers(4).normal(ROWS * COLUMNS));
        assertThat(together.get("experts"))
                .containsExactly(quantized(false, true, estimate).get("experts"));
        // Sums of the same numbers in another order.
        assertThat(together.get("whole"))
                .containsExactly(quantized(true, false, estimate).get("whole"), within(1e-4f));
    }
}
