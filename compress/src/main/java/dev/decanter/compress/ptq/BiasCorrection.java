package dev.decanter.compress.ptq;

import dev.decanter.compress.ptq.ActivationGraph.Edge;
import dev.decanter.compress.ptq.ActivationGraph.Weight;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Moves biases so that layers with quantized weights give the mean output they had
 * (nncf/quantization/algorithms/fast_bias_correction and bias_correction). Fast: each layer for itself, on the mean
 * of its float input. Full: layer by layer, on what the corrected layers before it give.
 */
final class BiasCorrection {
    private static final float FAST_THRESHOLD = 2;
    private static final float FULL_THRESHOLD = 1000;

    private final Core core;
    private final String device;
    private final List<Layer> layers;

    /** A layer with weights, whose output {@code add} adds a constant to. */
    private static final class Layer {
        private final Weight weight;
        private final Node add;
        private final int biasPort;
        private final int inputAxis;
        private final int outputAxis;
        private final Statistics.Mean input = new Statistics.Mean();
        private final Statistics.Mean output = new Statistics.Mean();
        private float[] inputShape = {};

        Layer(Weight weight, Node add, int biasPort, int inputAxis, int outputAxis) {
            this.weight = weight;
            this.add = add;
            this.biasPort = biasPort;
            this.inputAxis = inputAxis;
            this.outputAxis = outputAxis;
        }

        Node node() {
            return weight.consumer();
        }

        int inputPort() {
            return 1 - weight.port();
        }

        Op.Constant bias() {
            Node node = add.input(biasPort).node();
            while (!(node.op() instanceof Op.Constant)) {
                node = node.input(0).node();
            }
            return (Op.Constant) node.op();
        }

        String biasName() {
            Node node = add.input(biasPort).node();
            while (!(node.op() instanceof Op.Constant)) {
                node = node.input(0).node();
            }
            return node.name();
        }
    }

    /** Finds the layers among {@code weights} that have a bias. */
    BiasCorrection(Core core, String device, ActivationGraph graph, List<Weight> weights) {
        this.core = core;
        this.device = device;
        List<Layer> found = new ArrayList<>();
        weights.forEach(w -> layer(graph, w).ifPresent(found::add));
        this.layers = found;
    }

    private static Optional<Layer> layer(ActivationGraph graph, Weight weight) {
        Node node = weight.consumer();
        String type = node.op().type();
        Output value = node.output(0);
        Output source = node.input(1 - weight.port());
        boolean known = value.shape().hasRank() && source.shape().hasRank();
        if (!known || !(type.equals("MatMul") || type.equals("Convolution"))) {
            return Optional.empty();
        }
        int outputAxis = type.equals("MatMul") ? value.shape().rank() - 1 : 1;
        int inputAxis =
                Channels.activationAxis(node, 1 - weight.port(), source.shape().rank());
        for (Edge edge : graph.outputs(node)) {
            Optional<Weight> bias = edge.to().op().type().equals("Add") ? graph.weight(edge.to()) : Optional.empty();
            if (bias.isPresent()) {
                return Optional.of(new Layer(weight, edge.to(), bias.get().port(), inputAxis, outputAxis));
            }
        }
        return Optional.empty();
    }

    /** Probes of the float model; with {@code inputs} also of what the layers read. */
    List<Probe> probes(boolean inputs) {
        List<Probe> probes = new ArrayList<>();
        for (Layer layer : layers) {
            probes.add(new Probe(layer.node().output(0), Probe.Reduction.MEAN, layer.outputAxis, layer.output::add));
            if (inputs) {
                Output source = layer.node().input(layer.inputPort());
                probes.add(new Probe(source, Probe.Reduction.MEAN, layer.inputAxis, layer.input::add));
                probes.add(new Probe(source, Probe.Reduction.SHAPE, -1, shape -> {
                    if (layer.inputShape.length == 0) {
                        layer.inputShape = shape;
                    }
                }));
            }
        }
        return probes;
    }

    /** Corrects each layer whose weight is quantized by now, and whose input is not yet; returns how many were. */
    int fast() {
        int corrected = 0;
        for (Layer layer : layers) {
            float[] given = meanOutput(layer);
            corrected += correct(layer, given, true) ? 1 : 0;
        }
        return corrected;
    }

