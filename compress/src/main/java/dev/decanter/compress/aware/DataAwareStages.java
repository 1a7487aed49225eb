package dev.decanter.compress.aware;

import dev.decanter.compress.AwqParameters;
import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.GptqParameters;
import dev.decanter.compress.LoraCorrectionParameters;
import dev.decanter.compress.ScaleEstimationParameters;
import dev.decanter.compress.statistics.ActivationStatistics;
import dev.decanter.compress.statistics.LayerStatistics;
import dev.decanter.compress.statistics.StagedRun;
import dev.decanter.compress.weights.GroupParameters;
import dev.decanter.compress.weights.GroupQuantizer;
import dev.decanter.compress.weights.LayerPlan;
import dev.decanter.compress.weights.LayerPlan.LowRank;
import dev.decanter.compress.weights.WeightConfig;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.ir.Model;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The data-aware stages of a compression, in NNCF's order: AWQ, then either GPTQ, or scale estimation and low-rank
 * correction. Each changes what is planned for layers, and AWQ and low-rank correction change the model too. Only one
 * layer's weights are in memory at a time.
 */
public final class DataAwareStages {
    private final Model model;
    private final List<LayerPlan> plans;
    private final Optional<ActivationStatistics> statistics;
    private final CompressionListener listener;

    /** What AWQ divided the inputs of layers by, by name of the layer. */
    private final Map<String, float[]> divided = new HashMap<>();

    /**
     * Begins with what was decided so far.
     *
     * @param plans all weights of the model, those that stay as they are too
     * @param statistics of the float model, if there are calibration data
     */
    public DataAwareStages(
            Model model,
            List<LayerPlan> plans,
            Optional<ActivationStatistics> statistics,
            CompressionListener listener) {
        this.model = model;
        this.plans = new ArrayList<>(plans);
        this.statistics = statistics;
        this.listener = listener;
    }

    /** What is planned now, in the order in which it was given; adapters that are compressed themselves come last. */
    public List<LayerPlan> plans() {
        return List.copyOf(plans);
    }

    /**
     * Scales weights where a layer before them, or a new Multiply, can take it back. Without statistics, or if the settings
     * say so, by the size of the weights alone. Where no layer can be corrected (see {@link AwqTargets#require}), because the
     * ratio left none of those with 4 bits, nothing is changed.
     */
    public void awq(AwqParameters settings) {
        boolean dataAware = statistics.isPresent() && settings.preferDataAwareScaling();
        List<AwqTargets.Target> targets = AwqTargets.find(plans);
        if (targets.isEmpty()) {
            listener.note("--awq: the ratio leaves no layer in 4 bits that AWQ could correct");
            return;
        }
        begin(dataAware ? "AWQ" : "data-free AWQ");
        long total = targets.stream()
                .mapToLong(target -> target.plan().layer().elements())
                .sum();
        long done = 0;
        for (AwqTargets.Target found : targets) {
            // An earlier target may have scaled this one's weight, as its producer.
            LayerPlan plan = plans.get(indexOf(found.plan().layer()));
            AwqTargets.Target target = new AwqTargets.Target(
                    plan, found.producer().map(p -> plans.get(indexOf(p)).layer()), found.point());
            if (!dataAware || find(plan.layer()).isPresent()) {
                correct(target, dataAware, settings);
            }
            done += plan.layer().elements();
            listener.progress(done, total);
        }
    }

    /**
     * AWQ as its paper has it: factors for all channels of every {@link AwqPlace}, found on the model as it is now, and ranges
     * of groups by the error of their outputs. Layers with stacked experts are left alone. Where no layer can be corrected,
     * because the ratio left none of those with 4 bits, only ranges are searched.
     *
     * @param ranges whether ranges are searched too; if not, a later stage finds scales
     * @param run how the model is run; the settings' subset bounds the samples
     */
    public void awq(AwqParameters settings, boolean ranges, CalibrationDataset dataset, StagedRun.Settings run) {
        begin("AWQ");
        PaperAwq awq = new PaperAwq(plans, settings, ranges);
        awq.search(model, dataset, run, listener);
        awq.apply(model, this::put)
                .forEach((layer, inverse) -> divided.merge(layer, inverse, DataAwareStages::product));
    }

