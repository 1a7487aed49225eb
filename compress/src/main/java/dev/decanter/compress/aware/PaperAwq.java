package dev.decanter.compress.aware;

import dev.decanter.compress.AwqParameters;
import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.statistics.ActivationInput;
import dev.decanter.compress.statistics.ActivationStatistics;
import dev.decanter.compress.statistics.StagedRun;
import dev.decanter.compress.weights.GroupParameters;
import dev.decanter.compress.weights.LayerPlan;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.ir.Constants;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.Op;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * AWQ as its paper has it. All is found on the float model first and changed afterwards: the changes leave every value but
 * the scaled ones as it is, and the codes of a layer do not depend on factors of its rows.
 *
 * <p>In two things it differs from the published code: errors are those of each layer's output, not of a whole block's;
 * and ranges are searched for queries and keys too.
 */
final class PaperAwq {
    private final List<LayerPlan> plans;
    private final AwqParameters settings;
    private final boolean ranges;
    private final Map<Node, LayerPlan> byLayer = new HashMap<>();
    private final Map<Output, AwqPlace> places;
    private final Map<Output, float[]> factors = new LinkedHashMap<>();
    private final Map<Node, GroupParameters> parameters = new HashMap<>();

    PaperAwq(List<LayerPlan> plans, AwqParameters settings, boolean ranges) {
        this.plans = List.copyOf(plans);
        this.settings = settings;
        this.ranges = ranges;
        places = AwqPlace.find(plans);
        plans.forEach(plan -> byLayer.put(plan.layer().consumer(), plan));
    }

    /** Runs the model and searches; changes nothing. */
    void search(Model model, CalibrationDataset dataset, StagedRun.Settings run, CompressionListener listener) {
        List<WeightedLayer> layers = plans.stream()
                .filter(plan -> DataAwareStages.isFourBit(plan) && DataAwareStages.batch(plan.layer()) == 1)
                .map(LayerPlan::layer)
                .toList();
        if (layers.isEmpty()) {
            listener.note("--awq: the ratio leaves no layer in 4 bits that AWQ could correct");
            return;
        }
        long total = layers.stream().mapToLong(WeightedLayer::elements).sum();
        long[] done = new long[1];
        // The run's own stages are not the user's: one stage with one scale of progress.
        StagedRun.Settings quiet =
                run.withSubset(Math.min(run.subset(), settings.subsetSize())).withListener(CompressionListener.NONE);
        Map<ActivationInput, InputMoments> seen = new HashMap<>();
        ActivationStatistics.rows(model, layers, dataset, quiet, new ActivationStatistics.Rows() {
            @Override
            public void add(ActivationInput input, float[] values, int count) {
                seen.computeIfAbsent(input, PaperAwq.this::moments).add(values, count);
            }

            @Override
            public void finished(ActivationInput input) {
                InputMoments moments = Optional.ofNullable(seen.remove(input))
                        .orElseThrow(() -> new IllegalStateException(input.name()));
                search(input, moments);
                done[0] += input.layers().stream()
                        .mapToLong(WeightedLayer::elements)
                        .sum();
                listener.progress(done[0], total);
            }
        });
    }

    private InputMoments moments(ActivationInput input) {
        int columns = input.layers().getFirst().layout().columns();
        return new InputMoments(
                columns, plan(input.layers().getFirst()).config().orElseThrow().groupLength(columns));
    }

    private LayerPlan plan(WeightedLayer layer) {
        LayerPlan plan = byLayer.get(layer.consumer());
        if (plan == null) {
            throw new IllegalStateException("layer " + layer.consumer() + " has no plan");
        }
        return plan;
    }

    private void search(ActivationInput input, InputMoments moments) {
        List<LayerPlan> layers = input.layers().stream().map(this::plan).toList();
        float[] found = new float[moments.channels()];
        Arrays.fill(found, 1);
        AwqPlace place = places.get(input.value());
        if (place != null) {
            found = ChannelSearch.factors(layers, moments, settings);
            if (place.divisor() instanceof AwqPlace.Divisor.Norm norm) {
                found = representable(norm.weight(), found);
            }
            factors.put(input.value(), found);
        }
        for (LayerPlan plan : layers) {
            if (ranges && DataAwareStages.isEstimable(plan)) {
                parameters.put(plan.layer().consumer(), RangeSearch.search(plan, moments, found));
            }
        }
    }

