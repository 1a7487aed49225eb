package dev.decanter.bench.peer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.bench.peer.Sample.Figure;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** What one format's measurements come to, as text and as JSON. */
final class Report {
    /** What acceptance allows beside weights and KV cache, MB. */
    private static final int SPARE_MB = 300;

    private static final JsonMapper JSON = new JsonMapper();

    private final FormatPair format;
    private final List<EngineSpec> engines;
    private final List<EngineSpec> limits;
    private final List<Sample> samples;
    private final List<Figure> figures;
    private final StringBuilder text = new StringBuilder();
    private final ObjectNode json = JSON.createObjectNode();

    Report(FormatPair format, List<EngineSpec> engines, List<Sample> samples, List<Figure> figures) {
        this.format = format;
        this.engines = engines.stream().filter(engine -> !engine.limit()).toList();
        limits = engines.stream().filter(EngineSpec::limit).toList();
        this.samples = samples;
        this.figures = figures;
        json.put("format", format.name()).put("gguf", format.gguf());
        ArrayNode array = json.putArray("samples");
        for (Sample sample : samples) {
            array.addObject()
                    .put("engine", sample.engine())
                    .put("figure", sample.figure().name())
                    .put("unit", sample.figure().unit())
                    .put("pair", sample.pair() + 1)
                    .put("value", sample.value())
                    .put("others_cores", sample.othersCores());
        }
    }

    /** Ratios of each engine of ours to each other one. */
    void ratios() {
        ArrayNode array = json.putArray("ratios");
        for (EngineSpec ours : engines.stream().filter(EngineSpec::ours).toList()) {
            for (EngineSpec other : others()) {
                title(ours.name() + " " + format.name() + " : " + other.name() + " " + format.gguf());
                figures(array, ours, other);
            }
        }
    }

    private List<EngineSpec> others() {
        return engines.stream().filter(engine -> !engine.ours()).toList();
    }

    /** Ours beside reading its weights alone, and what ratios of decoding would be for an engine that did only that. */
    void limits() {
        ArrayNode array = json.putArray("limits");
        for (EngineSpec limit : limits) {
            String reading = "reading the weights of " + format.name() + " alone";
            for (EngineSpec ours : engines.stream().filter(EngineSpec::ours).toList()) {
                title(ours.name() + " : " + reading);
                figures(array, ours, limit);
            }
            for (EngineSpec other : others()) {
                title(reading + " : " + other.name() + " " + format.gguf());
                figures(array, limit, other);
            }
        }
    }

    private void figures(ArrayNode array, EngineSpec one, EngineSpec other) {
        for (Figure figure : figures) {
            ratio(array, figure.name(), Ratio.of(samples, figure, one.name(), other.name()), one, other, figure);
        }
    }

    /** Decoding after the longest context over that after the shortest, for each engine by itself. */
    void contexts(List<Integer> contexts) {
        if (contexts.size() < 2) {
            return;
        }
        Figure least = Figure.decode(contexts.stream().min(Integer::compare).orElseThrow());
        Figure most = Figure.decode(contexts.stream().max(Integer::compare).orElseThrow());
        ArrayNode array = json.putArray("context_ratios");
        title(most.name() + " : " + least.name());
        for (EngineSpec engine : engines) {
            Optional<Ratio> ratio = Ratio.of(samples, engine.name(), most, engine.name(), least);
            ratio(array, engine.name(), ratio, engine, engine, most);
        }
    }

    private void ratio(
            ArrayNode array, String label, Optional<Ratio> measured, EngineSpec one, EngineSpec other, Figure figure) {
        if (measured.isEmpty()) {
            return;
        }
        Ratio ratio = measured.get();
        text.append(String.format(Locale.ROOT, "  %-24s %s%n", label, ratio.text(figure.unit())));
        array.addObject()
                .put("engine", one.name())
                .put("other", other.name())
                .put("figure", figure.name())
                .put("unit", figure.unit())
                .put("pairs", ratio.pairs())
                .put("counted", ratio.counted())
                .put("disturbed", ratio.disturbed())
                .put("median", ratio.median())
                .put("least", ratio.least())
                .put("greatest", ratio.greatest())
                .put("engine_median", ratio.one())
                .put("other_median", ratio.other());
    }

    /** Peak resident memory of each engine's process at its end; {@code weights} and {@code cache} in bytes, ours. */
    void memory(Map<String, Long> peaks, long weights, long cache, int positions) {
        long expected = Math.round((weights + cache) / 1e6) + SPARE_MB;
        title(String.format(
                Locale.ROOT,
                "peak resident memory after all runs, mapped files included; weights %.0f MB + KV cache of %d tokens in"
                        + " f16 %.0f MB + %d MB = %d MB",
                weights / 1e6,
                positions,
                cache / 1e6,
                SPARE_MB,
                expected));
        ObjectNode node = json.putObject("peak_memory_mb");
        node.put("weights_kv_cache_and_spare", expected);
        for (EngineSpec engine : engines) {
            long peak = peaks.getOrDefault(engine.name(), 0L);
            node.put(engine.name(), peak);
            text.append(String.format(Locale.ROOT, "  %-24s %d MB", engine.name(), peak));
            text.append(
                    engine.ours() ? String.format(Locale.ROOT, ", %.2f of that%n", (double) peak / expected) : "\n");
        }
    }

    /** Peak resident memory of the fresh processes at their first token. */
    void startMemory(Map<String, Long> peaks) {
        if (peaks.isEmpty()) {
            return;
        }
        title("peak resident memory of a fresh process at its first token");
        ObjectNode node = json.putObject("start_memory_mb");
        peaks.forEach((name, peak) -> {
            node.put(name, peak);
            text.append(String.format(Locale.ROOT, "  %-24s %d MB%n", name, peak));
        });
    }

    /** How many tokens are the same, where both compute the same numbers: with the same weights. */
    void agreement(Map<Integer, Map<String, JsonNode>> greedy) {
        if (!format.gguf().equals(FormatPair.F16)) {
            return;
        }
        greedy.forEach((context, tokens) -> {
            List<Map.Entry<String, JsonNode>> engines = List.copyOf(tokens.entrySet());
            Map.Entry<String, JsonNode> first = engines.getFirst();
            for (Map.Entry<String, JsonNode> other : engines.subList(1, engines.size())) {
                int same = equal(first.getValue(), other.getValue());
                text.append(String.format(
                        "first %d of %d greedy tokens after %d are the same in %s and %s%n",
                        same, first.getValue().size(), context, first.getKey(), other.getKey()));
                json.withArray("equal_tokens")
                        .addObject()
                        .put("context", context)
                        .put("engine", first.getKey())
                        .put("other", other.getKey())
                        .put("equal", same);
            }
        });
    }

    private static int equal(JsonNode one, JsonNode other) {
        int same = 0;
        while (same < one.size() && one.path(same).equals(other.path(same))) {
            same++;
        }
        return same;
    }

    private void title(String line) {
        text.append(line).append(System.lineSeparator());
    }

    String text() {
        return text.toString();
    }

    ObjectNode json() {
        return json;
    }
}