    private void correct(AwqTargets.Target target, boolean dataAware, AwqParameters settings) {
        WeightedLayer layer = target.plan().layer();
        WeightConfig config = target.plan().config().orElseThrow();
        int batch = batch(layer);
        int columns = layer.layout().columns();
        int rows = layer.layout().rows() / batch;
        float[] factors = new float[batch * columns];
        for (int b = 0; b < batch; b++) {
            float[] w = new float[rows * columns];
            layer.matrix().read(b * rows, rows, w);
            float[] found = dataAware
                    ? AwqScales.dataAware(
                            w, rows, config, summary(layer, b, settings.subsetSize()), producer(target, b), settings)
                    : AwqScales.dataFree(w, rows, columns);
            System.arraycopy(found, 0, factors, b * columns, columns);
        }
        float[] inverse = new float[factors.length];
        for (int i = 0; i < inverse.length; i++) {
            inverse[i] = 1 / factors[i];
        }
        put(target.plan(), ScaledWeight.columns(layer, factors).replace(layer));
        if (target.producer().isPresent()) {
            WeightedLayer producer = target.producer().get();
            put(
                    plans.get(indexOf(producer)),
                    ScaledWeight.rows(producer, inverse).replace(producer));
        } else {
            GraphChanges.divide(model, layer, target.point(), inverse);
        }
        divided.merge(layer.name(), inverse, DataAwareStages::product);
    }

    private static float[] product(float[] a, float[] b) {
        float[] product = a.clone();
        for (int i = 0; i < a.length; i++) {
            product[i] *= b[i];
        }
        return product;
    }

    private Optional<AwqScales.Producer> producer(AwqTargets.Target target, int batch) {
        if (target.producer().isEmpty()) {
            return Optional.empty();
        }
        WeightedLayer producer = target.producer().get();
        Optional<LayerStatistics> known = find(producer);
        if (known.isEmpty()) {
            return Optional.empty();
        }
        int rows = producer.layout().rows() / batch(producer);
        int columns = producer.layout().columns();
        float[] w = new float[rows * columns];
        producer.matrix().read(batch * rows, rows, w);
        float largest = 0;
        for (float value : summary(producer, batch, Integer.MAX_VALUE).maxima()) {
            largest = Math.max(largest, value);
        }
        return Optional.of(AwqScales.Producer.of(w, rows, columns, largest));
    }

    /** Finds scales of 4-bit layers by the error of their outputs. Layers without statistics keep those of the formulas. */
    public void scaleEstimation(ScaleEstimationParameters settings) {
        forEach("scale estimation", plan -> isFourBit(plan) && isEstimable(plan), plan -> {
            WeightedLayer layer = plan.layer();
            WeightConfig config = plan.config().orElseThrow();
            int batch = batch(layer);
            int rows = layer.layout().rows() / batch;
            List<GroupParameters> parts = new ArrayList<>();
            for (int b = 0; b < batch; b++) {
                float[] w = new float[rows * layer.layout().columns()];
                layer.matrix().read(b * rows, rows, w);
                parts.add(
                        ScaleEstimation.estimate(w, rows, config, summary(layer, b, settings.subsetSize()), settings));
            }
            return plan.withParameters(stacked(parts));
        });
    }

    /** Powers of two cannot take the scales that would be estimated. */
    static boolean isEstimable(LayerPlan plan) {
        CompressionMode mode = plan.config().orElseThrow().mode();
        return mode != CompressionMode.MXFP4 && mode != CompressionMode.MXFP8_E4M3;
    }

    /** The parameters of stacked experts, one after the other. */
    static GroupParameters stacked(List<GroupParameters> parts) {
        GroupParameters first = parts.getFirst();
        if (parts.size() == 1) {
            return first;
        }
        int size = first.scales().length;
        float[] scales = new float[parts.size() * size];
        int[] zeroPoints = new int[parts.size() * first.zeroPoints().length];
        for (int i = 0; i < parts.size(); i++) {
            System.arraycopy(parts.get(i).scales(), 0, scales, i * size, size);
            int zeros = first.zeroPoints().length;
            System.arraycopy(parts.get(i).zeroPoints(), 0, zeroPoints, i * zeros, zeros);
        }
        return new GroupParameters(parts.size() * first.rows(), first.groups(), scales, zeroPoints);
    }

