package dev.decanter.tokenizers.convert;

import static dev.decanter.tokenizers.convert.GraphBuilder.CHARS;
import static dev.decanter.tokenizers.convert.GraphBuilder.FLAGS;
import static dev.decanter.tokenizers.convert.GraphBuilder.INTS;
import static dev.decanter.tokenizers.convert.GraphBuilder.join;

import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The ops for rewriting steps. */
final class Rewrites {
    private Rewrites() {}

    /** Appends a step's op on strings and (possibly none) skips; returns the strings and skips that come out. */
    static List<Output> emit(GraphBuilder graph, Step.Rewrite step, List<Output> strings, List<Output> skips) {
        List<OutputSpec> outputs = new ArrayList<>(List.of(INTS, INTS, CHARS));
        skips.forEach(s -> outputs.add(FLAGS));
        OutputSpec[] specs = outputs.toArray(OutputSpec[]::new);
        List<Output> inputs = join(strings, skips);
        return switch (step) {
            case Step.Replace replace -> {
                inputs.add(graph.text(replace.pattern()));
                inputs.add(graph.text(replace.replacement()));
                yield graph.extension("RegexNormalization", Map.of("global_replace", "true"), inputs, specs)
                        .outputs();
            }
            case Step.Form form -> charsMap(graph, form.name(), false, inputs, specs);
            case Step.Precompiled map -> {
                inputs.add(graph.bytes(map.blob()));
                yield charsMap(graph, "", false, inputs, specs);
            }
            case Step.Nmt ignored -> charsMap(graph, "", true, inputs, specs);
            case Step.LowerCase ignored ->
                graph.extension("CaseFold", Map.of("encoding", "utf-8"), inputs, specs)
                        .outputs();
        };
    }

    private static List<Output> charsMap(
            GraphBuilder graph, String form, boolean nmt, List<Output> inputs, OutputSpec[] specs) {
        Map<String, String> attributes = new LinkedHashMap<>();
        attributes.put("add_dummy_prefix", "false");
        attributes.put("remove_extra_whitespaces", "false");
        attributes.put("escape_whitespaces", "false");
        attributes.put("normalization_form", form);
        attributes.put("case_fold", "false");
        attributes.put("nmt", String.valueOf(nmt));
        return graph.extension("CharsMapNormalization", attributes, inputs, specs)
                .outputs();
    }
}
