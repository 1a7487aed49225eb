package dev.decanter.tokenizers.convert;

import static dev.decanter.tokenizers.convert.GraphBuilder.CHARS;
import static dev.decanter.tokenizers.convert.GraphBuilder.FLAGS;
import static dev.decanter.tokenizers.convert.GraphBuilder.INTS;
import static dev.decanter.tokenizers.convert.GraphBuilder.join;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.ShapeOp;
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
            case Step.BytesToChars ignored -> bytes(graph, "BytesToChars", strings, skips);
            case Step.LowerCase ignored ->
                graph.extension("CaseFold", Map.of("encoding", "utf-8"), inputs, specs)
                        .outputs();
        };
    }

    /** GPT-2's characters become the bytes that they stand for. */
    static List<Output> charsToBytes(GraphBuilder graph, List<Output> strings) {
        return bytes(graph, "CharsToBytes", strings, List.of());
    }

    /** An op on ragged strings, to which the strings are one row. */
    private static List<Output> bytes(GraphBuilder graph, String type, List<Output> strings, List<Output> skips) {
        OutputSpec one = new OutputSpec(ElementType.I32, PartialShape.of(1));
        Output count = graph.node(new ShapeOp.ShapeOf(ElementType.I32), List.of(strings.getFirst()), one)
                .output();
        List<OutputSpec> outputs = new ArrayList<>(List.of(INTS, INTS, INTS, INTS, CHARS));
        skips.forEach(s -> outputs.add(FLAGS));
        List<Output> all = graph.extension(
                        type, Map.of(), join(graph.ints(0), count, strings, skips), outputs.toArray(OutputSpec[]::new))
                .outputs();
        return all.subList(2, all.size());
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
