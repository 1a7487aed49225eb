package dev.decanter.compress;

import dev.decanter.compress.aware.AwqTargets;
import dev.decanter.compress.aware.DataAwareStages;
import dev.decanter.compress.statistics.ActivationStatistics;
import dev.decanter.compress.statistics.LayerStatistics;
import dev.decanter.compress.statistics.SensitivityScore;
import dev.decanter.compress.statistics.StagedRun;
import dev.decanter.compress.weights.IgnoredLayers;
import dev.decanter.compress.weights.Insertion;
import dev.decanter.compress.weights.LayerPlan;
import dev.decanter.compress.weights.MixedPrecision;
import dev.decanter.compress.weights.Selection;
import dev.decanter.compress.weights.StoredWeights;
import dev.decanter.compress.weights.WeightConfig;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.ir.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The stages of a compression, in NNCF's order: statistics, mixed precision, group sizes, AWQ, then GPTQ, or scale
 * estimation and low-rank correction, and the subgraphs. What can be refused is refused before any weight is read.
 */
final class CompressionRun {
    private final Model model;
    private final CompressionOptions options;
    private final CompressionListener listener;

    CompressionRun(Model model, CompressionOptions options) {
        this.model = model;
        this.options = options;
        listener = options.listener();
    }

    CompressionReport run() {
        checkUncompressed();
        Selection selection = Selection.of(model, options.request(), new IgnoredLayers(model, options.ignoredScope()));
        selection.notes().forEach(listener::note);
        List<LayerPlan> plans = selection.plans();
        // Whatever the ratio: which layers get the backup mode is known only when all weights were read.
        Selection.checkGroupSizes(plans);
        boolean mixed = options.ratio() < 1 && plans.stream().anyMatch(LayerPlan::ratioDefining);
        if (options.awq().isPresent()) {
            AwqTargets.require(model, plans, options.searchesPlaces());
        }
        if (options.dataset().isPresent() && !options.usesData()) {
            listener.note("nothing that was asked for looks at the --dataset");
        }
        if (options.statistics().isPresent() && !options.needsStatistics()) {
            listener.note("nothing that was asked for gathers what --quantization-statistics-path keeps");
        }
        if (options.scaleEstimation().isPresent()
                && options.searchesPlaces()
                && options.gptq().isEmpty()) {
            listener.note("--scale-estimation: the search of --awq finds the scales already");
        }
        Optional<ActivationStatistics> statistics =
                options.needsStatistics() ? Optional.of(collect(plans)) : Optional.empty();
        if (mixed) {
            plans = divide(plans, statistics);
        }
        CompressionReport report = report(plans, selection.skipped());
        insert(improve(plans, statistics));
        CompressionInfo.write(model, options);
        return report;
    }

    private void checkUncompressed() {
        StoredWeights.firstCompressed(model).ifPresent(layer -> {
            throw new CompressionException("the model is compressed already (layer \"" + layer.layer() + "\" is "
                    + layer.label() + "); start from the original, uncompressed model");
        });
        if (CompressionInfo.isCompressed(model)) {
            throw new CompressionException("the model was compressed before, says its rt_info (nncf);"
                    + " start from the original, uncompressed model");
        }
    }

    private StagedRun.Settings staged() {
        return StagedRun.Settings.defaults().withSubset(options.subsetSize()).withListener(listener);
    }

    private ActivationStatistics collect(List<LayerPlan> plans) {
        listener.stage("statistics");
        List<WeightedLayer> layers = plans.stream()
                .filter(plan -> plan.ratioDefining() || plan.config().isPresent())
                .map(LayerPlan::layer)
                .toList();
        CalibrationDataset dataset = options.dataset().orElseThrow();
        return options.statistics()
                .map(folder -> ActivationStatistics.collect(model, layers, dataset, staged(), folder))
                .orElseGet(() -> ActivationStatistics.collect(model, layers, dataset, staged()));
    }

    private List<LayerPlan> divide(List<LayerPlan> plans, Optional<ActivationStatistics> statistics) {
        listener.stage("mixed precision");
        List<WeightedLayer> layers = plans.stream()
                .filter(LayerPlan::ratioDefining)
                .map(LayerPlan::layer)
                .toList();
        long total = layers.stream().mapToLong(WeightedLayer::elements).sum();
        double[] scores = new double[layers.size()];
        long done = 0;
        for (int i = 0; i < scores.length; i++) {
            listener.progress(done, total);
            scores[i] = score(layers.get(i), statistics);
            done += layers.get(i).elements();
        }
        listener.progress(total, total);
        return MixedPrecision.divide(
                plans, scores, options.ratio(), options.request().backup());
    }

    private double score(WeightedLayer layer, Optional<ActivationStatistics> statistics) {
        SensitivityMetric metric = options.metric();
        if (!metric.needsData()) {
            return MixedPrecision.inverseError(layer);
        }
        Optional<LayerStatistics> known = statistics.flatMap(all -> all.find(layer));
        if (known.isEmpty()) {
            // Embeddings: nothing is known of how much they matter, so they are the first to lose bits.
            return 0;
        }
        double error = metric == SensitivityMetric.HESSIAN_INPUT_ACTIVATION
                ? MixedPrecision.errorNorm(layer)
                : MixedPrecision.largestError(layer);
        return SensitivityScore.of(metric, error, layer.elementType(), known.get());
    }

    private List<LayerPlan> improve(List<LayerPlan> plans, Optional<ActivationStatistics> statistics) {
        DataAwareStages stages = new DataAwareStages(model, plans, statistics, listener);
        if (options.searchesPlaces()) {
            boolean ranges = options.gptq().isEmpty();
            stages.awq(options.awq().orElseThrow(), ranges, options.dataset().orElseThrow(), staged());
        } else {
            options.awq().ifPresent(stages::awq);
        }
        if (options.gptq().isPresent()) {
            stages.gptq(
                    options.gptq().get(),
                    options.scaleEstimation().isPresent(),
                    options.dataset().orElseThrow(),
                    staged());
        } else {
            options.scaleEstimation().filter(_ -> options.estimatesScales()).ifPresent(stages::scaleEstimation);
            options.loraCorrection().ifPresent(stages::loraCorrection);
        }
        return stages.plans();
    }

    private void insert(List<LayerPlan> plans) {
        Insertion insertion = new Insertion(model);
        for (LayerPlan plan : plans) {
            if (plan.config().isPresent()) {
                insertion.insert(plan);
            }
        }
        model.removeDead();
    }

    private static CompressionReport report(List<LayerPlan> plans, List<WeightedLayer> skipped) {
        List<LayerDecision> layers = new ArrayList<>();
        plans.forEach(plan -> layers.add(decision(plan.layer(), plan.config(), plan.ratioDefining())));
        skipped.forEach(layer -> layers.add(decision(layer, Optional.empty(), false)));
        return new CompressionReport(BitwidthTable.of(layers), layers);
    }

    private static LayerDecision decision(WeightedLayer layer, Optional<WeightConfig> config, boolean ratioDefining) {
        return new LayerDecision(
                layer.name(),
                layer.weightName(),
                config.map(WeightConfig::label).orElse("float"),
                config.map(c -> c.mode().bits()).orElse(32),
                layer.elements(),
                ratioDefining);
    }
}