    /** What the layer gives for its mean input in all places. */
    private float[] meanOutput(Layer layer) {
        float[] means = layer.input.get();
        long[] dims = new long[layer.inputShape.length];
        boolean product = layer.node().op().type().equals("MatMul");
        for (int i = 0; i < dims.length; i++) {
            // all rows of a product are the same, so one will do; a convolution pads
            dims[i] = product && i != layer.inputAxis ? 1 : (long) layer.inputShape[i];
        }
        Shape shape = Shape.of(dims);
        float[] values = new float[Math.toIntExact(shape.elements())];
        long inner = shape.elements(layer.inputAxis + 1, shape.rank());
        for (int i = 0; i < values.length; i++) {
            values[i] = means[(int) (i / inner % means.length)];
        }
        Node parameter = Node.of(new Op.Parameter(ElementType.F32, PartialShape.of(shape)), "input");
        List<Output> operands = new ArrayList<>(layer.node().inputs());
        operands.set(layer.inputPort(), parameter.output());
        Node copy = Node.of(layer.node().op(), layer.node().name(), operands);
        Node result = Node.of(new Op.Result(List.of("output")), "output", copy.output());
        Model model = new Model(layer.node().name(), List.of(parameter), List.of(result), List.of());
        try (CompiledModel compiled = core.compileAccurately(model, device, Map.of());
                InferRequest request = compiled.createInferRequest()) {
            request.setTensor("input", Tensor.ofFloats(shape, values));
            request.infer();
            Tensor output = request.outputs().getFirst();
            return channelMeans(output.toFloats(), output.shape(), layer.outputAxis);
        } finally {
            result.disconnect();
            copy.disconnect();
        }
    }

    private static float[] channelMeans(float[] values, Shape shape, int axis) {
        int channels = Math.toIntExact(shape.dim(axis));
        long inner = shape.elements(axis + 1, shape.rank());
        double[] sums = new double[channels];
        for (int i = 0; i < values.length; i++) {
            sums[(int) (i / inner % channels)] += values[i];
        }
        float[] means = new float[channels];
        for (int i = 0; i < channels; i++) {
            means[i] = (float) (sums[i] / ((double) values.length / channels));
        }
        return means;
    }

    /**
     * Corrects the layers of {@code model}, weights of which are quantized by now and activations are not, those
     * first that no other one feeds; returns how many were corrected.
     */
    int full(Model model, ProbedRun run, int samples) {
        int corrected = 0;
        for (List<Layer> level : levels(ActivationGraph.of(model))) {
            List<Probe> probes = new ArrayList<>();
            List<Statistics.Mean> given = new ArrayList<>();
            for (Layer layer : level) {
                Statistics.Mean mean = new Statistics.Mean();
                given.add(mean);
                probes.add(new Probe(layer.node().output(0), Probe.Reduction.MEAN, layer.outputAxis, mean::add));
            }
            run.run(model, probes, samples);
            for (int i = 0; i < level.size(); i++) {
                corrected += correct(level.get(i), given.get(i).get(), false) ? 1 : 0;
            }
        }
        return corrected;
    }

    /**
     * Layers by how many corrected ones lie before them at most: those of one level do not change each other's input.
     */
    private List<List<Layer>> levels(ActivationGraph graph) {
        Map<Node, Layer> byNode = new HashMap<>();
        layers.forEach(l -> byNode.put(l.node(), l));
        Map<Node, Integer> depth = new HashMap<>();
        List<List<Layer>> levels = new ArrayList<>();
        for (Node node : graph.nodes()) {
            int before = 0;
            for (Edge edge : graph.inputs(node)) {
                before = Math.max(before, depth.getOrDefault(edge.from(), 0));
            }
            Layer layer = byNode.get(node);
            if (layer != null) {
                while (levels.size() <= before) {
                    levels.add(new ArrayList<>());
                }
                levels.get(before).add(layer);
                before++;
            }
            depth.put(node, before);
        }
        return levels;
    }

    private static boolean correct(Layer layer, float[] given, boolean fast) {
        Op.Constant constant = layer.bias();
        float[] wanted = layer.output.get();
        float[] bias = FloatData.all(constant);
        if (bias.length != wanted.length || constant.shape().elements() != wanted.length) {
            return false;
        }
        float magnitude = 0;
        double[] moved = new double[bias.length];
        for (int i = 0; i < bias.length; i++) {
            moved[i] = bias[i] + (wanted[i] - given[i]);
            float change = (float) moved[i] - bias[i];
            float relative = fast
                    ? bias[i] == 0 ? Float.POSITIVE_INFINITY : Math.abs(change / bias[i])
                    : Math.abs(change / (bias[i] + Math.ulp(1f)));
            magnitude = Math.max(magnitude, relative);
        }
        // a bias that would change beyond recognition is rather a sign of too few samples
        if (!(magnitude < (fast ? FAST_THRESHOLD : FULL_THRESHOLD))) {
            return false;
        }
        Node changed = Constants.numbers(constant.elementType(), layer.biasName(), constant.shape(), moved);
        Graphs.replaceConstant(layer.add, layer.biasPort, changed);
        return true;
    }
}
