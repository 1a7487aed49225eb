package dev.decanter.tokenizers.convert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.file.IrWriter;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.tokenizers.EncodeOptions;
import dev.decanter.tokenizers.TokenizedInputs;
import dev.decanter.tokenizers.Tokenizer;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel;
import dev.decanter.tokenizers.sentencepiece.SentencePieceProcessor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Graphs in the form that {@code convert_tokenizer --use-sentencepiece-backend} writes: sparse ids scattered into a dense tensor,
 * turned around for padding on the left, a beginning put before them.
 */
class SentencePieceIrTest {
    private static final int BOS = 1;
    private static final int PAD = 7;

    @TempDir
    Path folder;

    private final GraphBuilder graph = new GraphBuilder();

    private static SentencePieceModel model() throws IOException {
        try (var in = Objects.requireNonNull(
                SentencePieceIrTest.class.getResourceAsStream("/sentencepiece/bpe-bytes.model"))) {
            return SentencePieceModel.parse(in.readAllBytes(), "bpe-bytes.model");
        }
    }

    private Output node(Op op, ElementType type, int rank, Output... inputs) {
        return graph.node(op, List.of(inputs), new OutputSpec(type, PartialShape.ofRank(rank)))
                .output();
    }

    private Output longs(long... values) {
        return node(
                new ShapeOp.Convert(ElementType.I64),
                ElementType.I64,
                1,
                graph.ints(LongStream.of(values).mapToInt(Math::toIntExact).toArray()));
    }

    private Output broadcast(Output value, Output shape, int rank) {
        return node(
                new ShapeOp.Broadcast(ShapeOp.BroadcastMode.BIDIRECTIONAL), value.elementType(), rank, value, shape);
    }

    private Output scatter(Output data, Output indices, Output updates) {
        return node(new GatherScatterOp.ScatterNDUpdateV4(), ElementType.I32, 2, data, indices, updates);
    }

    /** {@code bosPrefix}: a beginning by a subgraph, as for BPE with added tokens, rather than by the op's attribute. */
    private Model tokenizer(byte[] file, boolean left, boolean bosPrefix) {
        OutputSpec texts = new OutputSpec(ElementType.STRING, PartialShape.ofRank(1));
        Node parameter = graph.node(new Op.Parameter(ElementType.STRING, PartialShape.ofRank(1)), List.of(), texts);
        parameter.output().named("string_input");
        List<Output> inputs = new ArrayList<>(List.of(graph.bytes(file), parameter.output()));
        if (bosPrefix) {
            inputs.addAll(SentencePieceGraph.added(
                    graph, List.of(new AddedToken(3, "<sep>", true, false, false, false, false))));
        }
        Node sparse = graph.extension(
                "SentencepieceTokenizer",
                SentencePieceGraph.attributes(!bosPrefix, false, left),
                inputs,
                new OutputSpec(ElementType.I64, PartialShape.of(-1, 2)),
                GraphBuilder.INTS,
                new OutputSpec(ElementType.I64, PartialShape.of(2)));
        Output indices = sparse.output(0);
        Output values = sparse.output(1);
        Output shape = sparse.output(2);
        Output ones =
                broadcast(graph.scalar(1), node(new ShapeOp.ShapeOf(ElementType.I64), ElementType.I64, 1, values), 1);
        Output mask = scatter(broadcast(graph.scalar(0), shape, 2), indices, ones);
        if (bosPrefix) {
            Output rows =
                    node(new GatherScatterOp.Gather(0), ElementType.I64, 0, shape, graph.scalar(0L), graph.scalar(0L));
            Output rowNumbers = node(
                    new ShapeOp.Range(ElementType.I64), ElementType.I64, 1, graph.scalar(0L), rows, graph.scalar(1L));
            Output rowColumn = node(new ShapeOp.Reshape(false), ElementType.I64, 2, rowNumbers, longs(-1, 1));
            Output column = left
                    ? node(
                            new ShapeOp.Convert(ElementType.I64),
                            ElementType.I64,
                            2,
                            node(new ReduceOp.ReduceSum(true), ElementType.I32, 2, mask, graph.scalar(-1)))
                    : node(new BinaryOp.Multiply(), ElementType.I64, 2, rowColumn, longs(0));
            Output moved = left ? indices : node(new BinaryOp.Add(), ElementType.I64, 2, indices, longs(0, 1));
            Output places = node(new ShapeOp.Concat(1), ElementType.I64, 2, rowColumn, column);
            indices = node(new ShapeOp.Concat(0), ElementType.I64, 2, moved, places);
            Output size = node(new ShapeOp.ShapeOf(ElementType.I64), ElementType.I64, 1, rowNumbers);
            values = node(new ShapeOp.Concat(0), ElementType.I32, 1, values, broadcast(graph.ints(BOS), size, 1));
            Output columnOnes = node(
                    new ShapeOp.Reshape(false), ElementType.I32, 2, broadcast(graph.ints(1), size, 1), longs(-1, 1));
            mask = node(new ShapeOp.Concat(1), ElementType.I32, 2, columnOnes, mask);
            shape = node(new BinaryOp.Add(), ElementType.I64, 1, shape, longs(0, 1));
        }
        Output ids = scatter(broadcast(graph.scalar(PAD), shape, 2), indices, values);
        if (left) {
            ShapeOp.Reverse reverse = new ShapeOp.Reverse(ShapeOp.ReverseMode.INDEX);
            mask = node(reverse, ElementType.I32, 2, mask, longs(-1));
            ids = node(reverse, ElementType.I32, 2, ids, longs(-1));
        }
        return new Model(
                "tokenizer",
                List.of(parameter),
                List.of(result(ids, "input_ids"), result(mask, "attention_mask")),
                List.of());
    }

