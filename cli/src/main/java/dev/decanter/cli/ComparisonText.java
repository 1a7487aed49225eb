package dev.decanter.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.compress.comparison.ComparisonReport;
import dev.decanter.compress.comparison.ComparisonReport.Answers;
import dev.decanter.compress.comparison.ComparisonReport.Distributions;
import dev.decanter.compress.comparison.ComparisonReport.LayerError;
import dev.decanter.compress.comparison.ComparisonReport.ModelFacts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * A comparison as lines for people and as JSON.
 *
 * @param scores exact answers of the base and the other model, or none
 */
record ComparisonText(Path base, Path other, ComparisonReport report, List<Score> scores) {
    private static final int NAME = 60;

    List<String> lines(int worstLayers) {
        List<String> lines = new ArrayList<>();
        model(lines, "base", base, report.base());
        model(lines, "other", other, report.other());
        distributions(lines, report.distributions());
        layers(lines, worstLayers);
        report.answers().ifPresent(answers -> answers(lines, answers));
        if (!scores.isEmpty()) {
            lines.add("exact answers");
            for (int i = 0; i < scores.size(); i++) {
                String whose = i == 0 ? "base" : "other";
                scores.get(i).lines().forEach(line -> lines.add("  %-5s  %s".formatted(whose, line)));
            }
        }
        return lines.stream().map(String::stripTrailing).toList();
    }

    private static void model(List<String> lines, String name, Path folder, ModelFacts facts) {
        lines.add("%-5s  %s, %s".formatted(name, folder, Quantity.bytes(facts.bytes())));
        facts.bitwidths().toString().lines().skip(1).forEach(lines::add);
    }

    private static void distributions(List<String> lines, Distributions d) {
        lines.add("next token: %s predicted in %s texts"
                .formatted(Quantity.count(d.tokens()), Quantity.count(d.texts())));
        lines.add("  perplexity         %s  %s  (%s)"
                .formatted(
                        number(d.basePerplexity()),
                        number(d.otherPerplexity()),
                        String.format(Locale.ROOT, "%+.2f %%", 100 * (d.otherPerplexity() / d.basePerplexity() - 1))));
        lines.add("  KL divergence      mean %s  90 %% %s  99 %% %s  max %s nats"
                .formatted(number(d.klMean()), number(d.kl90()), number(d.kl99()), number(d.klMax())));
        lines.add("  same top token     " + percent(d.sameTop()));
    }

    private void layers(List<String> lines, int worst) {
        if (worst == 0) {
            return;
        }
        if (report.layers().isEmpty()) {
            lines.add("layers: no names agree");
            return;
        }
        List<LayerError> sorted = report.layers().stream()
                .sorted(Comparator.comparingDouble(LayerError::relativeError).reversed())
                .limit(worst)
                .toList();
        lines.add("layers: %d compared, these differ most (relative error, cosine)"
                .formatted(report.layers().size()));
        for (LayerError layer : sorted) {
            String name = layer.name().replaceFirst("^__module\\.", "");
            lines.add(String.format(
                    Locale.ROOT,
                    "  %-" + NAME + "s %4s → %-4s %9s %9.6f",
                    Quantity.shortened(name, NAME),
                    layer.baseType(),
                    layer.otherType(),
                    number(layer.relativeError()),
                    layer.cosine()));
        }
    }

    private static void answers(List<String> lines, Answers a) {
        lines.add("greedy answers to %d prompts".formatted(a.prompts()));
        lines.add("  identical          %d, %s".formatted(a.identical(), Quantity.percent(a.identical(), a.prompts())));
        lines.add("  first divergent token (FDT)  %s tokens on average, %s of the answer"
                .formatted(number(a.firstDivergent()), percent(a.firstDivergentShare())));
        lines.add("  tokens to correct (SDT)      %s on average, %s of the answer"
                .formatted(number(a.toCorrect()), percent(a.toCorrectShare())));
        lines.add("  text similarity (chrF)       %s".formatted(number(a.chrF())));
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    /** Four digits that count, without a zoo of zeros. */
    private static String number(double value) {
        if (value == 0) {
            return "0";
        }
        double size = Math.abs(value);
        return String.format(Locale.ROOT, size < 1e-3 || size >= 1e6 ? "%.2e" : size < 1 ? "%.4f" : "%.3f", value);
    }

    ObjectNode json() {
        ObjectNode root = BaseCommand.JSON.createObjectNode();
        model(root.putObject("base"), base, report.base());
        model(root.putObject("other"), other, report.other());
        Distributions d = report.distributions();
        root.putObject("distributions")
                .put("texts", d.texts())
                .put("tokens", d.tokens())
                .put("base_perplexity", d.basePerplexity())
                .put("other_perplexity", d.otherPerplexity())
                .put("kl_mean", d.klMean())
                .put("kl_p90", d.kl90())
                .put("kl_p99", d.kl99())
                .put("kl_max", d.klMax())
                .put("same_top", d.sameTop());
        var layers = root.putArray("layers");
        for (LayerError layer : report.layers()) {
            layers.addObject()
                    .put("layer", layer.name())
                    .put("base_type", layer.baseType())
                    .put("other_type", layer.otherType())
                    .put("relative_error", layer.relativeError())
                    .put("cosine", layer.cosine());
        }
        report.answers()
                .ifPresent(a -> root.putObject("answers")
                        .put("prompts", a.prompts())
                        .put("identical", a.identical())
                        .put("fdt", a.firstDivergent())
                        .put("fdt_norm", a.firstDivergentShare())
                        .put("sdt", a.toCorrect())
                        .put("sdt_norm", a.toCorrectShare())
                        .put("chrf", a.chrF()));
        if (!scores.isEmpty()) {
            ObjectNode both = root.putObject("scores");
            both.set("base", scores.getFirst().json());
            both.set("other", scores.getLast().json());
        }
        return root;
    }

    private static void model(ObjectNode node, Path folder, ModelFacts facts) {
        node.put("path", folder.toString()).put("bytes", facts.bytes());
        node.set("bitwidths", Bitwidths.json(facts.bitwidths()));
    }
}
