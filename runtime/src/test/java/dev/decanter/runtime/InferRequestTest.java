package dev.decanter.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InferRequestTest {
    private final Core core = Core.create();

    private CompiledModel adder() {
        return core.compileModel(Graphs.adder(), "REFERENCE");
    }

    private static Tensor row(float... values) {
        return Tensor.ofFloats(Shape.of(values.length / 2, 2), values);
    }

    @Test
    void runsWithAnyNumberOfRows() {
        try (CompiledModel model = adder();
                InferRequest request = model.createInferRequest()) {
            request.setTensor("a", row(1, 2));
            request.setTensor("b", row(10, 20));
            request.infer();
            assertThat(request.tensor("sum").toFloats()).containsExactly(11, 22);
            assertThat(request.tensor("total").toFloats()).containsExactly(11, 22);

            request.setTensor("a", row(1, 2, 3, 4));
            request.setTensor("b", row(1, 1, 1, 1));
            request.infer();
            assertThat(request.tensor("sum").shape()).isEqualTo(Shape.of(2, 2));
            assertThat(request.tensor("sum").toFloats()).containsExactly(2, 3, 4, 5);
        }
    }

    @Test
    void describesInputsAndOutputs() {
        try (CompiledModel model = adder()) {
            assertThat(model.inputs()).extracting(ModelPort::toString).containsExactly("a f32[?,2]", "b f32[?,2]");
            assertThat(model.output("total").names()).containsExactly("sum", "total");
            assertThat(model.hasInput("c")).isFalse();
            assertThat(model.device()).isEqualTo("REFERENCE");
            assertThatThrownBy(() -> model.input("c"))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("model \"adder\" has no input \"c\"; it has a, b");
            assertThatThrownBy(() -> model.property("THREADS"))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("device REFERENCE has no property \"THREADS\"; it has none");
        }
    }

    @Test
    void refusesInputsThatDoNotFit() {
        try (CompiledModel model = adder();
                InferRequest request = model.createInferRequest()) {
            assertThatThrownBy(() -> request.setTensor("c", row(1, 2)))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("model \"adder\" has no input \"c\"; it has a, b");
            assertThatThrownBy(() -> request.setTensor("a", Tensor.ofFloats(Shape.of(3), 1, 2, 3)))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("input \"a\" of model \"adder\" takes f32[?,2], not f32[3]");
            assertThatThrownBy(() -> request.setTensor("a", Tensor.ofLongs(Shape.of(1, 2), 1, 2)))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("input \"a\" of model \"adder\" takes f32[?,2], not i64[1, 2]");
            request.setTensor("a", row(1, 2));
            assertThatThrownBy(request::infer)
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("input \"b\" (f32[?,2]) of model \"adder\" is not set");
            assertThatThrownBy(() -> request.tensor("sum"))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("model \"adder\" has no outputs before an inference");
        }
    }

    @Test
    void refusesTensorsThatItCannotRead() {
        try (CompiledModel model = adder();
                InferRequest request = model.createInferRequest();
                Arena confined = Arena.ofConfined()) {
            Tensor closed = Tensor.allocate(ElementType.F32, Shape.of(1, 2));
            request.setTensor("a", closed);
            request.setTensor("b", row(1, 2));
            closed.close();
            assertThatThrownBy(request::infer)
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("the tensor of input \"a\" of model \"adder\" is closed");
            request.setTensor("a", Tensor.of(ElementType.F32, Shape.of(1, 2), confined.allocate(8)));
            request.infer();
            assertThat(request.tensor("sum").toFloats()).containsExactly(1, 2);
            assertThatThrownBy(() -> request.startAsync().join())
                    .cause()
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("the tensor of input \"a\" of model \"adder\" belongs to another thread");
        }
    }

    @Test
    void namesTheLayerThatFails() {
        try (CompiledModel model = adder();
                InferRequest request = model.createInferRequest()) {
            request.setTensor("a", row(1, 2, 3, 4));
            request.setTensor("b", row(1, 2, 3, 4, 5, 6));
            assertThatThrownBy(request::infer)
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("layer \"Add_1\" (Add, opset1): shapes [2, 2] and [3, 2] cannot be broadcast together");
            // the request goes on after a failure
            request.setTensor("b", row(1, 1));
            request.infer();
            assertThat(request.tensor("sum").toFloats()).containsExactly(2, 3, 4, 5);
        }
    }

    @Test
    void refusesUnknownDevicesAndProperties() {
        assertThatThrownBy(() -> core.compileModel(Graphs.adder(), "GPU"))
                .isInstanceOf(InferenceException.class)
                .hasMessageMatching("there is no device \"GPU\"; there are AUTO, .*REFERENCE");
        assertThatThrownBy(() -> core.compileModel(Graphs.adder(), "REFERENCE", Map.of("SPEED", "high")))
                .isInstanceOf(InferenceException.class)
                .hasMessage("device REFERENCE has no property \"SPEED\"; it has none");
        assertThat(core.availableDevices()).contains("REFERENCE");
        assertThat(core.deviceFacts("REFERENCE")).containsKey("FULL_DEVICE_NAME");
    }

    @Test
    void refusesUseAfterClose() {
        CompiledModel model = adder();
        InferRequest request = model.createInferRequest();
        model.close();
        assertThatThrownBy(request::infer)
                .isInstanceOf(InferenceException.class)
                .hasMessage("the request of model \"adder\" is closed");
        assertThatThrownBy(model::createInferRequest)
                .isInstanceOf(InferenceException.class)
                .hasMessage("model \"adder\" is closed");
        request.close();
        model.close();
    }

    @Test
    void startsAsynchronously() {
        try (CompiledModel model = adder();
                InferRequest request = model.createInferRequest()) {
            request.setTensor("a", row(1, 2));
            request.setTensor("b", row(3, 4));
            for (int i = 0; i < 100; i++) {
                request.startAsync().join();
                assertThat(request.tensor("sum").toFloats()).containsExactly(4, 6);
            }
            request.setTensor("b", row(1, 2, 3, 4, 5, 6));
            request.setTensor("a", row(1, 2, 3, 4));
            assertThatThrownBy(() -> request.startAsync().join())
                    .hasRootCauseInstanceOf(dev.decanter.ir.IrException.class)
                    .cause()
                    .isInstanceOf(InferenceException.class);
        }
    }

    @Test
    void sharesOneCompiledModelBetweenThreads() throws Exception {
        try (CompiledModel model = core.compileModel(Graphs.cache(false), "REFERENCE")) {
            List<Thread> threads = new java.util.ArrayList<>();
            List<String> wrong = java.util.Collections.synchronizedList(new java.util.ArrayList<>());
            for (int t = 0; t < 4; t++) {
                float own = t;
                threads.add(Thread.ofPlatform().start(() -> {
                    try (InferRequest request = model.createInferRequest()) {
                        for (int i = 1; i <= 50; i++) {
                            request.setTensor("x", row(own, i));
                            request.infer();
                            float[] all = request.tensor("all").toFloats();
                            if (all.length != 2 * i || all[0] != own || all[2 * i - 2] != own || all[2 * i - 1] != i) {
                                wrong.add(own + " " + i);
                            }
                        }
                    } catch (RuntimeException e) {
                        wrong.add(e.toString());
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(wrong).isEmpty();
        }
    }

    @Test
    void keepsStates() {
        try (CompiledModel model = core.compileModel(Graphs.cache(true), "REFERENCE");
                InferRequest request = model.createInferRequest()) {
            request.setTensor("x", row(1, 2));
            request.infer();
            assertThat(request.tensor("all").toFloats()).containsExactly(10, 11, 1, 2);
            request.setTensor("x", row(3, 4));
            request.infer();
            assertThat(request.tensor("all").toFloats()).containsExactly(10, 11, 1, 2, 3, 4);

            VariableState state = request.queryState().getFirst();
            assertThat(state.name()).isEqualTo("past");
            try (Tensor copy = state.state()) {
                assertThat(copy.toFloats()).containsExactly(10, 11, 1, 2, 3, 4);
            }
            state.trim(0, 2);
            state.trim(-2, 5);
            request.infer();
            assertThat(request.tensor("all").toFloats()).containsExactly(10, 11, 1, 2, 3, 4);
            state.trim(-1, 2);
            assertThatThrownBy(() -> state.trim(2, 1))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("variable \"past\" of rank 2 has no axis 2");

            request.resetState();
            request.infer();
            assertThat(request.tensor("all").toFloats()).containsExactly(10, 11, 3, 4);

            state.state(row(7, 8));
            request.infer();
            assertThat(request.tensor("all").toFloats()).containsExactly(7, 8, 3, 4);
            assertThatThrownBy(() -> state.state(Tensor.ofFloats(Shape.of(3), 1, 2, 3)))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("variable \"past\" holds f32[?,2], not f32[3]");
        }
    }

    @Test
    void beginsWithZerosWithoutAnInitialValue() {
        try (CompiledModel model = core.compileModel(Graphs.cache(false), "REFERENCE");
                InferRequest request = model.createInferRequest()) {
            try (Tensor empty = request.queryState().getFirst().state()) {
                assertThat(empty.shape()).isEqualTo(Shape.of(0, 2));
                assertThat(empty.elementType()).isEqualTo(ElementType.F32);
            }
            request.setTensor("x", row(1, 2));
            request.infer();
            assertThat(request.tensor("all").toFloats()).containsExactly(1, 2);
        }
    }
}
