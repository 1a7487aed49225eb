package dev.decanter.compress.ptq;

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
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Graphs put together at random of the layers that quantizers meet; each value is f32 [1, 8, 6, 6]. */
final class RandomGraphs {
    private static final AutoBroadcast NUMPY = AutoBroadcast.NUMPY;
    private static final int CHANNELS = 8;
    private static final int SIDE = 6;

    private final Random random;
    private final List<Output> values = new ArrayList<>();
    private int count;

    private RandomGraphs(long seed) {
        random = new Random(seed);
    }

    static Model make(long seed) {
        return new RandomGraphs(seed).build();
    }

    private Model build() {
        List<Node> parameters = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(2); i++) {
            Node parameter =
                    Node.of(new Op.Parameter(ElementType.F32, PartialShape.of(1, CHANNELS, SIDE, SIDE)), "input_" + i);
            parameter.output().named("input_" + i);
            parameters.add(parameter);
            values.add(parameter.output());
        }
        int layers = 8 + random.nextInt(14);
        for (int i = 0; i < layers; i++) {
            values.add(layer());
        }
        List<Node> results = new ArrayList<>();
        results.add(Node.of(new Op.Result(), "result_0", values.getLast()));
        for (Output value : List.copyOf(values)) {
            if (value.consumers().isEmpty() || random.nextInt(12) == 0) {
                results.add(Node.of(new Op.Result(), "result_" + results.size(), value));
            }
        }
        return new Model("random", parameters, results, List.of());
    }

    /** One of the latest values, so that graphs are deep rather than wide. */
    private Output any() {
        int back = Math.min(values.size(), random.nextInt(4) == 0 ? values.size() : 3);
        return values.get(values.size() - 1 - random.nextInt(back));
    }

    private Output layer() {
        String name = "n" + count++;
        Output x = any();
        return switch (random.nextInt(17)) {
            case 0, 1 -> add(convolution(x, CHANNELS, name), bias(name), name + "_add");
            case 2 -> convolution(x, CHANNELS, name);
            case 3 ->
                node(
                        new NeuralOp.GroupConvolution(ones(), ones(), ones(), ones(), NeuralOp.AutoPad.EXPLICIT),
                        name,
                        x,
                        weights(name, CHANNELS, 1, 1, 3, 3));
            case 4, 5 -> add(x, any(), name);
            case 6 -> node(new BinaryOp.Multiply(NUMPY), name, x, bias(name));
            case 7 -> node(new UnaryOp.Relu(), name, x);
            case 8 -> node(new UnaryOp.Sigmoid(), name, x);
            case 9 -> {
                Output joined = node(new ShapeOp.Concat(1), name + "_cat", x, any());
                yield convolution(joined, 2 * CHANNELS, name);
            }
            case 10 ->
                node(
                        new ShapeOp.Transpose(),
                        name,
                        x,
                        Constants.vector(name + "_order", 0, 1, 3, 2).output());
            case 11 -> {
                Output flat = node(
                        new ShapeOp.Reshape(true),
                        name + "_flat",
                        x,
                        Constants.vector(name + "_to", 0, 0, -1).output());
                yield node(
                        new ShapeOp.Reshape(true),
                        name,
                        flat,
                        Constants.vector(name + "_back", 0, 0, SIDE, SIDE).output());
            }
            case 12 -> node(new NeuralOp.MatMul(false, true), name, x, weights(name, SIDE, SIDE));
            case 13 -> node(new NeuralOp.MatMul(false, random.nextBoolean()), name, x, any());
            case 14 -> node(new NeuralOp.Softmax(-1), name, x);
            case 15 -> {
                Node split = Node.of(
                        new ShapeOp.Split(2),
                        name + "_split",
                        x,
                        Constants.scalar(name + "_axis", 1).output());
                yield node(new ShapeOp.Concat(1), name, split.output(1), split.output(0));
            }
            default -> {
                Output mean = node(
                        new ReduceOp.ReduceMean(true),
                        name + "_mean",
                        x,
                        Constants.vector(name + "_axes", 2, 3).output());
                Output gate = node(
                        new UnaryOp.Sigmoid(),
                        name + "_gate",
                        add(convolutionOne(mean, name), bias(name), name + "_add"));
                yield node(new BinaryOp.Multiply(NUMPY), name, x, gate);
            }
        };
    }

    private static List<Long> ones() {
        return List.of(1L, 1L);
    }

    private Output convolution(Output x, int inputs, String name) {
        return node(
                new NeuralOp.Convolution(ones(), ones(), ones(), ones(), NeuralOp.AutoPad.EXPLICIT),
                name,
                x,
                weights(name, CHANNELS, inputs, 3, 3));
    }

    private Output convolutionOne(Output x, String name) {
        List<Long> none = List.of(0L, 0L);
        return node(
                new NeuralOp.Convolution(ones(), none, none, ones(), NeuralOp.AutoPad.EXPLICIT),
                name + "_one",
                x,
                weights(name + "_one", CHANNELS, CHANNELS, 1, 1));
    }

    private Output add(Output a, Output b, String name) {
        return node(new BinaryOp.Add(NUMPY), name, a, b);
    }

    private Output bias(String name) {
        return weights(name + "_bias", 1, CHANNELS, 1, 1);
    }

    private Output weights(String name, long... dims) {
        Shape shape = Shape.of(dims);
        double[] values = IntStream.range(0, (int) shape.elements())
                .mapToDouble(_ -> random.nextGaussian())
                .toArray();
        return Constants.numbers(ElementType.F32, name + "_weights", shape, values)
                .output();
    }

    private static Output node(Op op, String name, Output... inputs) {
        return Node.of(op, name, inputs).output();
    }
}