    private Node result(Output source, String name) {
        return graph.node(new Op.Result(List.of(name)), List.of(source.named(name)));
    }

    private Model detokenizer(byte[] file, boolean stream) {
        PartialShape matrix = PartialShape.ofRank(2);
        Node ids = graph.node(
                new Op.Parameter(ElementType.I32, matrix), List.of(), new OutputSpec(ElementType.I32, matrix));
        ids.output().named("ids");
        List<Output> strings = graph.extension(
                        stream ? "SentencepieceStreamDetokenizer" : "SentencepieceDetokenizer",
                        Map.of(),
                        List.of(graph.bytes(file), ids.output()),
                        GraphBuilder.INTS,
                        GraphBuilder.INTS,
                        GraphBuilder.CHARS)
                .outputs();
        if (stream) {
            strings = Rewrites.emit(graph, Step.Replace.by("▁", " "), strings, List.of());
        }
        Output text = graph.node(
                        new Op.StringTensorPack(), strings, new OutputSpec(ElementType.STRING, PartialShape.ofRank(1)))
                .output();
        return new Model("detokenizer", List.of(ids), List.of(result(text, "string_output")), List.of());
    }

    private Tokenizer written(boolean left, boolean bosPrefix, boolean stream) throws IOException {
        byte[] file = model().toBytes();
        IrWriter.write(tokenizer(file, left, bosPrefix), folder.resolve("openvino_tokenizer.xml"));
        IrWriter.write(detokenizer(file, stream), folder.resolve("openvino_detokenizer.xml"));
        return Tokenizer.load(folder);
    }

    private static List<Long> row(TokenizedInputs inputs, int row) {
        long[] ids = inputs.inputIds().toLongs();
        int columns = (int) inputs.inputIds().shape().dim(1);
        return LongStream.of(ids)
                .skip((long) row * columns)
                .limit(columns)
                .boxed()
                .toList();
    }

    private static List<Long> expected(SentencePieceProcessor processor, String text, boolean left, int columns) {
        List<Long> ids = new ArrayList<>(List.of((long) BOS));
        IntStream.of(processor.encode(text)).forEach(id -> ids.add((long) id));
        List<Long> row = new ArrayList<>();
        LongStream.range(0, columns - ids.size()).forEach(i -> row.add((long) PAD));
        row.addAll(left ? row.size() : 0, ids);
        return row;
    }

    @Test
    void givesIdsAndMasksInEveryForm() throws IOException {
        SentencePieceProcessor processor = new SentencePieceProcessor(model());
        List<String> texts = List.of("The licence is here", "a", "", "é日  12");
        for (boolean left : List.of(true, false)) {
            for (boolean bosPrefix : List.of(true, false)) {
                try (Tokenizer tokenizer = written(left, bosPrefix, false)) {
                    TokenizedInputs inputs = tokenizer.encode(texts);
                    int columns = (int) inputs.inputIds().shape().dim(1);
                    for (int i = 0; i < texts.size(); i++) {
                        assertThat(row(inputs, i))
                                .as(texts.get(i) + left + bosPrefix)
                                .isEqualTo(expected(processor, texts.get(i), left, columns));
                    }
                    long ones = LongStream.of(inputs.attentionMask().toLongs()).sum();
                    assertThat(ones)
                            .isEqualTo(texts.stream()
                                    .mapToInt(t -> 1 + processor.encode(t).length)
                                    .sum());
                    assertThat(tokenizer.decode(tokenizer.encodeToIds("The licence")))
                            .isEqualTo("The licence");
                    withoutSpecialTokens(tokenizer, processor, texts, left);
                }
            }
        }
    }

    private static void withoutSpecialTokens(
            Tokenizer tokenizer, SentencePieceProcessor processor, List<String> texts, boolean left) {
        TokenizedInputs inputs = tokenizer.encode(texts, EncodeOptions.DEFAULT.withAddSpecialTokens(false));
        int columns = (int) inputs.inputIds().shape().dim(1);
        for (int i = 0; i < texts.size(); i++) {
            List<Long> wanted = expected(processor, texts.get(i), left, columns + 1);
            wanted.remove((Long) (long) BOS);
            assertThat(row(inputs, i)).as(texts.get(i) + left).isEqualTo(wanted);
        }
        assertThat(tokenizer.encodeToIds("", false)).isEmpty();
    }

    @Test
    void addedTokensStandForThemselves() throws IOException {
        try (Tokenizer tokenizer = written(false, true, true)) {
            assertThat(tokenizer.encodeToIds("<sep>")).containsExactly(BOS, 3);
            assertThat(tokenizer.decode(tokenizer.encodeToIds("it is"), false)).isEqualTo("<s> it is");
            assertThat(tokenizer
                            .encode(List.of("a"), EncodeOptions.DEFAULT)
                            .attentionMask()
                            .toLongs())
                    .containsOnly(1);
        }
    }
}
