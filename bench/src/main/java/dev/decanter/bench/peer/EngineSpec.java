package dev.decanter.bench.peer;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * An engine to run: its name in the report, whose it is, and how its process starts.
 *
 * @param name in the report
 * @param kind which {@link Engine}
 * @param options of the JVM
 * @param place folder of llama.cpp's libraries, or llama3.java's source file; ignored for ours
 * @param properties compile properties of ours
 */
record EngineSpec(String name, Kind kind, List<String> options, Path place, Map<String, String> properties) {
    /** The engines that {@link EngineWorker} knows. */
    enum Kind {
        DECANTER,
        LLAMA_CPP,
        LLAMA3_JAVA,
        /** {@link MemoryLimit}. */
        MEMORY
    }

    boolean ours() {
        return kind == Kind.DECANTER;
    }

    /** Whether it is no engine but a measure for them. */
    boolean limit() {
        return kind == Kind.MEMORY;
    }

    /** Which of a format's two models this engine reads. */
    Path model(PeerModels models, FormatPair pair) {
        return ours() || limit() ? models.ir(pair) : models.gguf(pair);
    }

    /** The command that starts its {@link EngineWorker}. */
    List<String> command(Path model, int threads, int vocabulary, int positions) {
        List<String> jvm = new ArrayList<>(options);
        if (kind == Kind.LLAMA3_JAVA) {
            // the calling thread takes part beside the pool's
            jvm.add("-Djava.util.concurrent.ForkJoinPool.common.parallelism=" + Math.max(1, threads - 1));
        }
        if (limit()) {
            // it counts as the benchmark command does, and reads as the device's probe
            jvm.addAll(List.of("--add-modules", "dev.decanter.cli"));
            for (String internal :
                    List.of("cli/dev.decanter.cli", "cpu/dev.decanter.cpu.kernels", "cpu/dev.decanter.cpu.machine")) {
                jvm.addAll(List.of("--add-exports", "dev.decanter." + internal + "=ALL-UNNAMED"));
            }
        }
        List<String> arguments = new ArrayList<>(List.of(
                Integer.toString(threads),
                Integer.toString(vocabulary),
                Integer.toString(positions),
                kind.name(),
                place.toString(),
                model.toString()));
        properties.forEach((key, value) -> arguments.add(key + "=" + value));
        return JavaProcess.command(jvm, EngineWorker.class, arguments);
    }
}
