package dev.decanter.ir.rewrite;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Does the arithmetic of weight decompression in f32. NNCF's graphs declare it in f16 (codes converted to f16, minus zero
 * points, times scales, then converted to f32); OpenVINO's devices compute {@code (q − z)·s} with the stored scale but
 * without rounding in between, and so do ours. That holds for codes of every type of eight bits or less, for codes that
 * choose from a codebook, and for scales that are products themselves.
 *
 * <p>Where the graph goes on in f16, a product or a convolution by such a weight is computed in f32 and rounded once;
 * what else reads the weight gets it rounded once.
 */
public final class WidenDecompression {
    private final Map<Output, Optional<Output>> twins = new HashMap<>();

    private WidenDecompression() {}

    /** Rewrites every value of {@code model} that is computed, in f16 or bf16, from codes and other constants only. */
    public static void run(Model model) {
        WidenDecompression pass = new WidenDecompression();
        for (Node node : model.topologicalOrder()) {
            if (node.op() instanceof ShapeOp.Convert convert && convert.destinationType() == ElementType.F32) {
                pass.wideRoot(node);
            } else if (node.outputs().size() == 1 && isNarrow(node.output())) {
                pass.narrowRoot(node.output());
            }
        }
        model.removeDead();
    }

    private void wideRoot(Node convert) {
        Output value = convert.input(0);
        if (isNarrow(value) && hasCodes(value)) {
            widen(value).ifPresent(wide -> convert.output().replaceWith(wide));
        }
    }

    /** Gives those who read a weight in its narrow type what they need. */
    private void narrowRoot(Output value) {
        if (value.node().op() instanceof ShapeOp.Convert || !hasCodes(value)) {
            return;
        }
        Optional<Output> wide = widen(value);
        if (wide.isEmpty()) {
            return;
        }
        Output rounded = convert(wide.get(), value.elementType(), value);
        for (Input reader : List.copyOf(value.consumers())) {
            Node node = reader.node();
            // a part of a larger decompression is widened with the whole; a Convert to f32 is a root of its own
            boolean part = node.outputs().size() == 1
                    && ((isNarrow(node.output()) && widen(node.output()).isPresent()) || isWideConvert(node));
            if (!part && !product(reader, wide.get())) {
                node.replaceInput(reader.index(), rounded);
            }
        }
    }

    private static boolean isWideConvert(Node node) {
        return node.op() instanceof ShapeOp.Convert convert && convert.destinationType() == ElementType.F32;
    }

    /** Computes a product, a convolution or a lookup of the weight in f32. */
    private static boolean product(Input reader, Output wide) {
        Node node = reader.node();
        boolean lookup = reader.index() == 0
                && (node.op() instanceof GatherScatterOp.Gather
                        || node.op() instanceof GatherScatterOp.GatherV7
                        || node.op() instanceof GatherScatterOp.GatherV1);
        boolean product = node.op() instanceof NeuralOp.MatMul
                || node.op() instanceof NeuralOp.Convolution
                || node.op() instanceof NeuralOp.GroupConvolution;
        if (!lookup && !product) {
            return false;
        }
        List<Output> inputs = new ArrayList<>(node.inputs());
        inputs.set(reader.index(), wide);
        if (product) {
            int other = 1 - reader.index();
            inputs.set(other, convert(inputs.get(other), ElementType.F32, inputs.get(other)));
        }
        Output computed = Node.of(node.op(), node.name(), inputs).output();
        node.output().replaceWith(convert(computed, node.output().elementType(), node.output()));
        return true;
    }

    private static boolean isNarrow(Output value) {
        return value.elementType() == ElementType.F16 || value.elementType() == ElementType.BF16;
    }

    private static boolean isFloat(Output value) {
        return isNarrow(value) || value.elementType() == ElementType.F32;
    }

    /** Whether a decompression reads codes, and not only numbers of its own type. */
    private static boolean hasCodes(Output value) {
        Node node = value.node();
        return switch (node.op()) {
            case Op.Constant constant ->
                constant.elementType().bits() <= Byte.SIZE && constant.elementType() != ElementType.BOOLEAN;
            case ShapeOp.Convert _, ShapeOp.Reshape _, ShapeOp.Transpose _ -> hasCodes(node.input(0));
            case GatherScatterOp.Gather _ -> hasCodes(node.input(0)) || hasCodes(node.input(1));
            case BinaryOp.Multiply _, BinaryOp.Subtract _ -> hasCodes(node.input(0)) || hasCodes(node.input(1));
            default -> false;
        };
    }

    /** The f32 twin of a value that is computed from constants by the steps of a decompression. */
    private Optional<Output> widen(Output value) {
        Optional<Output> known = twins.get(value);
        if (known == null) {
            known = isFloat(value) ? twin(value) : Optional.empty();
            twins.put(value, known);
        }
        return known;
    }

    private Optional<Output> twin(Output value) {
        Node node = value.node();
        return switch (node.op()) {
            case Op.Constant _ -> Optional.of(convert(value, ElementType.F32, value));
            case ShapeOp.Convert _ -> {
                Output source = node.input(0);
                boolean stored = source.node().op() instanceof Op.Constant;
                yield stored ? Optional.of(convert(source, ElementType.F32, value)) : widen(source);
            }
            case ShapeOp.Reshape _, ShapeOp.Transpose _ -> first(node);
            case GatherScatterOp.Gather _ when isStored(node.input(1)) -> first(node);
            case BinaryOp.Multiply _, BinaryOp.Subtract _ -> {
                Optional<Output> left = widen(node.input(0));
                Optional<Output> right = left.isEmpty() ? left : widen(node.input(1));
                yield right.map(r -> again(node, List.of(left.orElseThrow(), r)));
            }
            default -> Optional.empty();
        };
    }

    private static boolean isStored(Output value) {
        Node node = value.node();
        return node.op() instanceof Op.Constant
                || (node.op() instanceof ShapeOp.Convert && node.input(0).node().op() instanceof Op.Constant);
    }

    /** The same step on the twin of its first input. */
    private Optional<Output> first(Node node) {
        return widen(node.input(0)).map(data -> {
            List<Output> inputs = new ArrayList<>(node.inputs());
            inputs.set(0, data);
            return again(node, inputs);
        });
    }

    private static Output convert(Output source, ElementType type, Output namedLike) {
        return source.elementType() == type
                ? source
                : Node.of(new ShapeOp.Convert(type), namedLike.node().name(), source)
                        .output();
    }

    private static Output again(Node original, List<Output> inputs) {
        return Node.of(original.op(), original.name(), inputs).output();
    }
}
