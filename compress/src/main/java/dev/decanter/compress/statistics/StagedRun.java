package dev.decanter.compress.statistics;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionListener;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Runs a model over calibration data with the memory of a part of it. The graph is cut along its order into stages of some weights
 * each; a stage is compiled, all samples go through it, what crosses the cut is kept, and the stage is closed. Only what the
 * observed values need is run.
 *
 * <p>Each sample starts on an empty state. Weights may be mapped or computed on demand. With {@link #observe(Output, Observer,
 * Runnable)}, layers that read a value run after it was seen of all samples, so that a method like GPTQ sets their weights knowing
 * their input as the layers before, already changed, give it.
 *
 * {@snippet :
 * StagedRun run = new StagedRun(model, dataset, StagedRun.Settings.defaults());
 * run.observe(layer.activation(), (sample, tensor) -> maxima.add(tensor));
 * run.run();
 * }
 */
public final class StagedRun {
    /**
     * How to run.
     *
     * @param core where the device is looked for
     * @param device its name; {@link Core#AUTO} takes the fastest
     * @param properties compile properties of the device
     * @param stageBytes bytes of weights, as stored, that a stage should not exceed; a single layer may
     * @param memoryLimit bytes of values between stages that are kept in memory; what is more goes to files
     * @param folder where those files are
     * @param subset how many samples are run at most, the first ones of the dataset
     * @param listener is told of each stage; may throw to cancel
     */
    public record Settings(
            Core core,
            String device,
            Map<String, String> properties,
            long stageBytes,
            long memoryLimit,
            Path folder,
            int subset,
            CompressionListener listener) {
        /** 256 MB of weights a stage, 1 GB of values in memory, files in the system's temporary folder, all samples. */
        public static Settings defaults() {
            return new Settings(
                    Core.create(),
                    Core.AUTO,
                    Map.of(),
                    256L << 20,
                    1L << 30,
                    Path.of(System.getProperty("java.io.tmpdir")),
                    Integer.MAX_VALUE,
                    CompressionListener.NONE);
        }

        public Settings {
            properties = Map.copyOf(properties);
            if (stageBytes < 1 || memoryLimit < 0 || subset < 1) {
                throw new CompressionException("stages of " + stageBytes + " bytes, " + memoryLimit
                        + " bytes of memory and " + subset + " samples cannot be; all must be positive");
            }
        }

        public Settings withDevice(String value) {
            return new Settings(core, value, properties, stageBytes, memoryLimit, folder, subset, listener);
        }

        public Settings withStageBytes(long value) {
            return new Settings(core, device, properties, value, memoryLimit, folder, subset, listener);
        }

        public Settings withMemoryLimit(long value) {
            return new Settings(core, device, properties, stageBytes, value, folder, subset, listener);
        }

        public Settings withFolder(Path value) {
            return new Settings(core, device, properties, stageBytes, memoryLimit, value, subset, listener);
        }

        public Settings withSubset(int value) {
            return new Settings(core, device, properties, stageBytes, memoryLimit, folder, value, listener);
        }

        public Settings withListener(CompressionListener value) {
            return new Settings(core, device, properties, stageBytes, memoryLimit, folder, subset, value);
        }
    }

    /** What to do with a value. */
    private record Watch(Observer observer, Optional<Runnable> then) {}

    private final Model model;
    private final CalibrationDataset dataset;
    private final Settings settings;
    private final Map<Output, List<Watch>> watches = new LinkedHashMap<>();
    private long spilledBytes;
    private int stageCount;

    /** Prepares a run; throws {@link CompressionException} if the dataset is empty. */
    public StagedRun(Model model, CalibrationDataset dataset, Settings settings) {
        this.model = model;
        this.dataset = dataset;
        this.settings = settings;
        if (dataset.size() < 1) {
            throw new CompressionException("the calibration dataset has no samples; give one with --dataset");
        }
    }

    /** Lets {@code observer} see a value of every sample. Returns this. */
    public StagedRun observe(Output value, Observer observer) {
        return add(value, new Watch(observer, Optional.empty()));
    }

