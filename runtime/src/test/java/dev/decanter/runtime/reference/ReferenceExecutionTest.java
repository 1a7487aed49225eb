package dev.decanter.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.VariableState;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReferenceExecutionTest {
    private static final PartialShape ANY = PartialShape.parse("?");
    private static final PartialShape THREE = PartialShape.parse("..3");

    private static Node node(Op op, String name, PartialShape shape, Output... inputs) {
        return Node.of(op, name, List.of(inputs), List.of(new OutputSpec(ElementType.F32, shape)));
    }

    private static Node result(Node value) {
        return Node.of(new Op.Result(), value.name() + "/result", List.of(value.output()), List.of());
    }

    /** {@code sum = first + second; first ← x; second ← x}, where the second variable holds three numbers at most. */
    private static Model twoVariables() {
        Node x = node(new Op.Parameter(ElementType.F32, ANY), "x", ANY);
        Node first = node(new Op.ReadValue("first", ElementType.F32, ANY), "read first", ANY, x.output());
        Node second = node(new Op.ReadValue("second", ElementType.F32, THREE), "read second", THREE, x.output());
        Node sum = node(new BinaryOp.Add(), "sum", ANY, first.output(), second.output());
        return new Model(
                "two",
                List.of(x),
                List.of(result(sum)),
                List.of(
                        node(new Op.Assign("first"), "write first", ANY, x.output()),
                        node(new Op.Assign("second"), "write second", THREE, x.output())));
    }

    @Test
    void writesAllVariablesAtTheEndOrNone() {
        try (ReferenceExecution execution = new ReferenceExecution(Plan.of(twoVariables(), List.of()))) {
            assertThat(execution.infer(List.of(Evaluated.f32(1, 2))).getFirst().toFloats())
                    .containsExactly(2, 4);
            // the variables still hold what the inference before wrote
            assertThat(execution.infer(List.of(Evaluated.f32(5, 6))).getFirst().toFloats())
                    .containsExactly(2, 4);
            assertThatThrownBy(() -> execution.infer(List.of(Evaluated.f32(1, 2, 3, 4))))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("layer \"write second\" (Assign): variable \"second\" holds f32[..3], not f32[4]");
            for (VariableState state : execution.states()) {
                try (Tensor value = state.state()) {
                    assertThat(value.toFloats()).containsExactly(5, 6);
                }
            }
            execution.states().getFirst().state(Evaluated.f32(1, 1));
            assertThat(execution.infer(List.of(Evaluated.f32(0, 0))).getFirst().toFloats())
                    .containsExactly(6, 7);
        }
    }

    /** An output that shows a variable keeps its value when the variable is written at the end. */
    @Test
    void outputsOldValuesOfVariables() {
        Node x = node(new Op.Parameter(ElementType.F32, ANY), "x", ANY);
        Node read = node(new Op.ReadValueV3("v"), "read", ANY, x.output());
        Node assign = node(new Op.AssignV3("v"), "write", ANY, x.output());
        Model model = new Model("shift", List.of(x), List.of(result(read), result(assign)), List.of(assign));
        try (ReferenceExecution execution = new ReferenceExecution(Plan.of(model, List.of()))) {
            execution.infer(List.of(Evaluated.f32(1)));
            List<Tensor> outputs = execution.infer(List.of(Evaluated.f32(2)));
            assertThat(outputs.get(0).toFloats()).containsExactly(1);
            assertThat(outputs.get(1).toFloats()).containsExactly(2);
        }
    }

    @Test
    void refusesVariablesThatDoNotPair() {
        Node x = node(new Op.Parameter(ElementType.F32, ANY), "x", ANY);
        Node write = node(new Op.Assign("v"), "write", ANY, x.output());
        Model unread = new Model("m", List.of(x), List.of(), List.of(write));
        assertThatThrownBy(() -> Plan.of(unread, List.of()))
                .isInstanceOf(InferenceException.class)
                .hasMessage("layer \"write\" (Assign, opset6) of model \"m\" writes variable \"v\", which no ReadValue"
                        + " layer reads");
        Node one = node(new Op.ReadValue("v", ElementType.F32, ANY), "one", ANY, x.output());
        Node two = node(new Op.ReadValue("v", ElementType.F32, ANY), "two", ANY, x.output());
        Model twice = new Model("m", List.of(x), List.of(result(one), result(two)), List.of());
        assertThatThrownBy(() -> Plan.of(twice, List.of()))
                .isInstanceOf(InferenceException.class)
                .hasMessageContaining("reads variable \"v\", which another layer reads already");
    }

    /** What only gives a variable its first value is not computed once it has one. */
    @Test
    void skipsInitialValuesThatAreNotNeeded() {
        Node x = node(new Op.Parameter(ElementType.F32, ANY), "x", ANY);
        Op.Opaque counted = new Op.Opaque("Counted", "extension", java.util.Map.of());
        Node initial = node(counted, "initial", ANY, x.output());
        Node read = node(new Op.ReadValue("v", ElementType.F32, ANY), "read", ANY, initial.output());
        Node assign = node(new Op.Assign("v"), "write", ANY, x.output());
        Model model = new Model("m", List.of(x), List.of(result(read)), List.of(assign));
        List<String> calls = new ArrayList<>();
        Plan plan = Plan.of(
                model,
                List.of(n -> Optional.of(inputs -> {
                    calls.add(n.name());
                    return List.of(Evaluated.f32(7));
                })));
        try (ReferenceExecution execution = new ReferenceExecution(plan)) {
            assertThat(execution.infer(List.of(Evaluated.f32(1))).getFirst().toFloats())
                    .containsExactly(7);
            assertThat(execution.infer(List.of(Evaluated.f32(2))).getFirst().toFloats())
                    .containsExactly(1);
            assertThat(calls).containsExactly("initial");
            execution.states().getFirst().reset();
            assertThat(execution.infer(List.of(Evaluated.f32(3))).getFirst().toFloats())
                    .containsExactly(7);
            assertThat(calls).hasSize(2);
        }
    }

    /** A chain of layers needs the memory of two values at a time, however long it is. */
    @Test
    void freesValuesAfterTheirLastUse() {
        Node x = node(new Op.Parameter(ElementType.F32, ANY), "x", ANY);
        Node last = x;
        for (int i = 0; i < 50; i++) {
            last = node(new UnaryOp.Negative(), "n" + i, ANY, last.output());
        }
        Model model = new Model("chain", List.of(x), List.of(result(last)), List.of());
        try (ReferenceExecution execution = new ReferenceExecution(Plan.of(model, List.of()))) {
            int size = 1 << 20;
            Tensor input = Evaluated.iota(size);
            for (int i = 0; i < 3; i++) {
                Tensor output = execution.infer(List.of(input)).getFirst();
                assertThat(output.memory().get(java.lang.foreign.ValueLayout.JAVA_FLOAT, 4L * (size - 1)))
                        .isEqualTo(size - 1f);
                assertThat(execution.tensorsInUse()).isEqualTo(1);
            }
        }
    }

    @Test
    void poolsSmallBlocksAndReturnsLargeOnes() {
        try (BufferPool pool = new BufferPool()) {
            Tensor small = pool.allocate(ElementType.F32, Shape.of(100));
            MemorySegment first = small.memory();
            assertThat(first.address() % 64).isZero();
            pool.release(small);
            assertThat(pool.allocate(ElementType.U8, Shape.of(300)).memory().address())
                    .isEqualTo(first.address());
            assertThat(pool.allocate(ElementType.U8, Shape.of(0)).memory().byteSize())
                    .isZero();
            Tensor large = pool.allocate(ElementType.F32, Shape.of(1 << 20));
            pool.release(large);
            assertThatThrownBy(() -> large.memory().get(java.lang.foreign.ValueLayout.JAVA_FLOAT, 0))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(pool.inUse()).isEqualTo(2);
            pool.releaseAll();
            assertThat(pool.inUse()).isZero();
            assertThatThrownBy(() -> pool.allocate(ElementType.F32, Shape.of(1L << 50)))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("there is no memory for a tensor of 4503599627370496 bytes");
        }
    }
}
