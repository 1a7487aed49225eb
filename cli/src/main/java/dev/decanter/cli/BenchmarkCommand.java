package dev.decanter.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.genai.GenerationConfig;
import dev.decanter.genai.LLMPipeline;
import dev.decanter.genai.PerfMetrics;
import dev.decanter.ir.Model;
import dev.decanter.runtime.Core;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code decanter benchmark}. */
@Command(
        name = "benchmark",
        description = {
            "Measures generation on random token ids: load time, time to first token, time per output token, memory.",
            "Medians over the iterations; needs no tokenizer. Also how much memory was read and how many products with",
            "weights were computed a second, and which share that is of what the machine was measured to do right after."
        },
        footer = "  decanter benchmark --model llama-ov --prompt-tokens 512 --new-tokens 64")
final class BenchmarkCommand extends BaseCommand {
    private static final long SEED = 42;

    @Mixin
    private ModelOptions options = new ModelOptions();

    @Option(
            names = "--prompt-tokens",
            paramLabel = "N",
            defaultValue = "512",
            description = "Length of the prompt (default ${DEFAULT-VALUE}).")
    private int promptTokens;

    @Option(
            names = "--new-tokens",
            paramLabel = "N",
            defaultValue = "128",
            description = "Tokens to generate (default ${DEFAULT-VALUE}).")
    private int newTokens;

