package dev.decanter.cpu.compile;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/** Builds small models for tests. */
final class Graph {
    private final List<Node> parameters = new ArrayList<>();
    private final List<Node> results = new ArrayList<>();
    private final List<Node> sinks = new ArrayList<>();
    private final Random random = new Random(7);
    private int names;

    static Model of(Consumer<Graph> body) {
        Graph graph = new Graph();
        body.accept(graph);
        return new Model("test", graph.parameters, graph.results, graph.sinks);
    }

    /** An f32 input; −1 is a dynamic dimension. */
    Output input(String name, long... dims) {
        return input(name, ElementType.F32, dims);
    }

    Output input(String name, ElementType type, long... dims) {
        return input(name, type, PartialShape.of(dims));
    }

    Output input(String name, ElementType type, PartialShape shape) {
        Node node = Node.of(new Op.Parameter(type, shape), name);
        node.output().names().add(name);
        parameters.add(node);
        return node.output();
    }

    void result(Output value) {
        results.add(Node.of(new Op.Result(), "result" + results.size(), value));
    }

    void assign(String variable, Output value) {
        sinks.add(Node.of(new Op.Assign(variable), "assign " + variable, value));
    }

    Output op(Op op, Output... inputs) {
        return Node.of(op, op.type() + names++, inputs).output();
    }

    Output constant(Tensor value) {
        return op(new Op.Constant(value.elementType(), value.shape(), ConstantData.of(value.memory())));
    }

    Output longs(long... values) {
        return constant(Tensor.ofLongs(Shape.of(values.length), values));
    }

    Output scalar(long value) {
        return constant(Tensor.ofLongs(Shape.SCALAR, value));
    }

    Output floats(Shape shape, float... values) {
        return constant(Tensor.ofFloats(shape, values));
    }

    /** A constant of normally distributed numbers. */
    Output noise(long... dims) {
        return constant(noise(random, Shape.of(dims)));
    }

    static Tensor noise(Random random, Shape shape) {
        float[] values = new float[(int) shape.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.ofFloats(shape, values);
    }
}
