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
import dev.decanter.tokenizers.convert.DecoderParser.DecodeStep;
import java.util.List;
import java.util.Map;

/** Writes the detokenizer graph: ids → string tensor. */
final class DecoderGraph {
    /** What Transformers' {@code clean_up_tokenization_spaces} does, in its order. */
    private static final List<Step.Rewrite> CLEAN_UP = List.of(
            new Step.Replace(" ([.?!,])", "$1"),
            new Step.Replace(" ' ", "'"),
            new Step.Replace(" (n't|'m|'s|'ve|'re)", "$1"));

    private DecoderGraph() {}

    static Model build(TokenizerSpec spec, ConversionOptions options) {
        GraphBuilder graph = new GraphBuilder();
        PartialShape matrix = PartialShape.ofRank(2);
        ElementType type = GraphBuilder.type(options.detokenizerInputType());
        Node parameter = graph.node(new Op.Parameter(type, matrix), List.of(), new OutputSpec(type, matrix));
        parameter.output().named(parameter.name());
        Output ids = graph.node(
                        new ShapeOp.Convert(ElementType.I32),
                        List.of(parameter.output()),
                        new OutputSpec(ElementType.I32, matrix))
                .output();
        List<Output> strings = spec.model() instanceof ModelSpec.SentencePiece model
                ? SentencePieceGraph.detokenize(graph, model, options, ids)
                : texts(graph, spec, options, ids);
        if (options.utf8Mode() != ConversionOptions.Utf8Mode.DISABLE) {
            boolean replace = options.utf8Mode() == ConversionOptions.Utf8Mode.REPLACE;
            Map<String, String> mode = Map.of("replace_mode", String.valueOf(replace));
            strings = graph.extension("UTF8Validate", mode, strings, INTS, INTS, CHARS)
                    .outputs();
        }
        if (options.cleanUpSpaces().orElse(false)) {
            for (Step.Rewrite step : CLEAN_UP) {
                strings = Rewrites.emit(graph, step, strings, List.of());
            }
        }
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
        List<Output> vocabulary = graph.strings(Vocabulary.decoded(spec, decoder.byteLevel()));
        int[] special = options.skipSpecialTokens()
                ? spec.added().stream()
                        .filter(AddedToken::special)
                        .mapToInt(AddedToken::id)
                        .toArray()
                : new int[0];
        Node pieces = graph.extension(
                "VocabDecoder",
                Map.of("skip_tokens", spec.unusedIds()),
                join(ids, vocabulary, graph.ints(special)),
                INTS,
                INTS,
                INTS,
                INTS,
                CHARS);
        List<Output> rows = pieces.outputs().subList(0, 2);
        List<Output> strings = pieces.outputs().subList(2, 5);
        boolean fused = false;
        for (DecodeStep step : decoder.steps()) {
            strings = step(graph, step, rows, strings);
            fused |= step instanceof DecodeStep.Fuse;
        }
        return fused ? strings : step(graph, new DecodeStep.Fuse(), rows, strings);
    }

    private static List<Output> step(GraphBuilder graph, DecodeStep step, List<Output> rows, List<Output> strings) {
        return switch (step) {
            case DecodeStep.Pieces(Step.Rewrite rewrite, PieceFlags.Scope scope) -> {
                List<Output> flags = scope == PieceFlags.Scope.ALL
                        ? List.of()
                        : List.of(new PieceFlags(graph).outside(scope, rows, strings.getFirst()));
                yield Rewrites.emit(graph, rewrite, strings, flags).subList(0, 3);
            }
            case DecodeStep.ByteFallback ignored ->
                graph.extension("ByteFallback", Map.of(), strings, INTS, INTS, CHARS)
                        .outputs();
            case DecodeStep.CharsToBytes ignored -> Rewrites.charsToBytes(graph, strings);
            case DecodeStep.Fuse ignored ->
                join(
                        graph.extension("FuzeRagged", Map.of(), join(rows, strings.subList(0, 2)), INTS, INTS)
                                .outputs(),
                        strings.get(2));
            case DecodeStep.Validate ignored ->
                graph.extension("UTF8Validate", Map.of("replace_mode", "true"), strings, INTS, INTS, CHARS)
                        .outputs();
        };
    }
}
