package dev.decanter.compress.weights;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.IgnoredScope;
import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** The layers of a model that a scope names, and those that are never compressed: MatMuls that compute angles of positions. */
public final class IgnoredLayers {
    private final Set<Node> nodes = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Throws {@link CompressionException} if a name, pattern or type of the scope matches nothing. */
    public IgnoredLayers(Model model, IgnoredScope scope) {
        nodes.addAll(named(model, scope));
        model.topologicalOrder().stream().filter(IgnoredLayers::computesAngles).forEach(nodes::add);
    }

    private IgnoredLayers() {}

    /** The layers that a scope names; throws {@link CompressionException} if a name, pattern or type matches nothing. */
    public static Set<Node> named(Model model, IgnoredScope scope) {
        List<Node> all = model.topologicalOrder();
        IgnoredLayers found = new IgnoredLayers();
        scope.names().forEach(name -> found.add(all, n -> n.name().equals(name), "no layer is named \"" + name + "\""));
        for (String pattern : scope.patterns()) {
            Pattern compiled = Pattern.compile(pattern);
            found.add(
                    all,
                    n -> compiled.matcher(n.name()).lookingAt(),
                    "no layer's name begins as \"" + pattern + "\" asks");
        }
        scope.types().forEach(type -> found.add(all, n -> isType(n, type), "no layer is of type " + type));
        return found.nodes;
    }

    private void add(List<Node> all, Predicate<Node> condition, String fault) {
        List<Node> matching = all.stream().filter(condition).toList();
        if (matching.isEmpty()) {
            throw new CompressionException(
                    "--ignored-scope: " + fault + "; decanter inspect --layers lists the layers of a model");
        }
        nodes.addAll(matching);
    }

    private static boolean isType(Node node, String type) {
        return node.op().type().equals(type) || (node.op() instanceof Op.Constant && type.equals("Constant"));
    }

    /** Whether a weight is to be left alone, since its layer is or it is itself. */
    public boolean contains(WeightedLayer layer) {
        return nodes.contains(layer.consumer()) || nodes.contains(layer.constant());
    }

    /** RoPE: MatMul [→ Transpose] → Concat → Cos and Sin. Segment Anything: MatMul → Multiply → Cos and Sin → Concat. */
    private static boolean computesAngles(Node node) {
        return node.op() instanceof NeuralOp.MatMul
                && consumers(node).stream().anyMatch(next -> switch (next.op()) {
                    case ShapeOp.Transpose _ -> consumers(next).stream().anyMatch(IgnoredLayers::isAngleConcat);
                    case ShapeOp.Concat _ -> isAngleConcat(next);
                    case BinaryOp.Multiply _ -> feedsCosAndSin(next) && joinsAgain(next);
                    default -> false;
                });
    }

    private static boolean isAngleConcat(Node node) {
        return node.op() instanceof ShapeOp.Concat && feedsCosAndSin(node);
    }

    private static boolean feedsCosAndSin(Node node) {
        List<Node> next = consumers(node);
        return next.stream().anyMatch(n -> n.op() instanceof UnaryOp.Cos)
                && next.stream().anyMatch(n -> n.op() instanceof UnaryOp.Sin);
    }

    private static boolean joinsAgain(Node node) {
        return consumers(node).stream()
                .filter(n -> n.op() instanceof UnaryOp.Cos)
                .flatMap(n -> consumers(n).stream())
                .anyMatch(n -> n.op() instanceof ShapeOp.Concat);
    }

    private static List<Node> consumers(Node node) {
        return node.outputs().stream()
                .flatMap(output -> output.consumers().stream())
                .map(Input::node)
                .toList();
    }
}
