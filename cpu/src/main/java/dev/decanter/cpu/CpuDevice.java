package dev.decanter.cpu;

import dev.decanter.cpu.cache.CompileCache;
import dev.decanter.cpu.cache.PlanKeeper;
import dev.decanter.cpu.compile.CompileOptions;
import dev.decanter.cpu.compile.CpuCompiler;
import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.VectorSupport;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.cpu.machine.MachineAttention;
import dev.decanter.cpu.machine.MachineCode;
import dev.decanter.ir.Model;
import dev.decanter.runtime.DeviceLimits;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.ModelSource;
import dev.decanter.runtime.UnpreparedException;
import dev.decanter.runtime.spi.Compiled;
import dev.decanter.runtime.spi.Device;
import dev.decanter.runtime.spi.Executable;
import dev.decanter.runtime.spi.Execution;
import dev.decanter.runtime.spi.OperationExtension;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;

/** The CPU device: vectorised kernels, a thread team for each compiled model. */
public final class CpuDevice implements Device {
    /** Compile property: number of threads, {@code 0} for one a processor. */
    public static final String NUM_THREADS = "INFERENCE_NUM_THREADS";

    /**
     * Compile property: {@code PERFORMANCE} or {@code ACCURACY}, which computes nothing with fewer bits than the model has.
     */
    public static final String EXECUTION_MODE = CompileOptions.MODE;

    /**
     * Compile property: inputs of a row of activations that are quantized together, to 8 bits, for products by weights of
     * integers of 4 and 8 bits with one scale a row; a weight in groups has its own. Rounded up to a multiple of 32, at most 512. {@code 0}: activations stay f32.
     * {@code AUTO}: what the model's {@code runtime_options} say, else 128, or 0 in mode {@code ACCURACY}.
     */
    public static final String DYNAMIC_QUANTIZATION = CompileOptions.GROUP_SIZE;

    /**
     * Compile property: how requests keep keys and values, {@code f32}, {@code f16} or {@code u8} ({@link CachePrecision}).
     * {@code AUTO}: f32 in mode {@code ACCURACY}, else what the model's {@code runtime_options} say, else f16.
     */
    public static final String KV_CACHE_PRECISION = CompileOptions.CACHE;

    /**
     * Compile property: the folder in which re-laid weights, and the graph after all passes, are kept for the next start; empty for
     * none. Made if it does not exist. It takes about as much disk as the model, and nothing is ever removed but what a newer build
     * of Decanter replaces.
     */
    public static final String CACHE_DIR = "CACHE_DIR";

    /**
     * System property: {@code kept} for a JVM without the Vector API, which starts sooner. It runs only models from {@link
     * #CACHE_DIR} that machine code computes alone; {@link UnpreparedException} says of any other that it takes a JVM with it.
     */
    public static final String START = "decanter.cpu.start";

    private static final String KEPT = "kept";
    private static final int MAX_THREADS = 1024;
    private static final AtomicBoolean WARNED = new AtomicBoolean();
    private static final AtomicBoolean BEGUN = new AtomicBoolean();

    /** For the service loader. What takes a while to find out begins at once, beside what the caller does until it compiles. */
    public CpuDevice() {
        if (!BEGUN.getAndSet(true)) {
            Thread.ofPlatform().name("decanter-cpu-start").daemon(true).start(MachineAttention::kernels);
        }
    }

    @Override
    public String name() {
        return "CPU";
    }

    @Override
    public int priority() {
        return 100;
    }