    /**
     * As {@link #observe(Output, Observer)}, and then runs {@code then} once, before any layer that reads the value is compiled. It
     * may give those layers other weights ({@link dev.decanter.ir.Node#replaceInput}), which later layers and observers feel; it
     * must not change anything else of the graph. Returns this.
     */
    public StagedRun observe(Output value, Observer observer, Runnable then) {
        return add(value, new Watch(observer, Optional.of(then)));
    }

    private StagedRun add(Output value, Watch watch) {
        watches.computeIfAbsent(StageGraph.resolve(value), _ -> new ArrayList<>())
                .add(watch);
        return this;
    }

    /** How many samples {@link #run} sends through the model. */
    public int samples() {
        return Math.min(dataset.size(), settings.subset());
    }

    /** How many bytes the last run had to put into files. */
    public long spilledBytes() {
        return spilledBytes;
    }

    /** How many stages the last run had. */
    public int stages() {
        return stageCount;
    }

    /**
     * Runs all samples through all that the observers need.
     *
     * @throws CompressionException if a sample does not fit the model, an observed value is not one of the model's, or values
     *     cannot be kept
     * @throws dev.decanter.runtime.InferenceException if the device cannot run a stage
     */
    public void run() {
        if (watches.isEmpty()) {
            return;
        }
        StageGraph graph = new StageGraph(model, watches.keySet());
        List<Output> barriers = watches.entrySet().stream()
                .filter(entry ->
                        entry.getValue().stream().anyMatch(w -> w.then().isPresent()))
                .map(Map.Entry::getKey)
                .toList();
        StagePlan plan = new StagePlan(graph, watches.keySet(), barriers, settings.stageBytes());
        SampleInputs inputs = new SampleInputs(model, dataset);
        stageCount = plan.stages().size();
        try (CrossingValues values = new CrossingValues(samples(), settings.memoryLimit(), settings.folder())) {
            for (StagePlan.Stage stage : plan.stages()) {
                settings.listener().stage("statistics, stage " + (stage.index() + 1) + " of " + stageCount);
                run(graph, stage, inputs, values);
                stage.inputs().stream()
                        .filter(input -> plan.lastUse(input) == stage.index())
                        .forEach(values::drop);
                for (Output seen : stage.observed()) {
                    for (Watch watch : watches.getOrDefault(seen, List.of())) {
                        watch.then().ifPresent(Runnable::run);
                    }
                }
            }
            spilledBytes = values.spilledBytes();
        }
    }

    private void run(StageGraph graph, StagePlan.Stage stage, SampleInputs inputs, CrossingValues values) {
        List<Output> fromSample = new ArrayList<>();
        List<Output> carried = new ArrayList<>();
        for (Output input : stage.inputs()) {
            (input.node().op() instanceof Op.Parameter ? fromSample : carried).add(input);
        }
        for (Output seen : stage.observed()) {
            if (seen.node().op() instanceof Op.Parameter && !fromSample.contains(seen)) {
                fromSample.add(seen);
            }
        }
        String name = model.name() + ", stage " + (stage.index() + 1);
        try (StageModel part = new StageModel(name, graph, stage);
                CompiledModel compiled =
                        settings.core().compileAccurately(part.model(), settings.device(), settings.properties());
                InferRequest request = compiled.createInferRequest()) {
            for (int i = 0; i < samples(); i++) {
                Map<Output, Tensor> known = new HashMap<>();
                if (!fromSample.isEmpty()) {
                    known.putAll(inputs.of(i, fromSample));
                }
                for (Output input : carried) {
                    known.put(input, values.at(input, i));
                }
                part.inputNames().forEach((input, inputName) -> request.setTensor(inputName, tensor(known, input)));
                if (!part.results().isEmpty()) {
                    request.infer();
                    List<Tensor> results = request.outputs();
                    part.results().forEach((value, number) -> known.put(value, results.get(number)));
                }
                for (Output leaving : stage.outputs()) {
                    values.put(leaving, i, tensor(known, leaving));
                }
                for (Output seen : stage.observed()) {
                    show(seen, i, tensor(known, seen));
                }
                settings.listener().progress(i + 1L, samples());
            }
        }
    }

    private static Tensor tensor(Map<Output, Tensor> known, Output value) {
        return Objects.requireNonNull(known.get(value));
    }

    private void show(Output value, int sample, Tensor tensor) {
        for (Watch watch : watches.getOrDefault(value, List.of())) {
            watch.observer().sample(sample, tensor);
        }
    }
}
