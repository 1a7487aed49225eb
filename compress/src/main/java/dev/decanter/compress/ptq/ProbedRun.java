package dev.decanter.compress.ptq;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.statistics.SampleInputs;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/**
 * Runs a model on samples with outputs for values inside it. Values are reduced in the graph, so that a sample gives
 * a few numbers for each probe, whatever its size; probes that want whole values are served a few at a time, each few
 * with a run of their own over the samples.
 */
final class ProbedRun {
    private static final int WHOLE_VALUES_AT_A_TIME = 8;

    private final Core core;
    private final String device;
    private final CalibrationDataset dataset;
    private final CompressionListener listener;

    ProbedRun(Core core, String device, CalibrationDataset dataset, CompressionListener listener) {
        this.core = core;
        this.device = device;
        this.dataset = dataset;
        this.listener = listener;
    }

    /** Runs {@code model} on the first {@code samples} samples; the model is as before afterwards. */
    void run(Model model, List<Probe> probes, int samples) {
        List<Probe> reduced = new ArrayList<>();
        List<Probe> whole = new ArrayList<>();
        probes.forEach(p -> (p.reduction() == Probe.Reduction.ALL ? whole : reduced).add(p));
        int count = Math.min(samples, dataset.size());
        List<List<Probe>> passes = new ArrayList<>();
        if (!reduced.isEmpty()) {
            passes.add(reduced);
        }
        for (int i = 0; i < whole.size(); i += WHOLE_VALUES_AT_A_TIME) {
            passes.add(whole.subList(i, Math.min(i + WHOLE_VALUES_AT_A_TIME, whole.size())));
        }
        for (int i = 0; i < passes.size(); i++) {
            pass(model, passes.get(i), count, (long) i * count, (long) passes.size() * count);
        }
    }

    private void pass(Model model, List<Probe> probes, int samples, long done, long total) {
        List<Node> added = new ArrayList<>();
        try {
            Map<Object, Integer> known = new HashMap<>();
            List<Node> results = new ArrayList<>();
            int[] resultOf = new int[probes.size()];
            for (int i = 0; i < resultOf.length; i++) {
                Probe probe = probes.get(i);
                // quantizers of one value at several places hear of the same numbers
                List<Object> key = List.of(probe.value(), probe.reduction(), probe.axis());
                Integer index = known.get(key);
                if (index == null) {
                    index = results.size();
                    known.put(key, index);
                    results.add(result(probe, index, added));
                }
                resultOf[i] = index;
            }
            SampleInputs samplesOf = new SampleInputs(model, dataset);
            List<Output> inputs = model.parameters().stream().map(Node::output).toList();
            Model probed = new Model(model.name(), model.parameters(), results, model.sinks());
            try (CompiledModel compiled = core.compileAccurately(probed, device, Map.of());
                    InferRequest request = compiled.createInferRequest()) {
                for (int s = 0; s < samples; s++) {
                    samplesOf.of(s, inputs).forEach((input, tensor) -> request.setTensor(name(input), tensor));
                    request.resetState();
                    request.infer();
                    List<Tensor> outputs = request.outputs();
                    for (int i = 0; i < resultOf.length; i++) {
                        probes.get(i).listener().accept(floats(outputs.get(resultOf[i])));
                    }
                    listener.progress(done + s + 1, total);
                }
            }
        } finally {
            added.reversed().forEach(Node::disconnect);
        }
    }

    private static String name(Output input) {
        return input.names().stream().findFirst().orElse(input.node().name());
    }

    private static Node result(Probe probe, int index, List<Node> added) {
        String name = "probe_" + index;
        Output value = probe.value();
        if (probe.reduction() == Probe.Reduction.SHAPE) {
            Node shape = add(added, Node.of(new ShapeOp.ShapeOf(ElementType.I64), name + "/shape", value));
            value = add(added, Node.of(new ShapeOp.Convert(ElementType.F32), name + "/number", shape.output()))
                    .output();
        } else {
            if (value.elementType() != ElementType.F32) {
                value = add(added, Node.of(new ShapeOp.Convert(ElementType.F32), name + "/float", value))
                        .output();
            }
            if (probe.reduction() != Probe.Reduction.ALL) {
                value = reduced(probe, value, name, added);
            }
        }
        return add(added, Node.of(new Op.Result(List.of(name)), name, value));
    }

    private static Output reduced(Probe probe, Output value, String name, List<Node> added) {
        if (!value.shape().hasRank()) {
            throw new CompressionException("layer \"" + probe.value().node().name()
                    + "\" gives a value of unknown rank, so its range cannot be seen; put it in --ignored-scope");
        }
        int rank = value.shape().rank();
        long[] axes = LongStream.range(0, rank).filter(a -> a != probe.axis()).toArray();
        Output source = probe.reduction() == Probe.Reduction.ABS_MAX
                ? add(added, Node.of(new UnaryOp.Abs(), name + "/abs", value)).output()
                : value;
        Node axesNode = add(added, Constants.vector(name + "/axes", axes));
        Op op = switch (probe.reduction()) {
            case MIN -> new ReduceOp.ReduceMin(false);
            case MEAN -> new ReduceOp.ReduceMean(false);
            default -> new ReduceOp.ReduceMax(false);
        };
        return add(added, Node.of(op, name + "/reduced", source, axesNode.output()))
                .output();
    }

    private static Node add(List<Node> added, Node node) {
        added.add(node);
        return node;
    }

    private static float[] floats(Tensor tensor) {
        return tensor.toFloats();
    }
}
