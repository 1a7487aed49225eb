package dev.decanter.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.comparison.Comparison;
import dev.decanter.compress.comparison.ComparisonReport;
import dev.decanter.genai.LLMPipeline;
import dev.decanter.runtime.Core;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code decanter compare}. */
@Command(
        name = "compare",
        description = {
            "Says how far a language model is from the one that it was made of, such as an int4 model from the fp16 one: perplexity",
            "of both, divergence of next-token distributions, errors of layers, greedy answers, sizes and bit widths.",
            "Both are IR folders with the same tokenizer. Memory holds both models."
        },
        footer = "  decanter compare llama-ov llama-ov-int4 --dataset wiki.txt")
final class CompareCommand extends BaseCommand {
    @Parameters(index = "0", paramLabel = "BASE_DIR", description = "The IR folder to compare to.")
    private Path base = Path.of("");

    @Parameters(index = "1", paramLabel = "OTHER_DIR", description = "The IR folder that is compared.")
    private Path other = Path.of("");

    @Option(
            names = "--dataset",
            paramLabel = "FILE",
            description = {
                "A text file, or JSON lines (.jsonl) with strings or objects: \"text\"; \"prompt\" and perhaps \"completion\";",
                "\"messages\" and perhaps \"answer\". Twenty texts of general kind unless given."
            })
    private Optional<Path> dataset = Optional.empty();

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "16384",
            description = "Predict about N tokens at most (default: ${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(
            names = "--window",
            paramLabel = "N",
            description = "Cut texts into windows of N tokens (512, or the model's context if that is shorter).")
    private Optional<Integer> window = Optional.empty();

    @Option(
            names = "--num-prompts",
            paramLabel = "N",
            defaultValue = "16",
            description = "Answer the beginnings of the first N texts; 0 for no answers (default: ${DEFAULT-VALUE}).")
    private int prompts;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            defaultValue = "64",
            description = "Most tokens of an answer (default: ${DEFAULT-VALUE}).")
    private int newTokens;

    @Option(
            names = "--layers",
            paramLabel = "N",
            defaultValue = "10",
            description = "Show the N layers with the largest errors; 0 leaves layers out (default: ${DEFAULT-VALUE}).")
    private int layers;

    @Option(
            names = "--score",
            paramLabel = "QUESTIONS",
            description = {
                "Count exact answers of both to questions, JSON lines with \"kind\", \"messages\" and \"answer\", such as",
                "demo/heldout.jsonl of this project for its demo model."
            })
    private Optional<Path> score = Optional.empty();

    @Option(names = "--device", paramLabel = "NAME", description = "CPU, REFERENCE or AUTO (the default).")
    private String device = Core.AUTO;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    void run() {
        if (layers < 0) {
            throw usage("--layers " + layers + " is negative; give 0 to leave layers out");
        }
        score.filter(file -> !Files.isRegularFile(file)).ifPresent(file -> {
            throw new CommandFailure(file + ": does not exist; --score takes a file of questions");
        });
        ProgressBar progress = new ProgressBar(err(), Terminal.watched());
        ComparisonReport report;
        List<Score> scores = new ArrayList<>();
        try {
            report = comparison(progress).compare(base, other);
            if (score.isPresent()) {
                for (Path folder : List.of(base, other)) {
                    progress.stage("answering the questions of " + score.get() + " with " + folder);
                    try (LLMPipeline pipeline = LLMPipeline.builder(folder)
                            .device(device)
                            // as the rest of the comparison: the models' errors alone
                            .properties(Core.create().accurateProperties(device))
                            .build()) {
                        scores.add(Score.of(score.get(), pipeline));
                    }
                }
            }
        } finally {
            progress.end();
        }
        ComparisonText text = new ComparisonText(base, other, report, scores);
        if (json) {
            ObjectNode root = text.json();
            print(root);
        } else {
            text.lines(layers).forEach(out()::println);
        }
    }

    private Comparison comparison(ProgressBar progress) {
        try {
            Comparison.Builder builder = Comparison.builder()
                    .device(device)
                    .mostTokens(maxTokens)
                    .prompts(prompts)
                    .newTokens(newTokens)
                    .layers(layers > 0)
                    .listener(progress.steps());
            dataset.ifPresent(builder::dataset);
            window.ifPresent(builder::window);
            return builder.build();
        } catch (CompressionException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }
}