    @Option(
            names = "--iterations",
            paramLabel = "N",
            defaultValue = "3",
            description = "Measured runs (default ${DEFAULT-VALUE}).")
    private int iterations;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            defaultValue = "1",
            description = "Runs before, not measured (default ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    void run() {
        requireAtLeast(1, "--prompt-tokens", promptTokens);
        requireAtLeast(1, "--new-tokens", newTokens);
        requireAtLeast(1, "--iterations", iterations);
        requireAtLeast(0, "--warmup", warmup);
        try (LLMPipeline pipeline = options.load(this)) {
            long[] prompt = prompt(pipeline);
            GenerationConfig config = GenerationConfig.builder()
                    .maxNewTokens(newTokens)
                    .ignoreEos(true)
                    .build();
            List<PerfMetrics> runs = new ArrayList<>();
            for (int i = -warmup; i < iterations; i++) {
                // without the reset the prompt would be in the cache
                pipeline.reset();
                PerfMetrics metrics = pipeline.generate(prompt, config, Streamers.cancellable())
                        .metrics();
                Interruption.check();
                note((i < 0 ? "warm-up    " : "run " + (i + 1) + " of " + iterations + " ") + " "
                        + MetricsText.line(metrics));
                if (i >= 0) {
                    runs.add(metrics);
                }
            }
            // before the limits are measured, which takes memory
            Resident resident = new Resident(Memory.peak(), Memory.anonymous());
            HardwareShare share = share(pipeline, runs);
            if (json) {
                print(json(pipeline, runs, resident, share));
            } else {
                report(pipeline, runs, resident, share);
            }
        }
    }

    private record Resident(OptionalLong peak, OptionalLong anonymous) {}

    private HardwareShare share(LLMPipeline pipeline, List<PerfMetrics> runs) {
        Core core = Core.create();
        Model model = core.readModel(ModelFolders.languageModel(pipeline.folder()));
        return new HardwareShare(
                ModelWork.of(model, options.properties),
                core.measureLimits(pipeline.device(), threads()),
                promptTokens,
                newTokens,
                median(runs, run -> run.ttft().mean()),
                median(runs, run -> run.throughput().mean()));
    }

    /** The property is a number, or the model would not have been compiled. */
    private int threads() {
        return Integer.parseInt(
                options.properties.getOrDefault("INFERENCE_NUM_THREADS", "0").strip());
    }

    private void requireAtLeast(int least, String option, int value) {
        if (value < least) {
            throw usage("Invalid value for option '" + option + "': " + value + " is less than " + least);
        }
    }

    private long[] prompt(LLMPipeline pipeline) {
        long vocabulary = pipeline.vocabularySize()
                .orElseThrow(
                        () -> new CommandFailure(pipeline.folder() + ": the size of the vocabulary is not known, as the"
                                + " shape of output \"logits\" leaves it open; export the model again"));
        int room = pipeline.contextLength().orElse(Integer.MAX_VALUE);
        if ((long) promptTokens + newTokens > room) {
            throw new CommandFailure("--prompt-tokens " + promptTokens + " and --new-tokens " + newTokens
                    + " are more than the model's context of " + room
                    + " tokens (max_position_embeddings in config.json); ask for fewer");
        }
        return new Random(SEED).longs(promptTokens, 0, vocabulary).toArray();
    }

    private ObjectNode json(LLMPipeline pipeline, List<PerfMetrics> runs, Resident resident, HardwareShare share) {
        ObjectNode root = JSON.createObjectNode()
                .put("model", options.model)
                .put("device", pipeline.device())
                .put("load_time_ms", pipeline.loadTimeMs())
                .put("num_input_tokens", promptTokens)
                .put("num_generated_tokens", newTokens)
                .put("iterations", runs.size())
                .put("ttft_ms", median(runs, run -> run.ttft().mean()))
                .put("tpot_ms", median(runs, run -> run.tpot().mean()))
                .put("prefill_tokens_per_s", median(runs, PerfMetrics::prefillTokensPerSecond))
                .put("decode_tokens_per_s", median(runs, run -> run.throughput().mean()))
                .put("peak_rss_mb", Memory.megabytes(resident.peak))
                .put("anonymous_rss_mb", Memory.megabytes(resident.anonymous));
        share.addTo(root);
        var array = root.putArray("runs");
        for (PerfMetrics run : runs) {
            array.addObject()
                    .put("generate_ms", run.generateDuration().mean())
                    .put("ttft_ms", run.ttft().mean())
                    .put("tpot_ms", run.tpot().mean())
                    .put("prefill_tokens_per_s", run.prefillTokensPerSecond())
                    .put("decode_tokens_per_s", run.throughput().mean());
        }
        return root;
    }

    private void report(LLMPipeline pipeline, List<PerfMetrics> runs, Resident resident, HardwareShare share) {
        double tpot = median(runs, run -> run.tpot().mean());
        line("model", options.model);
        line("load time", Quantity.duration(pipeline.loadTimeMs()));
        line("input length", promptTokens + " tokens");
        line(
                "generated",
                newTokens + " tokens in "
                        + Quantity.duration(
                                median(runs, run -> run.generateDuration().mean())) + " on "
                        + pipeline.device());
        line(
                "first token",
                Quantity.duration(median(runs, run -> run.ttft().mean())) + " (prefill "
                        + Quantity.rate(median(runs, PerfMetrics::prefillTokensPerSecond)) + " tokens/s)");
        if (tpot >= 0) {
            line(
                    "other tokens",
                    Quantity.duration(tpot) + " each (decode "
                            + Quantity.rate(median(runs, run -> run.throughput().mean())) + " tokens/s)");
        }
        share.readText().ifPresent(text -> line("memory read", text));
        line("products", share.operationsText());
        line("peak memory", memory(resident));
    }

    /** Weights are mapped: they are resident, but the system can drop them. */
    private static String memory(Resident resident) {
        OptionalLong peak = resident.peak;
        OptionalLong anonymous = resident.anonymous;
        return peak.isEmpty()
                ? "not known on this system"
                : Quantity.bytes(peak.getAsLong()) + " resident"
                        + (anonymous.isPresent()
                                ? ", mapped weights included; " + Quantity.bytes(anonymous.getAsLong())
                                        + " without mapped files"
                                : "");
    }

    private void line(String name, String value) {
        out().println("%-14s %s".formatted(name, value));
    }

    static double median(List<PerfMetrics> runs, ToDoubleFunction<PerfMetrics> value) {
        double[] sorted = runs.stream().mapToDouble(value).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