    /** Factors next to these by which the norm's weights, in their type, are divided without an error. */
    private static float[] representable(Node weight, float[] factors) {
        double[] before = numbers(weight);
        double[] after = numbers(divided(weight, factors));
        float[] exact = factors.clone();
        for (int i = 0; i < exact.length; i++) {
            double factor = before[i] / after[i];
            boolean usable = Double.isFinite(after[i]) && Double.isFinite(factor) && factor > 0;
            exact[i] = usable ? (float) factor : 1;
        }
        return exact;
    }

    private static double[] numbers(Node constant) {
        return Constants.numbers(constant.output())
                .orElseThrow(() -> new CompressionException("constant \"" + constant.name() + "\" cannot be read"));
    }

    private static Node divided(Node constant, float[] factors) {
        double[] values = numbers(constant);
        for (int i = 0; i < values.length; i++) {
            values[i] /= factors[i];
        }
        Op.Constant data = (Op.Constant) constant.op();
        Node made = Constants.numbers(data.elementType(), constant.name(), data.shape(), values);
        made.runtimeAttributes().addAll(constant.runtimeAttributes());
        return made;
    }

    /**
     * Changes the model.
     *
     * @param changed takes each plan with the layer that is planned now
     * @return what inputs of layers are multiplied by, by name of the layer
     */
    Map<String, float[]> apply(Model model, BiConsumer<LayerPlan, WeightedLayer> changed) {
        Map<Node, WeightedLayer> layers = new HashMap<>();
        plans.forEach(plan -> layers.put(plan.layer().consumer(), plan.layer()));
        Map<String, float[]> inverses = new HashMap<>();
        factors.forEach((value, found) -> {
            AwqPlace place = Objects.requireNonNull(places.get(value));
            float[] inverse = new float[found.length];
            for (int i = 0; i < inverse.length; i++) {
                inverse[i] = 1 / found[i];
            }
            for (WeightedLayer reader : place.readers()) {
                layers.computeIfPresent(
                        reader.consumer(),
                        (_, now) -> ScaledWeight.columns(now, found).replace(now));
                inverses.put(reader.name(), inverse);
            }
            switch (place.divisor()) {
                case AwqPlace.Divisor.Norm(Node weight, Optional<Node> bias) -> {
                    weight.output().replaceWith(divided(weight, found).output());
                    bias.ifPresent(b -> b.output().replaceWith(divided(b, found).output()));
                }
                case AwqPlace.Divisor.Before(AwqTargets.Target target) ->
                    target.producer()
                            .ifPresentOrElse(
                                    producer -> scaleRows(producer, inverse, layers),
                                    () -> GraphChanges.divide(
                                            model, target.plan().layer(), target.point(), inverse));
            }
        });
        for (LayerPlan plan : plans) {
            Node layer = plan.layer().consumer();
            LayerPlan with = Optional.ofNullable(parameters.get(layer))
                    .map(plan::withParameters)
                    .orElse(plan);
            changed.accept(with, Optional.ofNullable(layers.get(layer)).orElse(plan.layer()));
        }
        return inverses;
    }

    private void scaleRows(WeightedLayer producer, float[] factors, Map<Node, WeightedLayer> layers) {
        layers.computeIfPresent(
                producer.consumer(), (_, now) -> ScaledWeight.rows(now, factors).replace(now));
        parameters.computeIfPresent(producer.consumer(), (_, found) -> {
            float[] scales = found.scales();
            for (int i = 0; i < scales.length; i++) {
                scales[i] *= factors[i / found.groups()];
            }
            return new GroupParameters(found.rows(), found.groups(), scales, found.zeroPoints());
        });
    }
}
