package dev.decanter.compress.statistics;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.ir.Model;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The statistics of the inputs of a model's layers. */
public final class ActivationStatistics {
    private final Map<String, LayerStatistics> byLayer = new LinkedHashMap<>();

    private ActivationStatistics() {}

    static ActivationStatistics of(Map<ActivationInput, LayerStatistics> collected) {
        ActivationStatistics all = new ActivationStatistics();
        collected.forEach(
                (input, statistics) -> input.layers().forEach(layer -> all.byLayer.put(layer.name(), statistics)));
        return all;
    }

    /** Of a layer; empty for layers that are no MatMul or were not asked for. */
    public Optional<LayerStatistics> find(WeightedLayer layer) {
        return Optional.ofNullable(byLayer.get(layer.name()));
    }

    /**
     * Runs the model on the data and gathers the statistics of the inputs of the MatMuls among {@code layers}, all layers unchanged.
     *
     * @throws dev.decanter.compress.CompressionException if the data do not fit the model
     */
    public static ActivationStatistics collect(
            Model model, Collection<WeightedLayer> layers, CalibrationDataset dataset, StagedRun.Settings settings) {
        return of(collectInputs(model, ActivationInput.of(layers), dataset, settings));
    }

    /**
     * As {@link #collect}, but takes from {@code folder} what is there already, and writes there what was missing. The layout is that
     * of NNCF's statistics; Hessians are not kept.
     *
     * @throws dev.decanter.compress.CompressionException if the folder holds statistics of another model or of other data, is
     *     damaged, or cannot be written
     */
    public static ActivationStatistics collect(
            Model model,
            Collection<WeightedLayer> layers,
            CalibrationDataset dataset,
            StagedRun.Settings settings,
            Path folder) {
        int samples = Math.min(dataset.size(), settings.subset());
        StatisticsFolder kept =
                new StatisticsFolder(folder, Fingerprint.of(model), Fingerprint.of(dataset, samples), samples);
        List<ActivationInput> inputs = ActivationInput.of(layers);
        Map<ActivationInput, LayerStatistics> all = kept.read(inputs, settings.listener());
        List<ActivationInput> missing =
                inputs.stream().filter(input -> !all.containsKey(input)).toList();
        if (!missing.isEmpty()) {
            all.putAll(collectInputs(model, missing, dataset, settings));
            kept.write(all);
        }
        return of(all);
    }

    static Map<ActivationInput, LayerStatistics> collectInputs(
            Model model, List<ActivationInput> inputs, CalibrationDataset dataset, StagedRun.Settings settings) {
        StagedRun run = new StagedRun(model, dataset, settings);
        Map<ActivationInput, ActivationCollector> collectors = new LinkedHashMap<>();
        for (ActivationInput input : inputs) {
            ActivationCollector collector = new ActivationCollector(input, false);
            collectors.put(input, collector);
            run.observe(input.value(), collector);
        }
        run.run();
        Map<ActivationInput, LayerStatistics> statistics = new LinkedHashMap<>();
        collectors.forEach((input, collector) -> statistics.put(input, collector.statistics()));
        return statistics;
    }

    /** Takes layers that share an input, with the statistics of that input, Hessian included. */
    @FunctionalInterface
    public interface Step {
        /**
         * The layers' weights may be replaced in the graph ({@code layer.consumer().replaceInput(layer.port(), …)}); layers that
         * come later are then calibrated on what the changed layers give.
         */
        void accept(ActivationInput input, LayerStatistics statistics);
    }

    /**
     * Runs the model on the data, and stops at each input of the MatMuls among {@code layers}, in the order of the graph, before the
     * layers that read it run. Only one Hessian is held at a time, unless two inputs are computed in one go.
     *
     * @throws dev.decanter.compress.CompressionException if the data do not fit the model
     */
    public static void layerByLayer(
            Model model,
            Collection<WeightedLayer> layers,
            CalibrationDataset dataset,
            StagedRun.Settings settings,
            Step step) {
        StagedRun run = new StagedRun(model, dataset, settings);
        for (ActivationInput input : ActivationInput.of(layers)) {
            List<ActivationCollector> now = new ArrayList<>();
            Observer observer = (index, value) -> {
                if (now.isEmpty()) {
                    now.add(new ActivationCollector(input, true));
                }
                now.getFirst().sample(index, value);
            };
            run.observe(input.value(), observer, () -> {
                ActivationCollector collector = now.removeFirst();
                step.accept(input, collector.statistics());
            });
        }
        run.run();
    }

    /** Takes the values of inputs as they come. */
    public interface Rows {
        /** Takes {@code count} rows of an input's channels; {@code values} may be kept. */
        void add(ActivationInput input, float[] values, int count);

        /** Says that the input was seen of all samples. The graph must not be changed. */
        void finished(ActivationInput input);
    }

    /**
     * Runs the model on the data and shows the inputs of the MatMuls among {@code layers}, one after the other in the order of
     * the graph, all rows of a sample at a time.
     *
     * @throws dev.decanter.compress.CompressionException if the data do not fit the model
     */
    public static void rows(
            Model model,
            Collection<WeightedLayer> layers,
            CalibrationDataset dataset,
            StagedRun.Settings settings,
            Rows rows) {
        StagedRun run = new StagedRun(model, dataset, settings);
        for (ActivationInput input : ActivationInput.of(layers)) {
            String name = input.layers().getFirst().name();
            Observer observer = (_, value) -> {
                Activations x = Activations.of(name, value, input.channelAxis());
                rows.add(input, x.values(), x.batch() * x.tokens());
            };
            run.observe(input.value(), observer, () -> rows.finished(input));
        }
        run.run();
    }
}
