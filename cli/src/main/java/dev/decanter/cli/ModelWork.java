package dev.decanter.cli;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.Dimension;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Core;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What a decoder reads and computes, read off its graph: products with constant matrices, every one as if it ran for every token
 * (which in a mixture of experts not all do), and the KV cache.
 *
 * @param weightBytes of the matrices as stored, with scales and zero points; those of a lookup alone are not in it
 * @param weights elements of the matrices that every token is multiplied by
 * @param headWeights elements of the matrix that gives the logits, which in a prompt only the last token is multiplied by
 * @param integers whether most elements are integers of at most 8 bits
 * @param cacheBytes keys and values of one position
 */
public record ModelWork(long weightBytes, long weights, long headWeights, boolean integers, long cacheBytes) {
    private static final String CACHE_PRECISION = "KV_CACHE_PRECISION";

    /** Reads the graph; {@code properties} are those that the model is compiled with. */
    public static ModelWork of(Model model, Map<String, String> properties) {
        Node head = head(model);
        Counter counter = new Counter();
        long cacheNumbers = 0;
        for (Node node : model.topologicalOrder()) {
            switch (node.op()) {
                case NeuralOp.MatMul _ -> counter.product(node, node == head);
                case Op.ReadValue _, Op.ReadValueV3 _ -> cacheNumbers += numbers(node);
                default -> {}
            }
        }
        return new ModelWork(
                counter.bytes,
                counter.weights,
                counter.headWeights,
                2 * counter.integers > counter.weights + counter.headWeights,
                cacheNumbers * cacheNumberBytes(model, properties));
    }

    /** The product nearest to the output; without one any node that is no product will do. */
    private static Node head(Model model) {
        Node node = model.results().getFirst();
        while (!(node.op() instanceof NeuralOp.MatMul) && !node.inputs().isEmpty()) {
            node = node.input(0).node();
        }
        return node;
    }

    /** Of a state [batch, heads, positions, size] those of one position. */
    private static long numbers(Node state) {
        var shape = state.output().shape();
        if (!shape.hasRank() || shape.rank() != 4) {
            return 0;
        }
        long numbers = 1;
        for (Dimension dimension : shape.dims()) {
            numbers *= dimension.isStatic() ? Math.max(1, dimension.size()) : 1;
        }
        return numbers;
    }

    /** As the CPU device decides it; the scales of u8 are left out. */
    private static int cacheNumberBytes(Model model, Map<String, String> properties) {
        String asked = properties.getOrDefault(CACHE_PRECISION, "AUTO").strip();
        if (asked.equalsIgnoreCase("AUTO")) {
            boolean accurate = "ACCURACY"
                    .equalsIgnoreCase(properties
                            .getOrDefault(Core.EXECUTION_MODE_HINT, "")
                            .strip());
            asked = accurate
                    ? "f32"
                    : model.rtInfo().text("runtime_options", CACHE_PRECISION).orElse("f16");
        }
        return switch (asked.strip().toLowerCase(Locale.ROOT)) {
            case "f32" -> Float.BYTES;
            case "u8" -> 1;
            default -> Short.BYTES;
        };
    }

    /** Bytes that a token reads behind {@code context} others. */
    double bytesPerToken(double context) {
        return weightBytes + cacheBytes * context;
    }

    /** Multiplications and additions with weights for a prompt. */
    double promptOperations(int tokens) {
        return 2.0 * ((double) weights * tokens + headWeights);
    }

    private static final class Counter {
        private static final Set<String> DECOMPRESSION =
                Set.of("Convert", "Reshape", "Transpose", "Unsqueeze", "Subtract", "Multiply", "Gather");

        private final Set<ConstantData> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        private long bytes;
        private long weights;
        private long headWeights;
        private long integers;

        void product(Node product, boolean head) {
            for (int i = 0; i < 2; i++) {
                Node side = product.input(i).node();
                if (!constant(side)) {
                    continue;
                }
                Op.Constant matrix = largest(side);
                long elements = matrix.shape().elements();
                if (head) {
                    headWeights += elements;
                } else {
                    weights += elements;
                }
                integers +=
                        matrix.elementType().isFloat() || matrix.elementType().bits() > 8 ? 0 : elements;
                read(side);
            }
        }

        private void read(Node node) {
            if (node.op() instanceof Op.Constant constant && seen.add(constant.data())) {
                bytes += constant.data().byteSize();
            }
            node.inputs().forEach(input -> read(input.node()));
        }

        private static boolean constant(Node node) {
            return node.op() instanceof Op.Constant
                    || (DECOMPRESSION.contains(node.op().type())
                            && node.inputs().stream().allMatch(input -> constant(input.node())));
        }

        private static Op.Constant largest(Node node) {
            if (node.op() instanceof Op.Constant constant) {
                return constant;
            }
            return node.inputs().stream()
                    .map(input -> largest(input.node()))
                    .reduce((a, b) -> a.shape().elements() >= b.shape().elements() ? a : b)
                    .orElseThrow();
        }
    }
}
