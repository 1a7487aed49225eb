package dev.decanter.grammar;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Which rules and nodes can be the empty text. */
final class Nullability {
    private final Set<String> nullable = new HashSet<>();

    Nullability(Map<String, Node> rules) {
        boolean changed = true;
        while (changed) {
            changed = false;
            for (Map.Entry<String, Node> rule : rules.entrySet()) {
                if (!nullable.contains(rule.getKey()) && isNullable(rule.getValue())) {
                    nullable.add(rule.getKey());
                    changed = true;
                }
            }
        }
    }

    boolean isNullable(Node node) {
        return switch (node) {
            case Node.Text(String text) -> text.isEmpty();
            case Node.Chars _ -> false;
            case Node.Sequence s -> s.parts().stream().allMatch(this::isNullable);
            case Node.Choice c -> c.options().stream().anyMatch(this::isNullable);
            case Node.Repeat r -> r.min() == 0 || isNullable(r.body());
            case Node.Reference(String rule) -> nullable.contains(rule);
            case Node.Both(Node first, Node second) -> isNullable(first) && isNullable(second);
            // Monotone only because the excluded part never depends on an open rule: it may not be recursive.
            case Node.Except(Node of, Node excluded) -> isNullable(of) && !isNullable(excluded);
        };
    }
}
