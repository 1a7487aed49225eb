package dev.decanter.compress.ptq;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.LayerDecision;
import dev.decanter.compress.RangeEstimator;
import dev.decanter.compress.ptq.ActivationGraph.Weight;
import dev.decanter.compress.weights.IgnoredLayers;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.RtInfo;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.Core;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Runs the stages of a quantization one after the other. */
public final class Quantizer {
    private final QuantizerSettings settings;
    private final Core core;
    private final String device;
    private final CompressionListener listener;
    private final ProbedRun run;
    private final int samples;

    public Quantizer(
            QuantizerSettings settings,
            CalibrationDataset dataset,
            Core core,
            String device,
            CompressionListener listener) {
        if (dataset.size() == 0) {
            throw new CompressionException("--dataset has no samples; give at least one");
        }
        this.settings = settings;
        this.core = core;
        this.device = device;
        this.listener = listener;
        this.run = new ProbedRun(core, device, dataset, listener);
        this.samples = Math.min(settings.subsetSize(), dataset.size());
    }

    /** Quantizes in place; returns what became of each weight. */
    public List<LayerDecision> quantize(Model model) {
        model.removeDead();
        refuseQuantized(model);
        Set<Node> ignored = IgnoredLayers.named(model, settings.ignoredScope());
        if (place(model, ignored).weights().isEmpty()) {
            throw new CompressionException("model \"" + model.name()
                    + "\" has no MatMul, convolution or embedding with weights to quantize; leave it in float");
        }
        if (settings.transformer() && (settings.matmulAlpha() >= 0 || settings.convolutionAlpha() >= 0)) {
            listener.stage("smooth quant");
            new SmoothQuant(model, settings.matmulAlpha(), settings.convolutionAlpha()).apply(run, samples);
        }
        QuantizerPlacement.Setup setup = place(model, ignored);
        ActivationGraph graph = ActivationGraph.of(model);
        List<Weight> floats = floatWeights(graph, setup);
        RangeCollector collector = new RangeCollector(
                setup.activations(),
                settings.activationRange().orElse(RangeEstimator.MEAN_MIN_MAX),
                settings.activationRange().orElse(RangeEstimator.MIN_MAX));
        BiasCorrection correction =
                new BiasCorrection(core, device, graph, settings.biasCorrection() ? setup.weights() : List.of());
        listener.stage("activation statistics");
        statistics(model, collector, correction);
        List<QuantizerRange> ranges = collector.ranges();
        listener.stage("weights");
        List<LayerDecision> decisions = quantizeWeights(setup, graph);
        floats.forEach(w -> decisions.add(decision(w, "float", 32)));
        if (settings.biasCorrection()) {
            listener.stage("bias correction");
            int corrected = settings.fastBiasCorrection()
                    ? correction.fast()
                    : correction.full(model, run, Math.min(samples, settings.biasSamples()));
            listener.note(corrected + " biases corrected");
        }
        for (int i = 0; i < ranges.size(); i++) {
            QuantizerInsertion.activation(setup.activations().get(i), ranges.get(i));
        }
        model.removeDead();
        model.rtInfo(settings.record(model.rtInfo()));
        return decisions;
    }

    private QuantizerPlacement.Setup place(Model model, Set<Node> ignored) {
        return QuantizerPlacement.place(
                ActivationGraph.of(model), settings.symmetric(), settings.transformer(), ignored);
    }

    private void statistics(Model model, RangeCollector collector, BiasCorrection correction) {
        List<Probe> probes = new ArrayList<>(collector.probes());
        List<Probe> means = correction.probes(settings.fastBiasCorrection());
        if (settings.biasSamples() >= samples) {
            probes.addAll(means);
        } else if (!means.isEmpty()) {
            run.run(model, means, settings.biasSamples());
        }
        if (!probes.isEmpty()) {
            run.run(model, probes, samples);
        }
    }

    private List<LayerDecision> quantizeWeights(QuantizerPlacement.Setup setup, ActivationGraph graph) {
        Set<Node> halved = switch (settings.overflowFix()) {
            case ENABLE -> OverflowLayers.all(setup.weights());
            case FIRST_LAYER -> OverflowLayers.first(graph, setup.weights());
            case DISABLE -> Set.of();
        };
        RangeEstimator estimator = settings.weightRange().orElse(RangeEstimator.MIN_MAX);
        // a weight that several layers read is quantized once, with what the first of them says
        Map<Output, Node> done = new HashMap<>();
        Map<Node, LayerDecision> decisions = new LinkedHashMap<>();
        long count = 0;
        for (Weight weight : setup.weights()) {
            Node consumer = weight.consumer();
            Output source = consumer.input(weight.port());
            Node quantized = done.get(source);
            if (quantized == null) {
                boolean whole = setup.perTensor().contains(consumer);
                Channels channels = whole ? Channels.whole(weight.data().shape()) : Channels.of(weight);
                QuantizerRange range =
                        QuantizerInsertion.range(weight, channels, estimator, halved.contains(consumer), !whole);
                quantized = QuantizerInsertion.weight(weight, channels, range);
                done.put(source, quantized);
                decisions.putIfAbsent(
                        weight.constant(), decision(weight, whole ? "int8_sym" : "int8_sym, per-channel", 8));
            }
            consumer.replaceInput(weight.port(), quantized.output());
            listener.progress(++count, setup.weights().size());
        }
        return new ArrayList<>(decisions.values());
    }

    private static LayerDecision decision(Weight weight, String label, int bits) {
        return new LayerDecision(
                weight.consumer().name(),
                weight.constant().name(),
                label,
                bits,
                weight.data().shape().elements(),
                false);
    }

    /** The weights that stay as they are, each once. */
    private static List<Weight> floatWeights(ActivationGraph graph, QuantizerPlacement.Setup setup) {
        Set<Node> known = new LinkedHashSet<>();
        setup.weights().forEach(w -> known.add(w.constant()));
        List<Weight> floats = new ArrayList<>();
        for (Node node : graph.nodes()) {
            if (OpKinds.WITH_WEIGHTS.contains(node.op().type())) {
                graph.weight(node).filter(w -> known.add(w.constant())).ifPresent(floats::add);
            }
        }
        return floats;
    }

    private static void refuseQuantized(Model model) {
        if (model.rtInfo().entries().get("nncf") instanceof RtInfo.Section nncf) {
            for (String key : List.of("quantization", "weight_compression")) {
                if (nncf.entries().containsKey(key)) {
                    throw new CompressionException("the model's rt_info says that it has been through "
                            + key.replace('_', ' ') + " already; quantize the float model");
                }
            }
        }
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof NeuralOp.FakeQuantize) {
                throw new CompressionException("the model is quantized already (layer \"" + node.name()
                        + "\" is a FakeQuantize); quantize the float model");
            }
            if (node.op() instanceof ShapeOp.Convert convert
                    && convert.destinationType().isFloat()
                    && node.input(0).node().op() instanceof Op.Constant constant
                    && isCode(constant)) {
                throw new CompressionException("the model's weights are compressed already (\""
                        + node.input(0).node().name() + "\" is "
                        + constant.elementType().irName() + "); quantize the float model");
            }
        }
    }

    /** Whether a constant looks like a compressed matrix: small integers or floats of 8 bits and fewer. */
    private static boolean isCode(Op.Constant constant) {
        ElementType type = constant.elementType();
        return constant.shape().rank() > 1
                && type != ElementType.BOOLEAN
                && type.bits() > 0
                && type.bits() <= 8
                && constant.shape().elements() > 1;
    }
}
