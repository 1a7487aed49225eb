package dev.decanter.tokenizers.convert;

import static dev.decanter.tokenizers.convert.GraphBuilder.CHARS;
import static dev.decanter.tokenizers.convert.GraphBuilder.INTS;
import static dev.decanter.tokenizers.convert.GraphBuilder.join;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.tokenizers.ConversionOptions;
import java.util.List;
import java.util.Map;

/** Writes the detokenizer graph: ids → string tensor. */
final class DecoderGraph {
    private DecoderGraph() {}

    static Model build(TokenizerSpec spec, ConversionOptions options) {
        GraphBuilder graph = new GraphBuilder();
        PartialShape matrix = PartialShape.ofRank(2);
        Node parameter = graph.node(
                new Op.Parameter(ElementType.I64, matrix), List.of(), new OutputSpec(ElementType.I64, matrix));
        parameter.output().named(parameter.name());
        Output ids = graph.node(
                        new ShapeOp.Convert(ElementType.I32),
                        List.of(parameter.output()),
                        new OutputSpec(ElementType.I32, matrix))
                .output();
        List<Output> strings = spec.model() instanceof ModelSpec.SentencePiece model
                ? SentencePieceGraph.detokenize(graph, model, options.skipSpecialTokens(), ids)
                : texts(graph, spec, options, ids);
        strings = graph.extension("UTF8Validate", Map.of("replace_mode", "true"), strings, INTS, INTS, CHARS)
                .outputs();
        Output text = graph.node(
                        new Op.StringTensorPack(), strings, new OutputSpec(ElementType.STRING, PartialShape.ofRank(1)))
                .output()
                .named("string_output");
        Node result = graph.node(new Op.Result(List.of("string_output")), List.of(text));
        return new Model("detokenizer", List.of(parameter), List.of(result), List.of());
    }

    /** Looks tokens up, rewrites them, joins them, and rewrites the texts. */
    private static List<Output> texts(GraphBuilder graph, TokenizerSpec spec, ConversionOptions options, Output ids) {
        DecoderParser.Result decoder = spec.decoder();
        List<Output> vocabulary = graph.strings(Vocabulary.all(spec, decoder.byteLevel(), decoder.byteLevel()));
        int[] special = options.skipSpecialTokens()
                ? spec.added().stream()
                        .filter(AddedToken::special)
                        .mapToInt(AddedToken::id)
                        .toArray()
                : new int[0];
        Node pieces = graph.extension(
                "VocabDecoder",
                Map.of("skip_tokens", ""),
                join(ids, vocabulary, graph.ints(special)),
                INTS,
                INTS,
                INTS,
                INTS,
                CHARS);
        List<Output> strings = pieces.outputs().subList(2, 5);
        for (Step.Rewrite step : decoder.pieces()) {
            strings = Rewrites.emit(graph, step, strings, List.of());
        }
        if (decoder.byteFallback()) {
            strings = graph.extension("ByteFallback", Map.of(), strings, INTS, INTS, CHARS)
                    .outputs();
        }
        Node fused = graph.extension(
                "FuzeRagged", Map.of(), join(pieces.outputs().subList(0, 2), strings.subList(0, 2)), INTS, INTS);
        strings = join(fused.outputs(), strings.get(2));
        for (Step.Rewrite step : decoder.texts()) {
            strings = Rewrites.emit(graph, step, strings, List.of());
        }
        return strings;
    }
}
