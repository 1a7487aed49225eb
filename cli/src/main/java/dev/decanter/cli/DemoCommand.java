package dev.decanter.cli;

import dev.decanter.compress.CompressionMode;
import dev.decanter.export.ExportListener;
import dev.decanter.export.ExportReport;
import dev.decanter.export.Exporter;
import dev.decanter.genai.ChatHistory;
import dev.decanter.genai.GenerationConfig;
import dev.decanter.genai.GenerationResult;
import dev.decanter.genai.LLMPipeline;
import dev.decanter.runtime.Core;
import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.TokenizerConverter;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code decanter demo}. */
@Command(
        name = "demo",
        description = {
            "Takes the small model that ships with the project the whole way: checkpoint, IR, tokenizer, 4 bits, compiled model, text.",
            "With --score it answers the questions that were kept out of the training, and counts the exact answers."
        },
        footer = "  decanter demo --score")
final class DemoCommand extends BaseCommand {
    /** Each a conversation; the second question of the first one can only be answered with the one before. */
    private static final List<List<String>> CONVERSATIONS = List.of(
            List.of("What is the capital of France?", "What about Japan?"),
            List.of("What is 17 plus 25?"),
            List.of("What is the opposite of dirty?"),
            List.of("Who are you?"));

    private static final String STAGES = "6";
    private static final CompressionMode INT4 = CompressionMode.INT4_SYM;
    private static final int GROUP_SIZE = 64;

    @Option(names = "--device", paramLabel = "NAME", description = "CPU, REFERENCE or AUTO (the default).")
    private String device = Core.AUTO;

    @Option(
            names = "--property",
            paramLabel = "KEY=VALUE",
            description = "A compile property of the device, see 'decanter devices'; can be repeated.")
    private Map<String, String> properties = new LinkedHashMap<>();

    @Option(names = "--score", description = "Count exact answers to demo/heldout.jsonl, by kind of question.")
    private boolean score;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "With --score: another IR folder of the demo model, such as a compressed one.")
    private Optional<Path> model = Optional.empty();

    @Option(names = "--json", description = "With --score: print one JSON object.")
    private boolean json;

    @Override
    void run() {
        if (!score && (json || model.isPresent())) {
            throw usage("--json and --model belong to --score");
        }
        Path demo = folder();
        if (score) {
            score(demo);
            return;
        }
        long start = System.nanoTime();
        out().println("Decanter demo: from a Hugging Face checkpoint to text, in Java alone");
        out().println();
        Path folder = ModelFolders.cache().resolve("demo");
        Path checkpoint = demo.resolve("model");
        long begin = System.nanoTime();
        ExportReport report = export(checkpoint, folder);
        stage(
                "1",
                "export",
                begin,
                "%s, %s parameters, %s"
                        .formatted(report.modelType(), Quantity.count(report.parameters()), report.weightFormat()));
        detail(checkpoint + " → " + folder.resolve(ModelFolders.MODEL));
        begin = System.nanoTime();
        Outputs.folder(folder, work -> TokenizerConverter.convert(checkpoint, work, ConversionOptions.DEFAULT));
        stage("2", "tokenizer", begin, TokenizerConverter.TOKENIZER + ", " + TokenizerConverter.DETOKENIZER);
        Path small = ModelFolders.cache().resolve("demo-int4");
        begin = System.nanoTime();
        compress(folder, small);
        stage(
                "3",
                "int4",
                begin,
                "weights of %s become %s"
                        .formatted(Quantity.bytes(IrCopy.size(folder)), Quantity.bytes(IrCopy.size(small))));
        detail(INT4.label() + ", group size " + GROUP_SIZE + " → " + small.resolve(ModelFolders.MODEL));
        begin = System.nanoTime();
        try (LLMPipeline pipeline =
                LLMPipeline.builder(small).device(device).properties(properties).build()) {
            stage("4", "compile", begin, pipeline.device() + ", " + facts(pipeline.device()));
            stage("5", "generate", "");
            conversations(pipeline);
        }
        stage("6", "done", start, "peak memory " + peak());
        out().println();
        out().println("Next: decanter generate --model " + small + " --prompt \"What sound does a lion make?\"");
    }

    private static ExportReport export(Path checkpoint, Path folder) {
        return Exporter.builder()
                .listener(new ExportListener() {
                    @Override
                    public void progress(long done, long total) {
                        Interruption.check();
                    }
                })
                .build()
                .export(checkpoint, folder);
    }

    private static void compress(Path from, Path to) {
        ProgressBar silent = new ProgressBar(new PrintWriter(Writer.nullWriter()), false);
        WeightCompressor compressor =
                new WeightCompressor(CompressionSettings.of(INT4, GROUP_SIZE), INT4.label(), silent, _ -> {});
        IrCopy.of(from, to).write(silent, compressor::compressInto);
    }

    /** Where the checkout keeps the model: the launcher says where the checkout is. */
    private static Path folder() {
        String checkout = System.getProperty("decanter.checkout", "");
        Path demo = Path.of(checkout).resolve("demo");
        if (checkout.isEmpty() || !Files.exists(demo.resolve("model").resolve("config.json"))) {
            throw new CommandFailure("the demo model is a part of the source checkout (demo/model), which "
                    + (checkout.isEmpty() ? "is not known here" : "is not in " + checkout)
                    + "; run ./decanter demo in a checkout");
        }
        return demo;
    }

    private void conversations(LLMPipeline pipeline) {
        GenerationConfig config = pipeline.generationConfig();
        for (List<String> questions : CONVERSATIONS) {
            ChatHistory history = new ChatHistory();
            for (String question : questions) {
                history.user(question);
                out().println();
                out().println("      > " + question);
                out().print("      ");
                out().flush();
                GenerationResult result = pipeline.generate(history, config, Streamers.printing(out()));
                Interruption.check();
                out().println();
                detail(MetricsText.line(result.metrics()));
                history.assistant(result.text());
            }
        }
        out().println();
    }

    private void score(Path demo) {
        Path folder = model.orElseGet(() -> ModelFolders.cache().resolve("demo"));
        if (model.isEmpty()) {
            Path checkpoint = demo.resolve("model");
            export(checkpoint, folder);
            Outputs.folder(folder, work -> TokenizerConverter.convert(checkpoint, work, ConversionOptions.DEFAULT));
        }
        Score result;
        try (LLMPipeline pipeline = LLMPipeline.builder(folder)
                .device(device)
                .properties(properties)
                .build()) {
            result = Score.of(demo.resolve("heldout.jsonl"), pipeline);
        }
        if (json) {
            print(result.json());
        } else {
            result.lines().forEach(out()::println);
        }
    }

    private static String facts(String device) {
        return Core.create().deviceFacts(device).entrySet().stream()
                .filter(fact ->
                        fact.getKey().equals("VECTOR_KERNELS") || fact.getKey().equals("THREADS"))
                .map(fact ->
                        fact.getKey().equals("THREADS") ? fact.getValue() + " threads" : fact.getValue() + " vectors")
                .collect(Collectors.joining(", "));
    }

    private static String peak() {
        double megabytes = Memory.megabytes(Memory.peak());
        return megabytes < 0 ? "not known" : Quantity.bytes((long) (megabytes * 1e6));
    }

    private void stage(String number, String name, long begin, String what) {
        stage(number, name, "%-60s %10s".formatted(what, Quantity.duration((System.nanoTime() - begin) / 1e6)));
    }

    private void stage(String number, String name, String what) {
        out().println("%s/%s  %-10s %s".formatted(number, STAGES, name, what).stripTrailing());
        out().flush();
    }

    private void detail(String text) {
        out().println("      " + text);
    }
}
