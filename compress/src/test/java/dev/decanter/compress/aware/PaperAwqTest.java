package dev.decanter.compress.aware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.compress.AwqParameters;
import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.statistics.StagedRun;
import dev.decanter.compress.weights.GroupParameters;
import dev.decanter.compress.weights.GroupQuantizer;
import dev.decanter.compress.weights.LayerPlan;
import dev.decanter.compress.weights.WeightConfig;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.compress.weights.WeightedLayers;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Where the paper's AWQ divides, that the model computes what it did before, and that outputs of quantized layers err less. */
class PaperAwqTest {
    private static final int WIDTH = 64;
    private static final int INNER = 96;
    private static final WeightConfig INT4 = new WeightConfig(CompressionMode.INT4_SYM, 32);
    private static final WeightConfig INT8 = new WeightConfig(CompressionMode.INT8_ASYM, -1);

    private final Node x = Node.of(new Op.Parameter(ElementType.F32, PartialShape.of(-1, -1, WIDTH)), "x");
    private final List<Node> results = new ArrayList<>();
    private int seed = 40;

    private static Tensor tokens(int seed) {
        float[] values = new Golden.Numbers(seed).normal(20 * WIDTH);
        for (int i = 0; i < values.length; i++) {
            // Channels of very different sizes, as in front of the layers of large models.
            values[i] *= i % WIDTH % 13 == 5 ? 30 : 1;
        }
        return Tensor.ofFloats(Shape.of(2, 10, WIDTH), values);
    }

