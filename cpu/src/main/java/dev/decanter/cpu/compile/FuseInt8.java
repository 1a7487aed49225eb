package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.QuantizerLevels;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;

/**
 * Products of what FakeQuantize rounds to 256 levels or fewer become products of the codes: by a weight of bytes {@link
 * FusedOp.Int8Linear}, of two such values {@link FusedOp.Int8MatMul}; likewise {@link FusedOp.Convolution}. A value is turned into codes once, by {@link
 * FusedOp.Quantize}, however many products read it, and moves that change no value (Reshape, Transpose …) between
 * FakeQuantize and the product then move codes. Consumers that are no such product keep FakeQuantize in f32.
 *
 * <p>Runs before weights are fused and constants folded, which would both take the weights.
 */
final class FuseInt8 implements Pass {
    /** Steps by which the code of 0 may miss 0, for products that do not correct it: the rounding of the range's ends. */
    private static final double NEGLIGIBLE = 1e-4;

    private final IdentityHashMap<Output, Output> codes = new IdentityHashMap<>();

    @Override
    public boolean run(Model model) {
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            changed |= switch (node.op()) {
                case NeuralOp.MatMul op -> linear(node, op) || product(node, op);
                case NeuralOp.Convolution _, NeuralOp.GroupConvolution _ -> convolution(node);
                default -> false;
            };
        }
        codes.clear();
        return changed;
    }

    private boolean linear(Node node, NeuralOp.MatMul op) {
        Output x = node.input(0);
        Optional<QuantizerLevels> levels = levels(x);
        if (op.transposeA()
                || levels.isEmpty()
                || !x.shape().hasRank()
                || x.shape().rank() < 2) {
            return false;
        }
        Optional<ChannelWeight> weight =
                ChannelWeight.matrix(node.input(1), !op.transposeB()).filter(ChannelWeight::isBytes);
        weight.ifPresent(w ->
                Graphs.replace(node.output(), new FusedOp.Int8Linear(w, levels.get(), List.of()), List.of(codes(x))));
        return weight.isPresent();
    }

    private boolean product(Node node, NeuralOp.MatMul op) {
        Output a = node.input(0);
        Output b = node.input(1);
        Optional<QuantizerLevels> left = levels(a).filter(FuseInt8::representsZero);
        Optional<QuantizerLevels> right = levels(b).filter(FuseInt8::representsZero);
        boolean ranked = a.shape().hasRank() && b.shape().hasRank();
        if (left.isEmpty()
                || right.isEmpty()
                || !ranked
                || Math.min(a.shape().rank(), b.shape().rank()) < 2) {
            return false;
        }
        Op fused = new FusedOp.Int8MatMul(op, left.get(), right.get());
        Graphs.replace(node.output(), fused, List.of(codes(a), codes(b)));
        return true;
    }

    private boolean convolution(Node node) {
        Output x = node.input(0);
        Optional<QuantizerLevels> levels = levels(x).filter(FuseInt8::representsZero);
        Optional<FusedOp.Convolution> plain = levels.flatMap(_ -> FuseConvolution.match(node))
                .filter(c -> c.weight().isBytes());
        plain.ifPresent(c -> {
            Op fused = new FusedOp.Convolution(c.op(), c.kernel(), c.weight(), levels, List.of());
            Graphs.replace(node.output(), fused, List.of(codes(x)));
        });
        return plain.isPresent();
    }

    private static boolean representsZero(QuantizerLevels levels) {
        return Math.abs(levels.rest()) <= NEGLIGIBLE * Math.abs(levels.scale());
    }

    /** The levels of {@code value}, if it comes from a FakeQuantize that a byte can stand for. */
    private static Optional<QuantizerLevels> levels(Output value) {
        Node node = value.node();
        while (isMove(node.op())) {
            node = node.input(0).node();
        }
        return node.op() instanceof NeuralOp.FakeQuantize op && Graphs.isF32(node.output())
                ? levels(node, op).filter(q -> q.steps() <= 255 && q.zero() >= 0 && q.zero() <= q.steps())
                : Optional.empty();
    }

    private static Optional<QuantizerLevels> levels(Node node, NeuralOp.FakeQuantize op) {
        return Levels.match(node, op)
                .filter(l -> l.each().size() == 1)
                .map(l -> l.each().getFirst());
    }

    /** Whether an op only moves elements of its input 0. */
    private static boolean isMove(Op op) {
        return switch (op) {
            case ShapeOp.Reshape _, ShapeOp.Squeeze _, ShapeOp.SqueezeV15 _, ShapeOp.Unsqueeze _, ShapeOp.Transpose _ ->
                true;
            default -> false;
        };
    }

    /** The codes of a value that has levels. */
    private Output codes(Output value) {
        Output known = codes.get(value);
        if (known != null) {
            return known;
        }
        Node node = value.node();
        Node made;
        if (node.op() instanceof NeuralOp.FakeQuantize op) {
            QuantizerLevels levels = levels(node, op).orElseThrow();
            made = Node.of(new FusedOp.Quantize(levels), node.name(), node.input(0));
        } else {
            List<Output> inputs = new ArrayList<>(node.inputs());
            inputs.set(0, codes(node.input(0)));
            made = Node.of(node.op(), node.name(), inputs);
        }
        Output output = made.output(value.index());
        codes.put(value, output);
        return output;
    }
}
