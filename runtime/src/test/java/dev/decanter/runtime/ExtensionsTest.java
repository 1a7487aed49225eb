package dev.decanter.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrWriter;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.SubGraphOp;
import dev.decanter.runtime.spi.OperationExtension;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExtensionsTest {
    private static final PartialShape VECTOR = PartialShape.parse("?");

    /** {@code y = Scale(x)} with an op that only an extension knows. */
    private static Model scale(Op op) {
        Node x = Graphs.parameter("x", ElementType.F32, VECTOR);
        Node y = Graphs.node(op, "scaled", ElementType.F32, VECTOR, x.output());
        y.output().named("y");
        return new Model("scaler", List.of(x), List.of(Graphs.result(y.output())), List.of());
    }

    private static Op.Opaque scaleOp(String factor) {
        return new Op.Opaque("Scale", "extension", Map.of("factor", factor));
    }

    /** Multiplies by the node's attribute, which it reads once. */
    private static Optional<OperationExtension.Kernel> scaleKernel(Node node) {
        if (!node.op().type().equals("Scale") || !(node.op() instanceof Op.Opaque op)) {
            return Optional.empty();
        }
        float factor = Float.parseFloat(op.attributes().getOrDefault("factor", "1"));
        return Optional.of(inputs -> {
            float[] values = inputs.getFirst().toFloats();
            if (values.length == 0) {
                throw new IrException("nothing to scale");
            }
            for (int i = 0; i < values.length; i++) {
                values[i] *= factor;
            }
            return List.of(Tensor.ofFloats(inputs.getFirst().shape(), values));
        });
    }

    @Test
    void runsOperationsOfExtensions() {
        Core core = Core.create().addExtension(ExtensionsTest::scaleKernel);
        try (CompiledModel model = core.compileModel(scale(scaleOp("3")), "REFERENCE");
                InferRequest request = model.createInferRequest()) {
            request.setTensor("x", Tensor.ofFloats(Shape.of(2), 1, 2));
            request.infer();
            request.infer();
            assertThat(request.tensor("y").toFloats()).containsExactly(3, 6);
            request.setTensor("x", Tensor.ofFloats(Shape.of(0)));
            assertThatThrownBy(request::infer)
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("layer \"scaled\" (Scale, extension): nothing to scale");
        }
    }

    @Test
    void refusesOperationsThatNothingProvides(@TempDir Path folder) {
        String message = "device REFERENCE does not know operation Scale (extension) of layer \"scaled\" in model"
                + " \"scaler\" and no extension provides it";
        Model model = scale(scaleOp("3"));
        Core core = Core.create();
        assertThatThrownBy(() -> core.compileModel(model, "REFERENCE"))
                .isInstanceOf(InferenceException.class)
                .hasMessage(message);
        Path xml = folder.resolve("model.xml");
        IrWriter.write(model, xml);
        assertThatThrownBy(() -> core.compileModel(xml, "REFERENCE", Map.of()))
                .isInstanceOf(InferenceException.class)
                .hasMessage(xml + ": " + message);
    }

    @Test
    void refusesGraphsInside() {
        Op loop = new SubGraphOp.SubGraph("Loop", "opset5", Map.of(), List.of());
        assertThatThrownBy(() -> Core.create().compileModel(scale(loop), "REFERENCE"))
                .isInstanceOf(InferenceException.class)
                .hasMessage("device REFERENCE does not know operation Loop (opset5) of layer \"scaled\" in model"
                        + " \"scaler\"; layers with graphs inside are not supported");
    }

    @Test
    void refusesASecondInferenceWhileOneRuns() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        OperationExtension.Kernel waiting = inputs -> {
            begun.countDown();
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return List.of(
                    Tensor.ofFloats(inputs.getFirst().shape(), inputs.getFirst().toFloats()));
        };
        Core core = Core.create().addExtension(_ -> Optional.of(waiting));
        try (CompiledModel model = core.compileModel(scale(scaleOp("1")), "REFERENCE");
                InferRequest request = model.createInferRequest()) {
            Tensor x = Tensor.ofFloats(Shape.of(1), 5);
            request.setTensor("x", x);
            CompletableFuture<Void> first = request.startAsync();
            begun.await();
            String busy = "an inference of model \"scaler\" is running in this request; wait for it or create another"
                    + " request";
            assertThatThrownBy(request::infer)
                    .isInstanceOf(InferenceException.class)
                    .hasMessage(busy);
            assertThatThrownBy(request::startAsync)
                    .isInstanceOf(InferenceException.class)
                    .hasMessage(busy);
            assertThatThrownBy(() -> request.setTensor("x", x)).hasMessage(busy);
            assertThatThrownBy(() -> request.tensor("y")).hasMessage(busy);
            assertThatThrownBy(request::resetState).hasMessage(busy);
            assertThat(first).isNotDone();
            go.countDown();
            first.join();
            assertThat(request.tensor("y").toFloats()).containsExactly(5);
        }
    }

    @Test
    void closingWaitsForARunningInference() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        OperationExtension.Kernel waiting = inputs -> {
            begun.countDown();
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return List.of(
                    Tensor.ofFloats(inputs.getFirst().shape(), inputs.getFirst().toFloats()));
        };
        CompiledModel model =
                Core.create().addExtension(_ -> Optional.of(waiting)).compileModel(scale(scaleOp("1")), "REFERENCE");
        InferRequest request = model.createInferRequest();
        request.setTensor("x", Tensor.ofFloats(Shape.of(1), 5));
        CompletableFuture<Void> inference = request.startAsync();
        begun.await();
        CompletableFuture<Void> closing = CompletableFuture.runAsync(model::close);
        Thread.sleep(20);
        assertThat(closing).isNotDone();
        go.countDown();
        closing.join();
        assertThat(inference).isCompleted();
    }
}
