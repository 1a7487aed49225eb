package dev.decanter.compress;

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
 * Compresses the weights of a model in place, as NNCF's {@code compress_weights} does: the same layers, formulas and graphs.
 *
 * {@snippet :
 * WeightCompression int4 = WeightCompression.builder()
 *         .mode(CompressionMode.INT4_SYM)
 *         .groupSize(64)
 *         .ratio(0.8)
 *         .build();
 * System.out.println(int4.compress(model).table());
 * IrWriter.write(model, xml); // weights are computed while they are written
 * }
 *
 * <p>Weights are not read before a writer or device asks for them, but for a ratio below 1 and by data-aware methods. So a
 * weight that is not finite is refused then, with {@link CompressionException}.
 */
public final class WeightCompression {
    private final CompressionOptions options;

    private WeightCompression(CompressionOptions options) {
        this.options = options;
    }

    /** A builder with NNCF's defaults: INT8_ASYM, every layer. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Compresses the weights of {@code model}; says what became of each.
     *
     * @throws CompressionException if the model is compressed already, if a name of the ignored scope matches nothing, or
     *     if the group size does not divide the channels of a layer; the model is not changed then
     */
    public CompressionReport compress(Model model) {
        checkUncompressed(model);
        IgnoredLayers ignored = new IgnoredLayers(model, options.ignoredScope());
        Selection selection = Selection.of(model, options.request(), ignored);
        selection.notes().forEach(options.listener()::note);
        boolean mixed = options.ratio() < 1 && selection.plans().stream().anyMatch(LayerPlan::ratioDefining);
        if (!mixed) {
            Selection.checkGroupSizes(selection.plans());
        }
        List<LayerPlan> plans = mixed ? divide(selection.plans()) : selection.plans();
        Selection.checkGroupSizes(plans);
        CompressionReport report = report(plans, selection.skipped());
        insert(model, plans);
        CompressionInfo.write(model, options);
        return report;
    }

    private static void checkUncompressed(Model model) {
        StoredWeights.firstCompressed(model).ifPresent(layer -> {
            throw new CompressionException("the model is compressed already (layer \"" + layer.layer() + "\" is "
                    + layer.label() + "); start from the original, uncompressed model");
        });
        if (CompressionInfo.isCompressed(model)) {
            throw new CompressionException("the model was compressed before, says its rt_info (nncf);"
                    + " start from the original, uncompressed model");
        }
    }

    private List<LayerPlan> divide(List<LayerPlan> plans) {
        options.listener().stage("mixed precision");
        List<WeightedLayer> layers = plans.stream()
                .filter(LayerPlan::ratioDefining)
                .map(LayerPlan::layer)
                .toList();
        long total = layers.stream().mapToLong(WeightedLayer::elements).sum();
        double[] scores = new double[layers.size()];
        long done = 0;
        for (int i = 0; i < scores.length; i++) {
            options.listener().progress(done, total);
            scores[i] = MixedPrecision.inverseError(layers.get(i), false);
            done += layers.get(i).elements();
        }
        options.listener().progress(total, total);
        return MixedPrecision.divide(
                plans, scores, options.ratio(), options.request().backup());
    }

    private static void insert(Model model, List<LayerPlan> plans) {
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

    /** Options that are not set have NNCF's defaults. */
    public static final class Builder {
        private CompressionMode mode = CompressionMode.INT8_ASYM;
        private Optional<Double> ratio = Optional.empty();
        private Optional<Integer> groupSize = Optional.empty();
        private GroupSizeFallback fallback = GroupSizeFallback.ERROR;
        private Optional<Boolean> allLayers = Optional.empty();
        private Optional<BackupMode> backupMode = Optional.empty();
        private Optional<SensitivityMetric> metric = Optional.empty();
        private IgnoredScope ignoredScope = IgnoredScope.NONE;
        private CompressionListener listener = CompressionListener.NONE;

        private Builder() {}

        /** The form of the weights that the ratio counts; INT8_ASYM by default. */
        public Builder mode(CompressionMode value) {
            mode = value;
            return this;
        }

        /** The share of weights, 0 to 1, that gets the mode; the more sensitive rest gets the backup mode. 1 by default. */
        public Builder ratio(double value) {
            ratio = Optional.of(value);
            return this;
        }

        /** Elements that share a scale; −1: a whole row. By default what the mode says. */
        public Builder groupSize(int value) {
            groupSize = Optional.of(value);
            return this;
        }

        public Builder groupSizeFallback(GroupSizeFallback value) {
            fallback = value;
            return this;
        }

        /** Whether embeddings and the last MatMul get the mode too, and not the backup mode; false by default. */
        public Builder allLayers(boolean value) {
            allLayers = Optional.of(value);
            return this;
        }

        public Builder backupMode(BackupMode value) {
            backupMode = Optional.of(value);
            return this;
        }

        /** By what layers are ranked if the ratio is below 1. */
        public Builder sensitivityMetric(SensitivityMetric value) {
            metric = Optional.of(value);
            return this;
        }

        public Builder ignoredScope(IgnoredScope value) {
            ignoredScope = value;
            return this;
        }

        public Builder listener(CompressionListener value) {
            listener = value;
            return this;
        }

        /** Throws {@link CompressionException} if the options do not go together, naming them and the remedy. */
        public WeightCompression build() {
            return new WeightCompression(new CompressionOptions(
                    mode, ratio, groupSize, fallback, allLayers, backupMode, metric, ignoredScope, listener));
        }
    }
}