    /**
     * Quantizes the layers' weights one after the other on inputs that the layers before, already quantized, give. The weights of the
     * model become what they dequantize to.
     *
     * @param estimate whether scales of integers are estimated from the inputs
     * @param run how the model is run; the settings' subset bounds the samples
     */
    public void gptq(GptqParameters settings, boolean estimate, CalibrationDataset dataset, StagedRun.Settings run) {
        List<WeightedLayer> layers = plans.stream()
                .filter(DataAwareStages::isForGptq)
                .map(LayerPlan::layer)
                .toList();
        begin(estimate ? "GPTQ with scale estimation" : "GPTQ");
        long total = layers.stream().mapToLong(WeightedLayer::elements).sum();
        long[] done = new long[1];
        // The run's own stages are not the user's: one stage with one scale of progress.
        StagedRun.Settings quiet =
                run.withSubset(Math.min(run.subset(), settings.subsetSize())).withListener(CompressionListener.NONE);
        ActivationStatistics.layerByLayer(model, layers, dataset, quiet, (input, inputs) -> {
            Map<Boolean, List<WeightedLayer>> layersOfParts = input.layers().stream()
                    .collect(Collectors.partitioningBy(layer -> inputs.batch() == 1 || batch(layer) > 1));
            layersOfParts.forEach((ofParts, group) -> {
                if (!group.isEmpty()) {
                    quantize(group, ofParts ? inputs : inputs.joined(), settings, estimate, run);
                }
            });
            done[0] +=
                    input.layers().stream().mapToLong(WeightedLayer::elements).sum();
            listener.progress(done[0], total);
        });
    }

    private static boolean isForGptq(LayerPlan plan) {
        return plan.layer().kind() == WeightedLayer.Kind.MATMUL
                && plan.config().filter(config -> !config.mode().isInt8()).isPresent();
    }

    private void quantize(
            List<WeightedLayer> layers,
            LayerStatistics inputs,
            GptqParameters settings,
            boolean estimate,
            StagedRun.Settings run) {
        int columns = inputs.channels();
        float[] hessians = inputs.hessian().orElseThrow();
        Map<WeightedLayer, List<Gptq.Result>> results = new HashMap<>();
        for (int b = 0; b < inputs.batch(); b++) {
            float[] hessian = inputs.batch() == 1
                    ? hessians
                    : Arrays.copyOfRange(hessians, b * columns * columns, (b + 1) * columns * columns);
            Gptq.Moments moments = Gptq.Moments.of(hessian, columns, settings);
            Optional<ActivationSummary> x =
                    estimate ? Optional.of(summary(inputs, b, Gptq.ESTIMATION.subsetSize())) : Optional.empty();
            for (WeightedLayer layer : layers) {
                LayerPlan plan = plans.get(indexOf(layer));
                int rows = layer.layout().rows() / inputs.batch();
                float[] w = new float[rows * columns];
                layer.matrix().read(b * rows, rows, w);
                results.computeIfAbsent(layer, _ -> new ArrayList<>())
                        .add(Gptq.quantize(w, rows, columns, plan.config().orElseThrow(), moments, x, settings));
            }
        }
        for (WeightedLayer layer : layers) {
            LayerPlan plan = plans.get(indexOf(layer));
            Gptq.Result result = Gptq.Result.stacked(results.getOrDefault(layer, List.of()));
            DequantizedWeight weight =
                    new DequantizedWeight(layer, plan.config().orElseThrow(), result, run.folder());
            put(plan.withParameters(result.parameters()), weight.replace(layer));
        }
    }

