package dev.decanter.compress.aware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.compress.AwqParameters;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.CompressionMode;
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
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Where AWQ finds something to scale, and that the model computes what it did before. */
class AwqGraphTest {
    private static final int WIDTH = 32;
    private static final int INNER = 64;

    private final Node x = Node.of(new Op.Parameter(ElementType.F32, PartialShape.of(-1, -1, WIDTH)), "x");
    private final List<Node> results = new ArrayList<>();
    private int seed = 20;

    private Output matMul(String name, Output input, ElementType type, boolean transposed, int rows, int columns) {
        float[] values = Golden.weights(seed++, rows, columns);
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i] * (1 + i % 5);
        }
        Shape shape = transposed ? Shape.of(rows, columns) : Shape.of(columns, rows);
        Output w = Constants.numbers(type, name + ".weight", shape, wide).output();
        if (type != ElementType.F32) {
            w = Node.of(new ShapeOp.Convert(ElementType.F32), name + ".weight/convert", w)
                    .output();
        }
        return Node.of(new NeuralOp.MatMul(false, transposed), name, input, w).output();
    }

    private static Output multiply(String name, Output a, Output b) {
        return Node.of(new BinaryOp.Multiply(AutoBroadcast.NUMPY), name, a, b).output();
    }

    private static Output swish(String name, Output value) {
        return Node.of(new UnaryOp.Swish(), name, value).output();
    }

    private void result(Output value) {
        results.add(Node.of(new Op.Result(List.of("y" + results.size())), "y" + results.size(), value));
    }

    private Model model() {
        return new Model("test", List.of(x), results, List.of());
    }

    /** Applies AWQ, and holds the model's outputs to those before. */
    private List<String> corrected(Model model) {
        List<float[]> before = run(model);
        List<LayerPlan> plans = WeightedLayers.find(model).stream()
                .map(layer -> new LayerPlan(layer, Optional.of(new WeightConfig(CompressionMode.INT4_SYM, 32)), true))
                .toList();
        DataAwareStages stages = new DataAwareStages(model, plans, Optional.empty(), CompressionListener.NONE);
        stages.awq(AwqParameters.NNCF);
        List<float[]> after = run(model);
        for (int i = 0; i < before.size(); i++) {
            float largest = 0;
            for (float value : before.get(i)) {
                largest = Math.max(largest, Math.abs(value));
            }
            for (int k = 0; k < before.get(i).length; k++) {
                assertThat(after.get(i)[k]).isCloseTo(before.get(i)[k], within(2e-3f * largest));
            }
        }
        assertThat(stages.plans()).hasSameSizeAs(plans);
        long changed = 0;
        for (int i = 0; i < plans.size(); i++) {
            LayerPlan plan = stages.plans().get(i);
            assertThat(plan.layer().consumer()).isSameAs(plans.get(i).layer().consumer());
            changed += plan.layer().constant() == plans.get(i).layer().constant() ? 0 : 1;
        }
        assertThat(changed).isPositive();
        return model.topologicalOrder().stream()
                .filter(n -> n.op() instanceof BinaryOp.Multiply)
                .map(Node::name)
                .toList();
    }

    private static List<float[]> run(Model model) {
        try (CompiledModel compiled = Core.create().compileModel(model, "REFERENCE");
                InferRequest request = compiled.createInferRequest()) {
            request.setTensor("x", Tensor.ofFloats(Shape.of(2, 3, WIDTH), new Golden.Numbers(5).normal(6 * WIDTH)));
            request.infer();
            return request.outputs().stream().map(Tensor::toFloats).toList();
        }
    }

    @Test
    void mergesIntoTheMatMulBeforeTheProduct() {
        Output gate = swish("act", matMul("gate", x.output(), ElementType.F16, true, INNER, WIDTH));
        Output up = matMul("up", x.output(), ElementType.F16, true, INNER, WIDTH);
        result(matMul("down", multiply("mul", gate, up), ElementType.F16, true, WIDTH, INNER));
        assertThat(corrected(model())).containsExactly("mul");
    }

    @Test
    void mergesAcrossOrientations() {
        Output gate = swish("act", matMul("gate", x.output(), ElementType.F32, true, INNER, WIDTH));
        Output up = matMul("up", x.output(), ElementType.F32, false, INNER, WIDTH);
        result(matMul("down", multiply("mul", up, gate), ElementType.F16, false, WIDTH, INNER));
        assertThat(corrected(model())).containsExactly("mul");
    }

    @Test
    void dividesAfterAnActivation() {
        Output relu = Node.of(new UnaryOp.Relu(), "relu", matMul("up", x.output(), ElementType.F16, true, INNER, WIDTH))
                .output();
        result(matMul("down", relu, ElementType.F16, true, WIDTH, INNER));
        assertThat(corrected(model())).containsExactly("relu/awq_mul");
    }

    @Test
    void dividesAnActivationBeforeItsProduct() {
        Output act = swish("act", matMul("gate", x.output(), ElementType.F16, true, INNER, WIDTH));
        Output up = Node.of(new UnaryOp.Tanh(), "tanh", matMul("up", x.output(), ElementType.F16, true, INNER, WIDTH))
                .output();
        result(matMul("down", multiply("mul", act, up), ElementType.F16, true, WIDTH, INNER));
        assertThat(corrected(model())).containsExactly("act/awq_mul", "mul");
    }

    @Test
    void leavesOtherReadersOfAProducerAlone() {
        Output gate = swish("act", matMul("gate", x.output(), ElementType.F16, true, INNER, WIDTH));
        Output up = matMul("up", x.output(), ElementType.F16, true, INNER, WIDTH);
        result(matMul("down", multiply("mul", gate, up), ElementType.F16, true, WIDTH, INNER));
        result(Node.of(new UnaryOp.Abs(), "other", up).output());
        assertThat(corrected(model())).containsExactlyInAnyOrder("up/awq_mul", "mul");
    }

    @Test
    void leavesOtherReadersOfAProductAlone() {
        Output gate = swish("act", matMul("gate", x.output(), ElementType.F16, true, INNER, WIDTH));
        Output up = matMul("up", x.output(), ElementType.F16, true, INNER, WIDTH);
        Output product = multiply("mul", gate, up);
        result(matMul("down", product, ElementType.F16, true, WIDTH, INNER));
        result(matMul("down2", product, ElementType.F16, true, WIDTH, INNER));
        assertThat(corrected(model())).containsExactlyInAnyOrder("mul/awq_mul", "mul/awq_mul_1", "mul");
    }

    @Test
    void followsChains() {
        Output first =
                multiply("mul", swish("act", x.output()), matMul("a", x.output(), ElementType.F32, true, WIDTH, WIDTH));
        Output b = matMul("b", first, ElementType.F32, true, INNER, WIDTH);
        Output second =
                multiply("mul2", swish("act2", matMul("g", x.output(), ElementType.F32, true, INNER, WIDTH)), b);
        result(matMul("c", second, ElementType.F32, true, WIDTH, INNER));
        assertThat(corrected(model())).containsExactlyInAnyOrder("mul", "mul2");
    }

    @Test
    void saysThatThereIsNothingToDo() {
        result(matMul(
                "b", matMul("a", x.output(), ElementType.F16, true, INNER, WIDTH), ElementType.F16, true, 8, INNER));
        Model model = model();
        List<LayerPlan> plans = WeightedLayers.find(model).stream()
                .map(layer -> new LayerPlan(layer, Optional.of(new WeightConfig(CompressionMode.INT4_SYM, 32)), true))
                .toList();
        assertThatThrownBy(() -> AwqTargets.require(model, plans, false))
                .isInstanceOf(CompressionException.class)
                .hasMessage("--awq: none of the layers that become 4-bit in model \"test\" follows an activation"
                        + " (Relu, Swish, ...), its product, or the product of a MatMul; leave --awq out");
    }
}