    @Override
    public Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("FULL_DEVICE_NAME", CpuInfo.modelName());
        facts.put("ARCHITECTURE", System.getProperty("os.arch"));
        facts.put("VECTOR_KERNELS", VectorSupport.describe());
        facts.put("MACHINE_CODE", MachineCode.describe());
        facts.put("THREADS", Integer.toString(defaultThreads()));
        facts.put("MEMORY_MB", Long.toString(CpuInfo.memoryBytes() >> 20));
        return facts;
    }

    @Override
    public Map<String, String> properties() {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put(NUM_THREADS, "0");
        properties.put(EXECUTION_MODE, CompileOptions.AUTO);
        properties.put(DYNAMIC_QUANTIZATION, CompileOptions.AUTO);
        properties.put(KV_CACHE_PRECISION, CompileOptions.AUTO);
        properties.put(CACHE_DIR, "");
        return properties;
    }

    @Override
    public Optional<DeviceLimits> measureLimits(int threads) {
        return Optional.of(HardwareProbe.measure(threads(Integer.toString(threads))));
    }

    @Override
    public Executable compile(Model model, Map<String, String> properties, List<OperationExtension> extensions) {
        return compile(ModelSource.of(model), properties, extensions).executable();
    }

    @Override
    public Compiled compile(ModelSource source, Map<String, String> properties, List<OperationExtension> extensions) {
        checkVectors();
        MachineCode.problem().ifPresent(problem -> {
            throw new InferenceException("device CPU: " + problem);
        });
        ThreadTeam team = new ThreadTeam(threads(properties.getOrDefault(NUM_THREADS, "0")));
        try {
            Compiled compiled = compile(source, properties, team, extensions);
            Executable inner = compiled.executable();
            return new Compiled(compiled.model(), new Executable() {
                @Override
                public Execution newExecution() {
                    return inner.newExecution();
                }

                @Override
                public void close() {
                    inner.close();
                    team.close();
                }
            });
        } catch (RuntimeException | Error e) {
            team.close();
            throw e;
        }
    }

    private static Compiled compile(
            ModelSource source, Map<String, String> properties, ThreadTeam team, List<OperationExtension> extensions) {
        Optional<CompileCache> cache = cache(properties);
        String graphOptions = properties.getOrDefault(KV_CACHE_PRECISION, "");
        // a graph without vector kernels is the same with any or none
        Optional<PlanKeeper> plain =
                cache.flatMap(c -> PlanKeeper.of(c, source, graphOptions, configuration(properties, "none")));
        Optional<PlanKeeper.Kept> plainKept = plain.flatMap(p -> p.find(team));
        if (startsKept() && plainKept.isEmpty()) {
            throw new UnpreparedException("device CPU: this JVM was started without the Vector API (" + START + "="
                    + KEPT + "), which this model may need; start without that property");
        }
        Optional<PlanKeeper> vector = plainKept.isPresent()
                ? Optional.empty()
                : cache.flatMap(c -> PlanKeeper.of(c, source, graphOptions, c.configuration()));
        Optional<PlanKeeper.Kept> kept = plainKept.or(() -> vector.flatMap(p -> p.find(team)));
        if (kept.isPresent()) {
            Model model = kept.get().model();
            CachePrecision precision = kept.get().precision();
            WeightMemory memory = kept.get().memory();
            return new Compiled(model, CpuCompiler.resume(model, precision, team, memory, extensions));
        }
        Model model = source.load().get();
        CompileOptions options = CompileOptions.of(properties, model);
        WeightMemory memory = cache.map(c -> c.memory(model, team)).orElseGet(WeightMemory::create);
        Executable executable = CpuCompiler.compile(
                model,
                options,
                team,
                memory,
                extensions,
                rewritten -> (CpuCompiler.needsVectors(rewritten) ? vector : plain)
                        .ifPresent(p -> p.keep(model, rewritten, options.cache(), memory)));
        return new Compiled(model, executable);
    }

    private static Optional<CompileCache> cache(Map<String, String> properties) {
        String folder = properties.getOrDefault(CACHE_DIR, "").strip();
        if (folder.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new CompileCache(Path.of(folder), configuration(properties, VectorSupport.describe())));
        } catch (InvalidPathException e) {
            throw new InferenceException(CACHE_DIR + " is not a path: \"" + folder + "\"", e);
        }
    }

    /** All that the layout of weights may depend on besides the model: options, and what chooses kernels. */
    private static String configuration(Map<String, String> properties, String vectors) {
        Map<String, String> all = new TreeMap<>(properties);
        all.keySet().removeAll(List.of(CACHE_DIR, NUM_THREADS, KV_CACHE_PRECISION));
        System.getProperties().stringPropertyNames().stream()
                .filter(name -> name.startsWith("decanter.cpu.") && !name.equals(START))
                .forEach(name -> all.put(name, System.getProperty(name)));
        all.put("vectors", vectors);
        all.put("machine", MachineCode.describe());
        all.put("architecture", System.getProperty("os.arch"));
        all.put("features", CpuInfo.features());
        return all.toString();
    }

    /** A width that was asked for and cannot be had is an error; a missing vector module costs speed and is said once. */
    private static void checkVectors() {
        if (VectorSupport.problem().isEmpty() || startsKept()) {
            return;
        }
        String problem = VectorSupport.problem().get();
        if (System.getProperty(VectorSupport.PROPERTY) != null) {
            throw new InferenceException("device CPU: " + problem);
        }
        if (!WARNED.getAndSet(true)) {
            System.getLogger(CpuDevice.class.getName()).log(System.Logger.Level.WARNING, problem);
        }
    }

    private static boolean startsKept() {
        return KEPT.equals(System.getProperty(START));
    }

    private static int threads(String text) {
        int threads;
        try {
            threads = Integer.parseInt(text.strip());
        } catch (NumberFormatException e) {
            throw new InferenceException(NUM_THREADS + " is not a number: \"" + text + "\"", e);
        }
        if (threads < 0 || threads > MAX_THREADS) {
            throw new InferenceException(NUM_THREADS + " must be 0 (automatic) to " + MAX_THREADS + ", not " + threads);
        }
        return threads == 0 ? defaultThreads() : threads;
    }

    private static int defaultThreads() {
        return CpuInfo.physicalCores();
    }
}