    private Output constant(ElementType type, String name, Shape shape, double offset, double size) {
        float[] values = new Golden.Numbers(seed++).normal((int) shape.elements());
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = offset + size * values[i];
        }
        Output value = Constants.numbers(type, name, shape, wide).output();
        return type == ElementType.F32
                ? value
                : Node.of(new ShapeOp.Convert(ElementType.F32), name + "/convert", value)
                        .output();
    }

    private Output matMul(String name, Output input, ElementType type, int rows, int columns) {
        Output w = constant(type, name + ".weight", Shape.of(rows, columns), 0, 0.1);
        return Node.of(new NeuralOp.MatMul(false, true), name, input, w).output();
    }

    private static Output binary(BinaryOp op, String name, Output a, Output b) {
        return Node.of(op, name, a, b).output();
    }

    private static Output multiply(String name, Output a, Output b) {
        return binary(new BinaryOp.Multiply(AutoBroadcast.NUMPY), name, a, b);
    }

    private Output norm(ElementType type, Output input) {
        return multiply("norm", constant(type, "norm.weight", Shape.of(1, 1, WIDTH), 1, 0.2), input);
    }

    private void result(Output value) {
        results.add(Node.of(new Op.Result(List.of("y" + results.size())), "y" + results.size(), value));
    }

    private Model model() {
        return new Model("test", List.of(x), results, List.of());
    }

    private static List<float[]> run(Model model) {
        try (CompiledModel compiled = Core.create().compileModel(model, "REFERENCE");
                InferRequest request = compiled.createInferRequest()) {
            request.setTensor("x", tokens(5));
            request.infer();
            return request.outputs().stream().map(Tensor::toFloats).toList();
        }
    }

    private static List<LayerPlan> plans(Model model, String... int8) {
        return WeightedLayers.find(model).stream()
                .map(layer -> new LayerPlan(
                        layer, Optional.of(Arrays.asList(int8).contains(layer.name()) ? INT8 : INT4), true))
                .toList();
    }

    private static List<LayerPlan> search(Model model, List<LayerPlan> plans, boolean ranges) {
        DataAwareStages stages = new DataAwareStages(model, plans, Optional.empty(), CompressionListener.NONE);
        CalibrationDataset samples = CalibrationDataset.of(
                Stream.of(7, 8, 9).map(i -> Map.of("x", tokens(i))).toList());
        stages.awq(
                AwqParameters.DEFAULT,
                ranges,
                samples,
                StagedRun.Settings.defaults().withDevice("REFERENCE"));
        return stages.plans();
    }

    /** Applies AWQ, holds the outputs to those before, and names the constants that are other ones now. */
    private static List<String> changed(Model model, float tolerance, String... int8) {
        List<float[]> before = run(model);
        List<Node> constants = constants(model);
        List<LayerPlan> plans = plans(model, int8);
        List<LayerPlan> after = search(model, plans, false);
        List<float[]> now = run(model);
        for (int i = 0; i < before.size(); i++) {
            float largest = 0;
            for (float value : before.get(i)) {
                largest = Math.max(largest, Math.abs(value));
            }
            assertThat(largest).isPositive();
            for (int k = 0; k < before.get(i).length; k++) {
                assertThat(now.get(i)[k]).isCloseTo(before.get(i)[k], within(tolerance * largest));
            }
        }
        List<Node> left = constants(model);
        for (int i = 0; i < plans.size(); i++) {
            WeightedLayer layer = after.get(i).layer();
            assertThat(layer.consumer()).isSameAs(plans.get(i).layer().consumer());
            assertThat(left).contains(layer.constant());
        }
        return left.stream()
                .filter(node -> !constants.contains(node))
                .map(Node::name)
                .sorted()
                .toList();
    }

    private static List<Node> constants(Model model) {
        return model.topologicalOrder().stream()
                .filter(node -> node.op() instanceof Op.Constant)
                .toList();
    }

    @Test
    void dividesInTheNormThatSeveralLayersRead() {
        Output normed = norm(ElementType.F32, x.output());
        for (String name : List.of("q", "k", "v")) {
            result(matMul(name, normed, ElementType.F32, name.equals("q") ? WIDTH : 32, WIDTH));
        }
        assertThat(changed(model(), 1e-5f)).containsExactly("k.weight", "norm.weight", "q.weight", "v.weight");
    }

    @Test
    void dividesWeightsOfNormsWithoutRoundingThem() {
        Output normed = norm(ElementType.F16, x.output());
        result(matMul("q", normed, ElementType.F32, WIDTH, WIDTH));
        assertThat(changed(model(), 1e-5f)).containsExactly("norm.weight", "q.weight");
    }

    @Test
    void dividesTheBiasOfANormToo() {
        Output bias = constant(ElementType.F32, "norm.bias", Shape.of(WIDTH), 0.5, 1);
        Output normed = binary(new BinaryOp.Add(AutoBroadcast.NUMPY), "sum", norm(ElementType.F32, x.output()), bias);
        result(matMul("q", normed, ElementType.F32, WIDTH, WIDTH));
        assertThat(changed(model(), 1e-5f)).containsExactly("norm.bias", "norm.weight", "q.weight");
    }

    @Test
    void takesLayersOfEightBitsAlong() {
        Output normed = norm(ElementType.F32, x.output());
        result(matMul("q", normed, ElementType.F32, WIDTH, WIDTH));
        result(matMul("k", normed, ElementType.F32, WIDTH, WIDTH));
        assertThat(changed(model(), 1e-5f, "k")).containsExactly("k.weight", "norm.weight", "q.weight");
    }

    @Test
    void leavesANormAloneThatSomebodyElseReads() {
        Output normed = norm(ElementType.F32, x.output());
        result(matMul("q", normed, ElementType.F32, WIDTH, WIDTH));
        result(Node.of(new UnaryOp.Abs(), "other", normed).output());
        Model model = model();
        assertThat(changed(model, 0)).isEmpty();
        assertThatThrownBy(() -> AwqTargets.require(model, plans(model), true))
                .isInstanceOf(CompressionException.class)
                .hasMessage(
                        "--awq: none of the layers that become 4-bit in model \"test\" follows a norm, an activation"
                                + " (Relu, Swish, ...), its product, or the product of a MatMul; leave --awq out");
    }

    @Test
    void leavesANormAloneWhoseWeightTwoNormsShare() {
        Output weight = constant(ElementType.F32, "norm.weight", Shape.of(WIDTH), 1, 0.2);
        result(matMul("q", multiply("a", weight, x.output()), ElementType.F32, WIDTH, WIDTH));
        result(multiply("b", weight, x.output()));
        assertThat(changed(model(), 0)).isEmpty();
    }

    @Test
    void dividesGatedLayersAtBothEnds() {
        Output normed = norm(ElementType.F32, x.output());
        Output gate = Node.of(new UnaryOp.Swish(), "act", matMul("gate", normed, ElementType.F32, INNER, WIDTH))
                .output();
        Output up = matMul("up", normed, ElementType.F32, INNER, WIDTH);
        result(matMul("down", multiply("mul", gate, up), ElementType.F32, WIDTH, INNER));
        Model model = model();
        assertThat(changed(model, 1e-5f)).containsExactly("down.weight", "gate.weight", "norm.weight", "up.weight");
        assertThat(model.topologicalOrder().stream()
                        .filter(node -> node.op() instanceof BinaryOp.Multiply)
                        .map(Node::name))
                .containsExactlyInAnyOrder("norm", "mul");
    }

    /** Ranges found for the rows of a layer must follow when the layer behind it divides them. */
    @ParameterizedTest
    @EnumSource(
            value = CompressionMode.class,
            names = {"INT4_SYM", "INT4_ASYM", "NF4"})
    void outputsErrLess(CompressionMode mode) {
        Output normed = norm(ElementType.F32, x.output());
        Output gate = Node.of(new UnaryOp.Swish(), "act", matMul("gate", normed, ElementType.F32, INNER, WIDTH))
                .output();
        Output up = matMul("up", normed, ElementType.F32, INNER, WIDTH);
        result(matMul("down", multiply("mul", gate, up), ElementType.F32, WIDTH, INNER));
        Model model = model();
        WeightConfig config = new WeightConfig(mode, 32);
        List<LayerPlan> plans = plans(model).stream()
                .map(plan -> plan.withConfig(Optional.of(config)))
                .toList();
        float[] expected = run(model).getFirst();
        float[] formulas = quantized(model, plans);
        List<LayerPlan> found = search(model, plans, true);
        assertThat(found).allSatisfy(plan -> assertThat(plan.parameters()).isPresent());
        float[] searched = quantized(model, found);
        assertThat(distance(searched, expected)).isLessThan(0.7 * distance(formulas, expected));
    }

    private static double distance(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (double) (a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }

    /** The output with what weights dequantize to; the weights are put back. */
    private static float[] quantized(Model model, List<LayerPlan> plans) {
        List<Output> weights = new ArrayList<>();
        for (LayerPlan plan : plans) {
            WeightConfig config = plan.config().orElseThrow();
            float[] w = plan.layer().matrix().all();
            int rows = plan.layer().layout().rows();
            int columns = w.length / rows;
            GroupParameters p = plan.parameters()
                    .orElseGet(() -> GroupQuantizer.parameters(w, rows, columns, config))
                    .stored(config.mode());
            float[] widened = new float[w.length];
            byte[] codes = GroupQuantizer.codes(w, rows, columns, config, p);
            GroupQuantizer.dequantize(codes, rows, columns, config, p, widened);
            double[] values = new double[w.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = widened[i];
            }
            Shape shape = plan.layer().layout().shape();
            Node consumer = plan.layer().consumer();
            weights.add(consumer.input(plan.layer().port()));
            consumer.replaceInput(
                    plan.layer().port(),
                    Constants.numbers(ElementType.F32, "q", shape, values).output());
        }
        float[] output = run(model).getFirst();
        for (int i = 0; i < weights.size(); i++) {
            WeightedLayer layer = plans.get(i).layer();
            layer.consumer().replaceInput(layer.port(), weights.get(i));
        }
        return output;
    }
}
