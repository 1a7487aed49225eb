package dev.decanter.bench.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.bench.peer.Sample.Figure;
import dev.decanter.runtime.Core;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Compares our engine with llama.cpp, and others if asked, on random models of a shape: makes the models, runs the engines in turns and
 * prints for each figure the median, least and greatest ratio of the pairs. Every run is printed with the cores that others kept busy
 * meanwhile. Before each run it waits for others to be quiet; a pair counts if they kept less than a tenth of a core busy during both
 * runs, by that measure and no other (llama.cpp's team, which spins, suffers more from neighbours than ours). {@link MemoryLimit} has a
 * turn, too: what memory gave in the same minutes.
 */
@Command(
        name = "bench/compare",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Compares with llama.cpp on random models, which are made once.")
public final class Comparison implements Callable<Integer> {
    private static final JsonMapper JSON = new JsonMapper();
    private static final String OURS = "decanter";
    private static final String PEER = "llama.cpp";
    private static final String LIMIT = "memory";

    @Option(
            names = {"-s", "--shape"},
            paramLabel = "NAME",
            defaultValue = "llama-3.2-1b",
            description = "One that RandomCheckpoint knows (default ${DEFAULT-VALUE}).")
    private String shape = "";

    @Option(
            names = {"-f", "--formats"},
            paramLabel = "LIST",
            defaultValue = "int4_asym:128,int8_asym,fp16",
            description =
                    "int4_asym:GROUP and int4_sym:GROUP (against Q4_0), int8_asym and int8_sym (Q8_0), fp16 (F16);"
                            + " default ${DEFAULT-VALUE}.")
    private String formats = "";

    @Option(
            names = {"-p", "--pairs"},
            paramLabel = "N",
            defaultValue = "5",
            description = "Turns of every engine (default ${DEFAULT-VALUE}).")
    private int pairs;

    @Option(
            names = "--starts",
            paramLabel = "N",
            description = "Turns for the time to the first token (default: as --pairs; 0 for none).")
    private int starts = -1;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            defaultValue = "2",
            description = "Threads of every engine (default ${DEFAULT-VALUE}).")
    private int threads;

    @Option(
            names = {"-n", "--tokens"},
            paramLabel = "N",
            defaultValue = "48",
            description = "Tokens of a decoding (default ${DEFAULT-VALUE}).")
    private int tokens;

    @Option(
            names = "--prompts",
            paramLabel = "LIST",
            split = ",",
            defaultValue = "128,512",
            description = "Prompts to time (default ${DEFAULT-VALUE}).")
    private List<Integer> prompts = List.of();

    @Option(
            names = {"-c", "--contexts"},
            paramLabel = "LIST",
            split = ",",
            defaultValue = "128,4096",
            description = "Contexts to decode behind (default ${DEFAULT-VALUE}).")
    private List<Integer> contexts = List.of();

    @Option(
            names = {"-m", "--models"},
            paramLabel = "FOLDER",
            description = "Takes the models (default bench/target/models).")
    private Path models = Path.of("");

    @Option(names = "--keep", description = "Delete nothing that only served to make the models.")
    private boolean keep;

    @Option(
            names = {"-o", "--java-option"},
            paramLabel = "OPTION",
            description = "A JVM option for our process, such as -Dkey=value; can be repeated.")
    private List<String> options = new ArrayList<>();

    @Option(
            names = "--property",
            paramLabel = "KEY=VALUE",
            description = "A compile property for our engine; can be repeated.")
    private Map<String, String> properties = new LinkedHashMap<>();

    @Option(names = "--no-machine-code", description = "Run ours without machine code as a further engine.")
    private boolean noMachineCode;

    @Option(
            names = "--llama-build",
            paramLabel = "NAME",
            description =
                    "Run llama.cpp with its CPU library of that name as a further engine, such as zen4; can be repeated.")
    private List<String> builds = new ArrayList<>();

    @Option(
            names = "--llama3-java",
            paramLabel = "FILE",
            description = "Run Llama3.java as a further engine (Llama shapes only).")
    private Path llama3Java = Path.of("");

    @Option(
            names = "--patience",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "How long to wait for others to be quiet before a run (default ${DEFAULT-VALUE}).")
    private int patience;

    @Option(
            names = "--libraries",
            paramLabel = "FOLDER",
            required = true,
            hidden = true,
            description = "llama.cpp's; set by the script.")
    private Path libraries = Path.of("");

    @Option(
            names = "--bench",
            paramLabel = "FOLDER",
            required = true,
            hidden = true,
            description = "This module's; set by the script.")
    private Path bench = Path.of("");

    /** See {@code bench/compare --help}. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Comparison()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<FormatPair> asked = FormatPair.parseAll(formats);
        Path work = Files.createDirectories(bench.resolve("target/peer"));
        Path folder = models.toString().isEmpty() ? bench.resolve("target/models") : models;
        PeerModels made = new PeerModels(folder, shape, libraries, threads, keep);
        made.make(asked);
        List<EngineSpec> engines = engines(work);
        ObjectNode report = JSON.createObjectNode();
        report.put("shape", shape).put("threads", threads).put("tokens", tokens).put("pairs", pairs);
        report.put("time", Instant.now().toString())
                .put("java", Runtime.version().toString());
        ArrayNode results = report.putArray("formats");
        for (FormatPair format : asked) {
            System.out.println();
            System.out.println(
                    shape + ", " + format.name() + " against " + format.gguf() + ", " + threads + " threads");
            results.add(compare(format, engines, made, work));
            // after each format, so that an interrupted run leaves what it has
            Files.writeString(work.resolve(shape + ".json"), report.toPrettyString());
        }
        System.out.println("JSON: " + work.resolve(shape + ".json"));
        return 0;
    }

    private List<EngineSpec> engines(Path work) throws IOException {
        List<EngineSpec> engines = new ArrayList<>();
        engines.add(new EngineSpec(OURS, EngineSpec.Kind.DECANTER, options, Path.of(""), properties));
        engines.add(new EngineSpec(PEER, EngineSpec.Kind.LLAMA_CPP, List.of(), libraries, Map.of()));
        engines.add(new EngineSpec(LIMIT, EngineSpec.Kind.MEMORY, List.of(), Path.of(""), Map.of()));
        if (noMachineCode) {
            List<String> all = new ArrayList<>(options);
            all.add("-Ddecanter.cpu.machine=off");
            engines.add(new EngineSpec(OURS + "-vector", EngineSpec.Kind.DECANTER, all, Path.of(""), properties));
        }
        for (String build : builds) {
            Path folder = LlamaBuild.only(libraries, build, work.resolve("llama-" + build));
            engines.add(new EngineSpec(PEER + "-" + build, EngineSpec.Kind.LLAMA_CPP, List.of(), folder, Map.of()));
        }
        if (!llama3Java.toString().isEmpty()) {
            engines.add(new EngineSpec(
                    "llama3.java", EngineSpec.Kind.LLAMA3_JAVA, List.of(), llama3Java.toAbsolutePath(), Map.of()));
        }
        return engines;
    }

    private ObjectNode compare(FormatPair format, List<EngineSpec> engines, PeerModels made, Path work)
            throws IOException, InterruptedException {
        boolean caches = Core.create().deviceProperties("CPU").containsKey(Starts.CACHE_DIR);
        Starts starts = new Starts(bench.resolveSibling("decanter"), work, threads, caches, patience);
        int startPairs = this.starts < 0 ? pairs : this.starts;
        List<Sample> samples = new ArrayList<>();
        if (startPairs > 0) {
            samples.addAll(starts.run(engines, made, format, startPairs));
        }
        Rounds rounds = new Rounds(pairs, tokens, prompts, contexts, patience);
        Map<Integer, Map<String, JsonNode>> greedy = new TreeMap<>();
        Map<String, Long> peaks = new TreeMap<>();
        ObjectNode loads = JSON.createObjectNode();
        List<Worker> workers = new ArrayList<>();
        try {
            for (EngineSpec engine : engines) {
                Path log = work.resolve(engine.name() + ".log");
                List<String> command = engine.command(
                        engine.model(made, format), threads, made.vocabulary(format), rounds.positions());
                Worker worker = Worker.start(engine, command, log);
                workers.add(worker);
                loads.set(engine.name(), worker.loaded());
                System.out.println(engine.name() + ": " + worker.loaded());
            }
            samples.addAll(rounds.run(workers, greedy));
            for (Worker worker : workers) {
                peaks.put(
                        worker.spec().name(),
                        worker.prompt(1).path("memory_mb").path("VmHWM").asLong());
            }
        } finally {
            workers.forEach(Worker::close);
        }
        List<Figure> figures = new ArrayList<>(rounds.figures());
        figures.add(Figure.firstToken(false));
        figures.add(Figure.firstToken(true));
        Report report = new Report(format, engines, samples, figures);
        report.ratios();
        report.limits();
        report.contexts(contexts);
        report.memory(peaks, made.weightBytes(format), made.cacheBytes(format, rounds.positions()), rounds.positions());
        report.startMemory(starts.memory());
        report.agreement(greedy);
        System.out.print(report.text());
        if (startPairs > 0 && !caches) {
            System.out.println("no figures for a warm cache: this build's CPU device has no " + Starts.CACHE_DIR);
        }
        report.json().set("engines", loads);
        return report.json();
    }
}
