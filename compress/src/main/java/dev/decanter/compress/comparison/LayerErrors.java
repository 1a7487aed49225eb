package dev.decanter.compress.comparison;

import dev.decanter.compress.comparison.ComparisonReport.LayerError;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Core;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** The outputs of products with weights in two models, compared where names agree. One model is in memory at a time. */
final class LayerErrors {
    /** Elements of all compared outputs together; the text is cut so that they are not more. */
    private static final long MOST_ELEMENTS = 32 << 20;

    private static final int MOST_TOKENS = 128;

    private LayerErrors() {}

    /** A product with a weight: its layer, how wide it is, and what the weight is stored as. */
    private record Product(Node node, long width, String type) {}

    /**
     * Runs both models on one text.
     *
     * @param ids the text, of which as many tokens as the memory allows are used
     */
    static List<LayerError> of(Path base, Path other, long[] ids, Core core, String device) {
        Model first = IrReader.read(base);
        Model second = IrReader.read(other);
        Map<String, Product> baseProducts = products(first);
        Map<String, Product> otherProducts = products(second);
        List<String> names = baseProducts.entrySet().stream()
                .filter(entry -> {
                    Product twin = otherProducts.get(entry.getKey());
                    return twin != null && twin.width == entry.getValue().width;
                })
                .map(Map.Entry::getKey)
                .toList();
        if (names.isEmpty()) {
            return List.of();
        }
        long width = names.stream()
                .mapToLong(name -> product(baseProducts, name).width)
                .sum();
        int tokens = (int) Math.max(1, Math.min(Math.min(MOST_TOKENS, ids.length), MOST_ELEMENTS / width));
        long[] text = Arrays.copyOf(ids, tokens);
        Map<String, float[]> expected = new LinkedHashMap<>();
        try (TokenRunner runner = new TokenRunner(watched(first, baseProducts, names), core, device)) {
            runner.feed(text);
            for (int i = 0; i < names.size(); i++) {
                expected.put(names.get(i), runner.output(output(i)).toFloats());
            }
        }
        List<LayerError> errors = new ArrayList<>();
        try (TokenRunner runner = new TokenRunner(watched(second, otherProducts, names), core, device)) {
            runner.feed(text);
            for (int i = 0; i < names.size(); i++) {
                String name = names.get(i);
                errors.add(error(
                        name,
                        product(baseProducts, name).type,
                        product(otherProducts, name).type,
                        Objects.requireNonNull(expected.remove(name)),
                        runner.output(output(i)).toFloats()));
            }
        }
        return errors;
    }

    private static Product product(Map<String, Product> products, String name) {
        return Objects.requireNonNull(products.get(name));
    }

    private static String output(int layer) {
        return "compared_layer_" + layer;
    }

    private static Model watched(Model model, Map<String, Product> products, List<String> names) {
        for (int i = 0; i < names.size(); i++) {
            Op.Result result = new Op.Result(List.of(output(i)));
            model.results()
                    .add(Node.of(
                            result,
                            output(i),
                            product(products, names.get(i)).node.output()));
        }
        return model;
    }

    /** MatMuls of which one operand depends on the inputs and the other does not, by name, in the graph's order. */
    private static Map<String, Product> products(Model model) {
        Set<Node> varying = new HashSet<>();
        Map<String, Product> products = new LinkedHashMap<>();
        for (Node node : model.topologicalOrder()) {
            boolean source = node.op() instanceof Op.Parameter
                    || node.op() instanceof Op.ReadValue
                    || node.op() instanceof Op.ReadValueV3;
            if (source || node.inputs().stream().anyMatch(input -> varying.contains(input.node()))) {
                varying.add(node);
            }
            if (node.op() instanceof NeuralOp.MatMul) {
                boolean left = varying.contains(node.input(0).node());
                boolean right = varying.contains(node.input(1).node());
                var last = node.output().shape().dim(-1);
                if (left != right && last.isStatic()) {
                    String type = stored(node.input(left ? 1 : 0).node());
                    products.put(node.name(), new Product(node, last.size(), type));
                }
            }
        }
        return products;
    }

    /** The element type of the largest constant that a weight is made of. */
    private static String stored(Node weight) {
        long most = -1;
        String type = "";
        List<Node> open = new ArrayList<>(List.of(weight));
        for (int i = 0; i < open.size(); i++) {
            if (open.get(i).op() instanceof Op.Constant constant
                    && constant.shape().elements() > most) {
                most = constant.shape().elements();
                type = constant.elementType().irName();
            }
            open.get(i).inputs().forEach(input -> open.add(input.node()));
        }
        return type;
    }

    static LayerError error(String name, String baseType, String otherType, float[] base, float[] other) {
        double difference = 0;
        double baseSquares = 0;
        double otherSquares = 0;
        double product = 0;
        for (int i = 0; i < base.length; i++) {
            double x = base[i];
            double y = other[i];
            difference += (y - x) * (y - x);
            baseSquares += x * x;
            otherSquares += y * y;
            product += x * y;
        }
        double relative = difference == 0 ? 0 : Math.sqrt(difference / baseSquares);
        double cosine = difference == 0 ? 1 : product / Math.sqrt(baseSquares * otherSquares);
        return new LayerError(name, baseType, otherType, relative, cosine);
    }
}
