package dev.decanter.ir.rewrite;

import dev.decanter.ir.Constants;
import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Computes logits of the last position only: cuts the hidden state before the product with the vocabulary, which in
 * prefill is the largest of all and of which generation reads one row.
 *
 * <p>From the output {@code logits [batch, positions, vocabulary]} upwards it passes through what treats every position
 * alike (conversions, a bias, soft-capping by a quotient, tanh and a product, a transposition) to a MatMul with a matrix
 * of rank 2, and cuts that MatMul's left operand. It does nothing if anything else stands between, if a value on the way
 * has another reader, or if there is one position only. The logits of the last position stay bit for bit what they were,
 * as far as a device computes rows of a product alike whatever their number.
 *
 * <p>How many positions are kept can be left to each inference, by an input of the model that the pass adds. Then the input is
 * the first position to keep, counted from the end: −1 for the last only, −n for the last n.
 *
 * {@snippet :
 * boolean cut = PassSequence.of(new LastTokenLogits("logits")).run(model); // logits [?,..1,32000]
 * }
 */
public final class LastTokenLogits implements Pass {
    private static final int POSITIONS = 1;

    private final String outputName;
    private final Optional<String> startInput;

    /** For the output with this tensor name, of which the last position is kept. */
    public LastTokenLogits(String outputName) {
        this(outputName, Optional.empty());
    }

    /** For the output with this tensor name, kept from a position on that is an input i64 [1] of the name {@code startInput}. */
    public LastTokenLogits(String outputName, String startInput) {
        this(outputName, Optional.of(startInput));
    }

    private LastTokenLogits(String outputName, Optional<String> startInput) {
        this.outputName = outputName;
        this.startInput = startInput;
    }

    @Override
    public boolean run(Model model) {
        Optional<Node> result = model.result(outputName);
        if (result.isEmpty() || startInput.stream().anyMatch(name -> hasInput(model, name))) {
            return false;
        }
        Output value = result.get().input(0);
        if (!value.shape().hasRank()
                || value.shape().rank() != 3
                || value.shape().dim(POSITIONS).max() <= 1) {
            return false;
        }
        int axis = POSITIONS;
        Deque<Node> passed = new ArrayDeque<>();
        while (value.consumers().size() == 1) {
            Node node = value.node();
            passed.push(node);
            if (node.op() instanceof NeuralOp.MatMul matMul) {
                return cut(model, matMul, node, axis, passed);
            }
            Step step = above(node, axis);
            if (step == null) {
                return false;
            }
            axis = step.axis;
            value = step.value;
        }
        return false;
    }

    private static boolean hasInput(Model model, String name) {
        return model.parameters().stream().anyMatch(p -> p.output().names().contains(name));
    }

    /** A value on the way up, and which of its axes is the positions. */
    private record Step(Output value, int axis) {}

    private static @Nullable Step above(Node node, int axis) {
        return switch (node.op()) {
            case ShapeOp.Convert _, UnaryOp.Tanh _ -> new Step(node.input(0), axis);
            case BinaryOp.Add _, BinaryOp.Multiply _ -> {
                Step left = operand(node, 0, 1, axis);
                yield left != null ? left : operand(node, 1, 0, axis);
            }
            case BinaryOp.Divide _ -> operand(node, 0, 1, axis);
            case ShapeOp.Transpose _ -> {
                long[] order = Constants.integers(node.input(1)).orElse(new long[0]);
                yield order.length == 3 ? new Step(node.input(0), (int) order[axis]) : null;
            }
            default -> null;
        };
    }

    /** The step to operand {@code main} if the other is a constant that treats all positions alike. */
    private static @Nullable Step operand(Node node, int main, int other, int axis) {
        PartialShape shape = node.input(main).shape();
        Output constant = node.input(other);
        if (!isConstant(constant)
                || !shape.hasRank()
                || shape.rank() != 3
                || !constant.shape().isStatic()
                || constant.shape().rank() > 3) {
            return null;
        }
        int aligned = axis - (3 - constant.shape().rank());
        boolean alike = aligned < 0 || constant.shape().dim(aligned).equals(Dimension.of(1));
        return alike ? new Step(node.input(main), axis) : null;
    }

    private static boolean isConstant(Output value) {
        Node node = value.node();
        return node.op() instanceof Op.Constant || (node.op() instanceof ShapeOp.Convert && isConstant(node.input(0)));
    }

    /** Cuts the left operand; {@code passed} are the nodes whose shapes change, the MatMul first. */
    private boolean cut(Model model, NeuralOp.MatMul op, Node matMul, int axis, Deque<Node> passed) {
        Output hidden = matMul.input(0);
        PartialShape weights = matMul.input(1).shape();
        boolean matrix = weights.hasRank() && weights.rank() == 2;
        boolean rows = hidden.shape().hasRank() && hidden.shape().rank() == 3 && axis < 2;
        if (!matrix || !rows || (op.transposeA() && axis == 1)) {
            return false;
        }
        List<Output> inputs = new ArrayList<>(List.of(hidden));
        inputs.add(startInput
                .map(name -> parameter(model, name))
                .orElseGet(() -> Constants.vector(matMul.name() + "/last_start", -1))
                .output());
        inputs.add(
                Constants.vector(matMul.name() + "/last_stop", Long.MAX_VALUE).output());
        inputs.add(Constants.vector(matMul.name() + "/last_step", 1).output());
        inputs.add(Constants.vector(matMul.name() + "/last_axis", axis).output());
        Node slice = Node.of(new ShapeOp.Slice(), matMul.name() + "/last", inputs);
        matMul.replaceInput(0, slice.output());
        passed.forEach(Node::revalidate);
        return true;
    }

    private static Node parameter(Model model, String name) {
        OutputSpec spec = new OutputSpec(ElementType.I64, PartialShape.of(1));
        Node node = Node.of(new Op.Parameter(spec.elementType(), spec.shape()), name, List.of(), List.of(spec));
        node.output().named(name);
        model.parameters().add(node);
        return node;
    }
}
