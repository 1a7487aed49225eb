package dev.decanter.tokenizers.convert;

import static dev.decanter.tokenizers.convert.GraphBuilder.CHARS;
import static dev.decanter.tokenizers.convert.GraphBuilder.FLAGS;
import static dev.decanter.tokenizers.convert.GraphBuilder.INTS;
import static dev.decanter.tokenizers.convert.GraphBuilder.join;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Computes in the graph which pieces are the first or the last of their rows: flags for ops that leave flagged pieces alone.
 * Knows too, for tokenizers that put a mark before a text, whether a row's first piece still begins where its text began.
 */
final class PieceFlags {
    private static final OutputSpec ONE = new OutputSpec(ElementType.I32, PartialShape.of(1));

    /** Which pieces of a row a step is for. */
    enum Scope {
        ALL,
        FIRST,
        NOT_FIRST,
        LAST,
        NOT_LAST
    }

    private final GraphBuilder graph;
    private final List<Output> kept = new ArrayList<>();

    PieceFlags(GraphBuilder graph) {
        this.graph = graph;
    }

    private Output op(Op op, OutputSpec spec, Output... inputs) {
        return graph.node(op, List.of(inputs), spec).output();
    }

    private Output size(Output list) {
        return op(new ShapeOp.ShapeOf(ElementType.I32), ONE, list);
    }

    private Output filled(int value, Output count) {
        return op(new ShapeOp.Broadcast(ShapeOp.BroadcastMode.NUMPY), INTS, graph.scalar(value), count);
    }

    /** Flags for the pieces that are not in the scope, which must not be {@code ALL}. */
    Output outside(Scope scope, List<Output> rows, Output begins) {
        boolean last = scope == Scope.LAST || scope == Scope.NOT_LAST;
        boolean only = scope == Scope.FIRST || scope == Scope.LAST;
        Output updates = filled(only ? 0 : 1, size(rows.getFirst()));
        return marked(last, only ? 1 : 0, updates, rows, begins);
    }

    /** {@code updates} at the rows' first or last pieces, {@code base} elsewhere. Rows without pieces mark one beyond. */
    private Output marked(boolean last, int base, Output updates, List<Output> rows, Output begins) {
        Output count = size(begins);
        Output more = op(new BinaryOp.Add(), ONE, count, graph.ints(1));
        Output empty = op(new BinaryOp.Equal(), FLAGS, rows.get(0), rows.get(1));
        Output places = last
                ? op(new ShapeOp.Select(), INTS, empty, graph.ints(0), rows.get(1))
                : op(new ShapeOp.Select(), INTS, empty, count, rows.get(0));
        Output all = op(
                new GatherScatterOp.ScatterElementsUpdateV3(),
                INTS,
                filled(base, more),
                places,
                updates,
                graph.scalar(0));
        Output cut = op(new ShapeOp.Slice(), INTS, all, graph.ints(last ? 1 : 0), last ? more : count, graph.ints(1));
        return op(new ShapeOp.Convert(ElementType.BOOLEAN), FLAGS, cut);
    }

    /** For each row the element at its first piece, {@code absent} for rows without pieces at the end. */
    private Output atFirst(Output elements, int absent, List<Output> rows) {
        Output padded = op(new ShapeOp.Concat(0), INTS, elements, graph.ints(absent));
        return op(new GatherScatterOp.Gather(0), INTS, padded, rows.getFirst(), graph.scalar(0L));
    }

    /** To be called before a step that rewrites text: does it take characters away from the beginning? */
    void beforeRewrite(Step.Rewrite step, List<Output> rows, List<Output> strings) {
        String removed = switch (step) {
            case Step.Replace replace when replace.replacement().isEmpty() -> replace.pattern();
            case Step.Nmt ignored -> "[\\x{1}-\\x{8}\\x{B}\\x{E}-\\x{1F}\\x{7F}\\x{8F}\\x{9F}]";
            default -> "";
        };
        if (removed.isEmpty()) {
            return;
        }
        Step.Rewrite probe = Step.Replace.by("\\A(?:" + removed + ")(?<=[\\s\\S])[\\s\\S]*", "");
        List<Output> left = Rewrites.emit(graph, probe, strings, List.of());
        Output lengths = op(new BinaryOp.Subtract(), INTS, left.get(1), left.get(0));
        Output ofFirst = atFirst(lengths, 1, rows);
        kept.add(op(new BinaryOp.Minimum(), INTS, ofFirst, graph.ints(1)));
    }

    /** The places where the rows' first pieces begin, for {@link #afterSplit}. */
    Output beforeSplit(List<Output> rows, List<Output> strings) {
        return atFirst(strings.getFirst(), -1, rows);
    }

    /** To be called after a step that may drop pieces, with what {@link #beforeSplit} gave. */
    void afterSplit(Output before, List<Output> rows, List<Output> strings) {
        Output now = atFirst(strings.getFirst(), -1, rows);
        Output same = op(new BinaryOp.Equal(), FLAGS, before, now);
        kept.add(op(new ShapeOp.Convert(ElementType.I32), INTS, same));
    }

    /** Flags for all pieces but those that begin where their rows' texts began. */
    private Output notAtBeginning(List<Output> rows, List<Output> strings) {
        Output updates = filled(0, size(rows.getFirst()));
        for (Output k : kept) {
            Output lost = op(new BinaryOp.Subtract(), INTS, graph.ints(1), k);
            updates = op(new BinaryOp.Maximum(), INTS, updates, lost);
        }
        return marked(false, 1, updates, rows, strings.getFirst());
    }

    /** Puts a prefix before pieces that begin where their rows' texts began, unless they begin with it. */
    List<Output> prefix(String prefix, List<Output> rows, List<Output> strings, List<Output> skips) {
        Output others = notAtBeginning(rows, strings);
        for (Output skip : skips) {
            others = op(new BinaryOp.LogicalOr(), FLAGS, others, skip);
        }
        Step.Rewrite step = Step.Replace.by(
                "\\A(?=[\\s\\S])(?!" + dev.decanter.tokenizers.ops.PcreRegex.quote(prefix) + ")", prefix);
        return Rewrites.emit(graph, step, strings, List.of(others)).subList(0, 3);
    }

    /** Rewrites the flagged pieces only. */
    List<Output> rewriteFlagged(Step.Rewrite step, List<Output> strings, Output flags) {
        Output others = op(new UnaryOp.LogicalNot(), FLAGS, flags);
        return Rewrites.emit(graph, step, strings, List.of(others)).subList(0, 3);
    }

    /** An op on ragged strings without flags. */
    List<Output> pieces(String type, List<Output> rows, List<Output> strings) {
        return graph.extension(type, Map.of(), join(rows, strings), INTS, INTS, INTS, INTS, CHARS)
                .outputs();
    }
}