    /**
     * Adds {@code (x·Aᵀ)·Bᵀ} to the outputs of 4-bit layers, for what quantization takes from them. Stacked experts and layers
     * without statistics are left alone. Adapters that are stored in 8 bits become plans of their own.
     */
    public void loraCorrection(LoraCorrectionParameters settings) {
        List<LayerPlan> adapters = new ArrayList<>();
        forEach("low-rank correction", plan -> isFourBit(plan) && isAdaptable(plan.layer()), plan -> {
            WeightedLayer layer = plan.layer();
            WeightConfig config = plan.config().orElseThrow();
            int rows = layer.layout().rows();
            int columns = layer.layout().columns();
            float[] loss = loss(plan, config, rows, columns);
            LowRank found =
                    LoraCorrection.adapters(loss, rows, config, summary(layer, 0, settings.subsetSize()), settings);
            adapters.addAll(GraphChanges.addAdapters(layer, found, settings.useInt8Adapters()));
            return plan;
        });
        plans.addAll(adapters);
    }

    private static boolean isAdaptable(WeightedLayer layer) {
        return batch(layer) == 1 && layer.port() == 1 && layer.activationChannelAxis() == -1;
    }

    private static float[] loss(LayerPlan plan, WeightConfig config, int rows, int columns) {
        float[] w = plan.layer().matrix().all();
        GroupParameters parameters =
                plan.parameters().orElseGet(() -> GroupQuantizer.parameters(w, rows, columns, config));
        byte[] codes = GroupQuantizer.codes(w, rows, columns, config, parameters);
        float[] loss = new float[w.length];
        GroupQuantizer.dequantize(codes, rows, columns, config, parameters, loss);
        for (int i = 0; i < w.length; i++) {
            loss[i] = w[i] - loss[i];
        }
        return loss;
    }

    /** A step that gives a plan for a plan. */
    @FunctionalInterface
    private interface Step {
        LayerPlan apply(LayerPlan plan);
    }

    private void forEach(String name, Predicate<LayerPlan> filter, Step step) {
        begin(name);
        List<LayerPlan> chosen = plans.stream()
                .filter(plan -> filter.test(plan) && find(plan.layer()).isPresent())
                .toList();
        long total = chosen.stream().mapToLong(plan -> plan.layer().elements()).sum();
        long done = 0;
        for (LayerPlan plan : chosen) {
            plans.set(indexOf(plan.layer()), step.apply(plan));
            done += plan.layer().elements();
            listener.progress(done, total);
        }
    }

    private void begin(String stage) {
        listener.stage(stage);
    }

    static boolean isFourBit(LayerPlan plan) {
        return plan.layer().kind() == WeightedLayer.Kind.MATMUL
                && plan.config().filter(config -> config.mode().bits() == 4).isPresent();
    }

    private Optional<LayerStatistics> find(WeightedLayer layer) {
        return statistics.flatMap(all -> all.find(layer));
    }

    private ActivationSummary summary(WeightedLayer layer, int batch, int subset) {
        LayerStatistics known = find(layer).orElseThrow();
        ActivationSummary summary = summary(batch(layer) == 1 ? known.joined() : known, batch, subset);
        float[] inverse = divided.get(layer.name());
        int columns = summary.channels();
        return inverse == null
                ? summary
                : summary.times(Arrays.copyOfRange(inverse, batch * columns, (batch + 1) * columns));
    }

    private static ActivationSummary summary(LayerStatistics statistics, int batch, int subset) {
        int size = statistics.channels() * statistics.samples();
        // Experts that all read one value share its statistics.
        int part = Math.min(batch, statistics.batch() - 1);
        float[] means = Arrays.copyOfRange(statistics.means(), part * size, (part + 1) * size);
        return ActivationSummary.of(statistics.channels(), means, statistics.lengths(), subset);
    }

    /** How many experts a layer's weight stacks. */
    static int batch(WeightedLayer layer) {
        return layer.data().shape().rank() == 3 ? (int) layer.data().shape().dim(0) : 1;
    }

    /** By layer and input, since the weight itself may have been replaced. */
    private int indexOf(WeightedLayer layer) {
        for (int i = 0; i < plans.size(); i++) {
            WeightedLayer other = plans.get(i).layer();
            if (other.consumer() == layer.consumer() && other.port() == layer.port()) {
                return i;
            }
        }
        throw new IllegalStateException("layer " + layer.consumer() + " has no plan");
    }

    private void put(LayerPlan plan, WeightedLayer layer) {
        plans.set(indexOf(layer), new LayerPlan(layer, plan.config(), plan.ratioDefining(), plan.parameters()));
    }
}
