package dev.decanter.runtime;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.util.List;

/** Small models for tests. Outputs are declared, not inferred, so that these tests test nothing else. */
final class Graphs {
    static final PartialShape ROWS = PartialShape.parse("?,2");

    private Graphs() {}

    static Node node(Op op, String name, ElementType type, PartialShape shape, Output... inputs) {
        return Node.of(op, name, List.of(inputs), List.of(new OutputSpec(type, shape)));
    }

    static Node parameter(String name, ElementType type, PartialShape shape) {
        Node node = node(new Op.Parameter(type, shape), name, type, shape);
        node.output().named(name);
        return node;
    }

    static Node constant(String name, Tensor value) {
        return node(
                Op.Constant.of(value.elementType(), value.shape(), value.memory()),
                name,
                value.elementType(),
                PartialShape.of(value.shape()));
    }

    static Node result(Output value) {
        return Node.of(new Op.Result(), value.node().name() + "/result", List.of(value), List.of());
    }

    /** {@code sum = a + b} on f32 [?,2]. */
    static Model adder() {
        Node a = parameter("a", ElementType.F32, ROWS);
        Node b = parameter("b", ElementType.F32, ROWS);
        Node sum = node(new BinaryOp.Add(), "Add_1", ElementType.F32, ROWS, a.output(), b.output());
        sum.output().named("sum").named("total");
        return new Model("adder", List.of(a, b), List.of(result(sum.output())), List.of());
    }

    /** A cache: {@code all = concat(past, x)} on axis 0, which is kept for the next inference; starts as {@code start}. */
    static Model cache(boolean withStart) {
        Node x = parameter("x", ElementType.F32, ROWS);
        Node start = constant("start", Tensor.ofFloats(Shape.of(1, 2), 10, 11));
        Op.ReadValue read = new Op.ReadValue("past", ElementType.F32, ROWS);
        Node past = withStart
                ? node(read, "read", ElementType.F32, ROWS, start.output())
                : node(read, "read", ElementType.F32, ROWS);
        Node all = node(new ShapeOp.Concat(0), "all", ElementType.F32, ROWS, past.output(), x.output());
        all.output().named("all");
        Node assign = node(new Op.Assign("past"), "write", ElementType.F32, ROWS, all.output());
        return new Model("cache", List.of(x), List.of(result(all.output())), List.of(assign));
    }
}
