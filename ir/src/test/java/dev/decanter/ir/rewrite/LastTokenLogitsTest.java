package dev.decanter.ir.rewrite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.file.RecoveredBin;
import dev.decanter.ir.file.SharedFiles;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LastTokenLogitsTest {
    private final Output hidden = Graphs.f32("hidden", "?,?,4");
    private final Output weights = Constants.numbers(ElementType.F32, "w", Shape.of(3, 4), new double[12])
            .output();
    private final Output product = matMul(hidden, weights);

    private static Output matMul(Output a, Output b) {
        return Graphs.node(new NeuralOp.MatMul(false, true), a, b);
    }

    private static Output number(double value) {
        return Constants.numbers(ElementType.F32, "c", Shape.SCALAR, value).output();
    }

    private static Output vector(int size) {
        return Constants.numbers(ElementType.F32, "v", Shape.of(size), new double[size])
                .output();
    }

    private Model model(Output logits) {
        return new Model("m", List.of(hidden.node()), List.of(Graphs.result(logits, "logits")), List.of());
    }

    private void expectCut(Output logits, int axis, PartialShape after) {
        Model model = model(logits);
        assertThat(PassSequence.of(new LastTokenLogits("logits")).run(model)).isTrue();
        Node matMul = model.topologicalOrder().stream()
                .filter(n -> n.op() instanceof NeuralOp.MatMul)
                .findFirst()
                .orElseThrow();
        Node slice = matMul.input(0).node();
        assertThat(slice.op()).isEqualTo(new ShapeOp.Slice());
        assertThat(slice.input(0)).isSameAs(hidden);
        assertThat(Constants.integer(slice.input(1))).hasValue(-1L);
        assertThat(Constants.integer(slice.input(3))).hasValue(1L);
        assertThat(Constants.integer(slice.input(4))).hasValue((long) axis);
        assertThat(model.result("logits").orElseThrow().input(0).shape()).isEqualTo(after);
        assertThat(PassSequence.of(new LastTokenLogits("logits")).run(model))
                .as("once is enough")
                .isFalse();
    }

    private void expectNothing(Output logits) {
        Model model = model(logits);
        int layers = model.topologicalOrder().size();
        assertThat(new LastTokenLogits("logits").run(model)).isFalse();
        assertThat(model.topologicalOrder()).hasSize(layers);
    }

    @Test
    void cutsBeforeAPlainProduct() {
        expectCut(product, 1, PartialShape.parse("?,..1,3"));
    }

    @Test
    void leavesTheNumberOfPositionsToAnInput() {
        Model model = model(product);
        assertThat(new LastTokenLogits("logits", "start").run(model)).isTrue();
        Node parameter = model.parameters().getLast();
        assertThat(parameter.output().names()).containsExactly("start");
        assertThat(parameter.output().elementType()).isEqualTo(ElementType.I64);
        assertThat(parameter.output().shape()).isEqualTo(PartialShape.of(1));
        Node slice = product.node().input(0).node();
        assertThat(slice.input(1)).isSameAs(parameter.output());
        assertThat(model.result("logits").orElseThrow().input(0).shape()).isEqualTo(PartialShape.parse("?,?,3"));
        assertThat(new LastTokenLogits("logits", "start").run(model))
                .as("once is enough")
                .isFalse();
    }

    @Test
    void passesConversionsAndABias() {
        Output biased = Graphs.node(new BinaryOp.Add(), vector(3), product);
        expectCut(Graphs.node(new ShapeOp.Convert(ElementType.F16), biased), 1, PartialShape.parse("?,..1,3"));
    }

    @Test
    void passesSoftCapping() {
        Output cap = Graphs.node(new UnaryOp.Tanh(), Graphs.node(new BinaryOp.Divide(), product, number(30)));
        expectCut(Graphs.node(new BinaryOp.Multiply(), cap, number(30)), 1, PartialShape.parse("?,..1,3"));
    }

    @Test
    void followsThePositionsThroughATransposition() {
        Output order = Constants.vector("order", 1, 0, 2).output();
        expectCut(Graphs.node(new ShapeOp.Transpose(), product, order), 0, PartialShape.parse("?,..1,3"));
    }

    @Test
    void leavesABiasThatDiffersByPosition() {
        Output byPosition = Constants.numbers(ElementType.F32, "p", Shape.of(5, 1), new double[5])
                .output();
        expectNothing(Graphs.node(new BinaryOp.Add(), product, byPosition));
    }

    @Test
    void leavesAProductThatHasAnotherReader() {
        Graphs.node(new UnaryOp.Exp(), product);
        expectNothing(product);
    }

    @Test
    void leavesOtherOps() {
        expectNothing(Graphs.node(new NeuralOp.Softmax(1), product));
        expectNothing(Graphs.node(new BinaryOp.Divide(), number(1), product));
    }

    @Test
    void leavesAProductOverThePositions() {
        Output byPosition = Graphs.f32("other", "?,?,4");
        expectNothing(matMul(hidden, byPosition));
    }

    @Test
    void leavesASinglePosition() {
        expectNothing(matMul(Graphs.f32("one", "?,1,4"), weights));
    }

    @Test
    void leavesModelsWithoutSuchAnOutput() {
        assertThat(new LastTokenLogits("scores").run(model(product))).isFalse();
    }

    @ParameterizedTest
    @MethodSource("languageModels")
    void cutsTheLanguageModelsThatOptimumExports(String name, @TempDir Path folder) {
        Path real = SharedFiles.real().orElse(null);
        assumeTrue(real != null, "no real models: set decanter.shared to the folder with real/");
        Path xml = real.resolve(name + "/openvino_model.xml");
        Path bin = folder.resolve("openvino_model.bin");
        RecoveredBin.write(name, xml, bin);
        Model model = IrReader.read(xml, bin);
        PartialShape before = model.result("logits").orElseThrow().input(0).shape();
        assertThat(PassSequence.of(new LastTokenLogits("logits")).run(model)).isTrue();
        PartialShape after = model.result("logits").orElseThrow().input(0).shape();
        assertThat(after.dim(1)).hasToString("..1");
        assertThat(List.of(after.dim(0), after.dim(2))).isEqualTo(List.of(before.dim(0), before.dim(2)));
    }

    static List<String> languageModels() {
        return RecoveredBin.MODELS;
    }
}
