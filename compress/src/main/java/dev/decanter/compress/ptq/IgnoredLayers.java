package dev.decanter.compress.ptq;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.IgnoredScope;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** The layers that an ignored scope names. */
final class IgnoredLayers {
    private IgnoredLayers() {}

    /** Throws {@link CompressionException} for a name, pattern or type that no layer has. */
    static Set<Node> of(Model model, IgnoredScope scope) {
        List<Node> nodes = model.topologicalOrder();
        Set<Node> found = new HashSet<>();
        scope.names().forEach(name -> add(nodes, found, n -> n.name().equals(name), "name", name));
        for (String text : scope.patterns()) {
            Pattern pattern = Pattern.compile(text);
            add(nodes, found, n -> pattern.matcher(n.name()).matches(), "pattern", text);
        }
        scope.types().forEach(type -> add(nodes, found, n -> n.op().type().equals(type), "type", type));
        return found;
    }

    private static void add(List<Node> nodes, Set<Node> found, Predicate<Node> wanted, String what, String value) {
        List<Node> matches = nodes.stream().filter(wanted).toList();
        if (matches.isEmpty()) {
            throw new CompressionException("--ignored-scope: no layer has the " + what + " \"" + value
                    + "\"; take it out, or look names and types up with inspect");
        }
        found.addAll(matches);
    }
}
