package dev.decanter.tokenizers.convert;

import static dev.decanter.tokenizers.convert.GraphBuilder.CHARS;
import static dev.decanter.tokenizers.convert.GraphBuilder.INTS;
import static dev.decanter.tokenizers.convert.GraphBuilder.join;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel.PieceType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The parts of tokenizer and detokenizer graphs that run SentencePiece as a whole. Merging and Viterbi as the other ops define
 * them differ from the library's in ties and in normalization, so its own ops are the ones that give its ids.
 */
final class SentencePieceGraph {
    private SentencePieceGraph() {}

    /**
     * Ragged strings to ragged ids: each string is encoded by itself, one that is an added token has its id. The op's sparse
     * output is made ragged by the row of each id.
     */
    static List<Output> tokenize(
            GraphBuilder graph,
            ModelSpec.SentencePiece model,
            List<AddedToken> added,
            List<Output> rows,
            List<Output> strings) {
        List<Output> inputs = join(graph.bytes(model.encoder().toBytes()), strings);
        inputs.addAll(added(graph, added));
        PartialShape pairs = PartialShape.of(-1, 2);
        Node sparse = graph.extension(
                "SentencepieceTokenizer",
                attributes(false, false, false),
                inputs,
                new OutputSpec(ElementType.I64, pairs),
                INTS,
                new OutputSpec(ElementType.I64, PartialShape.of(2)));
        Output rowOf = narrow(graph, gather(graph, sparse.output(0), graph.scalar(0L), 1L, PartialShape.ofRank(1)));
        PartialShape scalar = PartialShape.of(new long[0]);
        Output count = narrow(graph, gather(graph, sparse.output(2), graph.scalar(0L), 0L, scalar));
        Node ragged = graph.extension("RaggedToRagged", Map.of(), List.of(rowOf, count), INTS, INTS);
        Output borders = graph.node(new ShapeOp.Concat(0), List.of(graph.ints(0), ragged.output(1)), INTS)
                .output();
        Output begins = gather(graph, borders, rows.getFirst(), 0L, PartialShape.ofRank(1));
        Output ends = gather(graph, borders, rows.get(1), 0L, PartialShape.ofRank(1));
        return List.of(begins, ends, sparse.output(1));
    }

    /** Added tokens, of one beginning the longest first, and their ids; nothing if there are none. */
    static List<Output> added(GraphBuilder graph, List<AddedToken> added) {
        if (added.isEmpty()) {
            return List.of();
        }
        List<AddedToken> sorted = added.stream()
                .sorted(Comparator.comparing(AddedToken::content).reversed())
                .toList();
        List<String> texts = sorted.stream().map(AddedToken::content).toList();
        int[] ids = sorted.stream().mapToInt(AddedToken::id).toArray();
        return join(graph.strings(Vocabulary.strings(texts, false)), graph.ints(ids));
    }

    static Map<String, String> attributes(boolean bos, boolean eos, boolean reverse) {
        Map<String, String> attributes = new LinkedHashMap<>();
        attributes.put("nbest_size", "1");
        attributes.put("alpha", "1");
        attributes.put("add_bos", String.valueOf(bos));
        attributes.put("add_eos", String.valueOf(eos));
        attributes.put("reverse", String.valueOf(reverse));
        return attributes;
    }

    private static Output gather(GraphBuilder graph, Output data, Output indices, long axis, PartialShape shape) {
        return graph.node(
                        new GatherScatterOp.Gather(0),
                        List.of(data, indices, graph.scalar(axis)),
                        new OutputSpec(data.elementType(), shape))
                .output();
    }

    private static Output narrow(GraphBuilder graph, Output data) {
        return graph.node(
                        new ShapeOp.Convert(ElementType.I32),
                        List.of(data),
                        new OutputSpec(ElementType.I32, data.shape()))
                .output();
    }

    /** Ids i32 [rows, ids] to strings. */
    static List<Output> detokenize(
            GraphBuilder graph, ModelSpec.SentencePiece model, ConversionOptions options, Output ids) {
        SentencePieceModel decoder = SentencePieceLayout.shown(model.decoder(), options.skipSpecialTokens());
        if (options.streamingDetokenizer()) {
            return pieceByPiece(graph, decoder, ids);
        }
        return graph.extension(
                        "SentencepieceDetokenizer",
                        Map.of(),
                        List.of(graph.bytes(decoder.toBytes()), ids),
                        INTS,
                        INTS,
                        CHARS)
                .outputs();
    }

    /** Every piece for itself, so that texts of parts can be joined: a space before the first word stays. */
    private static List<Output> pieceByPiece(GraphBuilder graph, SentencePieceModel decoder, Output ids) {
        List<String> texts = new ArrayList<>();
        List<Integer> hidden = new ArrayList<>();
        for (SentencePieceModel.Piece piece : decoder.pieces()) {
            if (piece.type() == PieceType.CONTROL) {
                hidden.add(texts.size());
            }
            boolean unknown = piece.type() == PieceType.UNKNOWN;
            texts.add(
                    unknown ? decoder.trainer().unknownSurface() : piece.text().replace('\u2581', ' '));
        }
        List<Output> inputs = join(
                ids,
                graph.strings(Vocabulary.strings(texts, false)),
                graph.ints(hidden.stream().mapToInt(Integer::intValue).toArray()));
        Map<String, String> attributes = Map.of("skip_tokens", "");
        Node pieces = graph.extension("VocabDecoder", attributes, inputs, INTS, INTS, INTS, INTS, CHARS);
        List<Output> strings = graph.extension(
                        "ByteFallback", Map.of(), pieces.outputs().subList(2, 5), INTS, INTS, CHARS)
                .outputs();
        Node rows = graph.extension(
                "FuzeRagged", Map.of(), join(pieces.outputs().subList(0, 2), strings.subList(0, 2)), INTS, INTS);
        return join(rows.outputs(), strings.get(2));
    }
}
