package dev.decanter.compress.ptq;

import dev.decanter.compress.ptq.ActivationGraph.Weight;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.Op;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * SmoothQuant (nncf/quantization/algorithms/smooth_quant): outliers of an activation's channels are divided out of it
 * and multiplied into the weights of all layers that read it, so that the function stays and the range shrinks.
 */
final class SmoothQuant {
    private final Model model;
    private final double matmulAlpha;
    private final double convolutionAlpha;

    /** What is smoothed together: layers that read one value as the same operand. */
    private static final class Group {
        private final Output source;
        private final int port;
        private final int axis;
        private final List<Weight> weights = new ArrayList<>();
        private float[] magnitudes = {};

        Group(Output source, int port, int axis) {
            this.source = source;
            this.port = port;
            this.axis = axis;
        }
    }

    /** A negative alpha leaves its kind of layers as they are. */
    SmoothQuant(Model model, double matmulAlpha, double convolutionAlpha) {
        this.model = model;
        this.matmulAlpha = matmulAlpha;
        this.convolutionAlpha = convolutionAlpha;
    }

    /** Sees the samples and changes the model; returns the number of inserted layers. */
    int apply(ProbedRun run, int samples) {
        List<Group> groups = groups(ActivationGraph.of(model));
        List<Probe> probes = new ArrayList<>();
        for (Group group : groups) {
            probes.add(new Probe(
                    group.source,
                    Probe.Reduction.ABS_MAX,
                    group.axis,
                    values -> group.magnitudes = Statistics.greatest(group.magnitudes, values)));
        }
        if (probes.isEmpty()) {
            return 0;
        }
        run.run(model, probes, samples);
        Map<String, Integer> names = new HashMap<>();
        for (Group group : groups) {
            smooth(group, names);
        }
        return groups.size();
    }

    private double alpha(Node node) {
        return switch (node.op().type()) {
            case "MatMul" -> matmulAlpha;
            case "Convolution" -> convolutionAlpha;
            default -> -1;
        };
    }

    private List<Group> groups(ActivationGraph graph) {
        Map<List<Object>, Group> groups = new LinkedHashMap<>();
        for (Node node : graph.nodes()) {
            if (alpha(node) < 0) {
                continue;
            }
            graph.weight(node).ifPresent(weight -> {
                int port = 1 - weight.port();
                Output source = node.input(port);
                boolean shared = graph.readers(node.input(weight.port()).node()) > 1;
                boolean moved = node.op().type().equals("Convolution") && OpKinds.isAgnostic(source.node());
                if (!shared
                        && !moved
                        && graph.contains(source.node())
                        && source.shape().hasRank()) {
                    int axis =
                            Channels.activationAxis(node, port, source.shape().rank());
                    groups.computeIfAbsent(List.of(source, port, axis), _ -> new Group(source, port, axis))
                            .weights
                            .add(weight);
                }
            });
        }
        return new ArrayList<>(groups.values());
    }

    private void smooth(Group group, Map<String, Integer> names) {
        float[] best = {};
        float evenness = 0;
        for (Weight weight : group.weights) {
            float[] factors = Statistics.smoothing(
                    group.magnitudes, magnitudes(weight, group.magnitudes.length), alpha(weight.consumer()));
            float even = Statistics.evenness(factors);
            if (even > evenness) {
                evenness = even;
                best = factors;
            }
        }
        if (best.length == 0) {
            return;
        }
        for (Weight weight : group.weights) {
            scaleWeight(weight, best);
        }
        divide(group, best, names);
    }

    private static float[] magnitudes(Weight weight, int channels) {
        Op.Constant constant = weight.data();
        long inner = constant.shape()
                .elements(Channels.inputAxis(weight) + 1, constant.shape().rank());
        float[] greatest = new float[channels];
        FloatData.forEach(constant, (first, values, count) -> {
            for (int i = 0; i < count; i++) {
                int channel = (int) ((first + i) / inner % channels);
                greatest[channel] = Math.max(greatest[channel], Math.abs(values[i]));
            }
        });
        return greatest;
    }

    private static void scaleWeight(Weight weight, float[] factors) {
        Node constant = weight.constant();
        Node scaled = Node.of(FloatData.scaled(weight.data(), Channels.inputAxis(weight), factors), constant.name());
        Graphs.replaceConstant(weight.consumer(), weight.port(), scaled);
    }

    private static void divide(Group group, float[] factors, Map<String, Integer> names) {
        int rank = group.source.shape().rank();
        long[] dims = new long[rank];
        Arrays.fill(dims, 1);
        dims[group.axis] = factors.length;
        double[] inverse = new double[factors.length];
        for (int i = 0; i < inverse.length; i++) {
            inverse[i] = 1f / factors[i];
        }
        ElementType type = group.source.elementType();
        String base = group.source.node().name() + "_" + group.source.index();
        int count = names.merge(base, 1, Integer::sum) - 1;
        String name = base + "_" + count + "/nncf_smooth_quant";
        Node scale = Constants.numbers(type, name + "/scale", Shape.of(dims), inverse);
        Node multiply = Node.of(new BinaryOp.Multiply(AutoBroadcast.NUMPY), name, group.source, scale.output());
        for (Weight weight : group.weights) {
            weight.consumer().replaceInput(group.port, multiply.output());
        }
    }
}
