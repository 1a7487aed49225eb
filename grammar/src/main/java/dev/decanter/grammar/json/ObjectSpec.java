package dev.decanter.grammar.json;

import dev.decanter.grammar.Node;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Objects: what the properties are, which must be there.
 *
 * @param rules each property meets all of them
 * @param required names that must be there
 * @param min properties at least
 * @param max properties at most, or {@link Node.Repeat#UNBOUNDED}
 * @param names what each name is, unescaped; a regular expression
 */
record ObjectSpec(List<Properties> rules, Set<String> required, int min, int max, Node names) {
    static final ObjectSpec ANY = new ObjectSpec(List.of(), Set.of(), 0, Node.Repeat.UNBOUNDED, JsonText.ANY_CONTENT);

    /**
     * One schema's word on properties.
     *
     * @param named by name, in the order in which they are written
     * @param patterns by expressions for the name
     * @param others what is neither named nor fits a pattern
     * @param othersAreGiven whether the schema speaks of the others
     * @param written whether it stands in the schema, rather than follow from {@code not}, {@code if} or {@code oneOf}
     */
    record Properties(
            Map<String, Expr> named, List<Pattern> patterns, Expr others, boolean othersAreGiven, boolean written) {
        static Properties of(String name, Expr value) {
            return new Properties(Map.of(name, value), List.of(), Expr.ANY, false, false);
        }
    }

    /** What properties with such names are. */
    record Pattern(Node names, Expr value) {}

    /**
     * Names that fall under the same schemas.
     *
     * @param names a regular expression
     * @param value what such properties are
     * @param mentioned whether a schema speaks of them
     */
    record Cell(Node names, Expr value, boolean mentioned) {}

    static ObjectSpec properties(Properties properties) {
        return new ObjectSpec(List.of(properties), Set.of(), 0, Node.Repeat.UNBOUNDED, JsonText.ANY_CONTENT);
    }

    static ObjectSpec count(int min, int max) {
        return new ObjectSpec(List.of(), Set.of(), min, max, JsonText.ANY_CONTENT);
    }

    static ObjectSpec requiring(Set<String> names) {
        return new ObjectSpec(List.of(), names, 0, Node.Repeat.UNBOUNDED, JsonText.ANY_CONTENT);
    }

    static ObjectSpec named(Node names) {
        return new ObjectSpec(List.of(), Set.of(), 0, Node.Repeat.UNBOUNDED, names);
    }

    ObjectSpec and(ObjectSpec other) {
        List<Properties> both = new ArrayList<>(rules);
        other.rules.stream().filter(rule -> !both.contains(rule)).forEach(both::add);
        Set<String> all = new LinkedHashSet<>(required);
        all.addAll(other.required);
        int least = Math.max(min, other.min);
        int most = Math.min(max, other.max);
        return new ObjectSpec(List.copyOf(both), all, least, most, Regular.both(names, other.names));
    }

    /** The names that schemas spell out, in order, the required ones that no schema describes last. */
    Set<String> declared() {
        Set<String> all = new LinkedHashSet<>();
        rules.forEach(rule -> all.addAll(rule.named.keySet()));
        all.addAll(required);
        return all;
    }

    /** What the property of a name is. */
    Expr at(String name) {
        if (!names.equals(JsonText.ANY_CONTENT) && !Regular.matches(names, name)) {
            return Expr.NONE;
        }
        List<Expr> parts = new ArrayList<>();
        for (Properties rule : rules) {
            boolean known = rule.named.containsKey(name);
            if (known) {
                parts.add(rule.named.getOrDefault(name, Expr.ANY));
            }
            for (Pattern pattern : rule.patterns) {
                if (Regular.matches(pattern.names, name)) {
                    parts.add(pattern.value);
                    known = true;
                }
            }
            if (!known) {
                parts.add(rule.others);
            }
        }
        return Expr.all(parts);
    }

    /** All other names, by the schemas they fall under. Those that no property can have are left out. */
    List<Cell> others() {
        Set<String> declared = declared();
        Node free = names;
        if (!declared.isEmpty()) {
            free = Regular.except(
                    names,
                    Regular.choice(declared.stream().map(Regular::literal).toList()));
        }
        List<Cell> cells = List.of(new Cell(free, Expr.ANY, rules.isEmpty()));
        for (Properties rule : rules) {
            cells = split(cells, rule);
        }
        return cells;
    }

    private static List<Cell> split(List<Cell> cells, Properties rule) {
        List<Cell> split = new ArrayList<>();
        for (Cell cell : cells) {
            Map<Node, Cell> parts = new LinkedHashMap<>();
            parts.put(cell.names, new Cell(cell.names, cell.value, false));
            for (Pattern pattern : rule.patterns) {
                Map<Node, Cell> finer = new LinkedHashMap<>();
                for (Cell part : parts.values()) {
                    Node inside = Regular.both(part.names, pattern.names);
                    if (Regular.isEmpty(inside)) {
                        finer.put(part.names, part);
                        continue;
                    }
                    finer.put(inside, new Cell(inside, Expr.all(List.of(part.value, pattern.value)), true));
                    Node outside = Regular.except(part.names, pattern.names);
                    if (!Regular.isEmpty(outside)) {
                        finer.put(outside, new Cell(outside, part.value, part.mentioned));
                    }
                }
                parts = finer;
            }
            for (Cell part : parts.values()) {
                Expr value = part.mentioned ? part.value : Expr.all(List.of(part.value, rule.others));
                boolean mentioned = cell.mentioned || part.mentioned || rule.othersAreGiven;
                if (!value.equals(Expr.NONE)) {
                    split.add(new Cell(part.names, value, mentioned));
                }
            }
        }
        return split;
    }

    /** Whether some schema describes properties, so that others than those mentioned are not meant. */
    boolean describes() {
        return rules.stream().anyMatch(rule -> rule.written && (!rule.named.isEmpty() || !rule.patterns.isEmpty()));
    }

    /** What this set has not, or less: of properties that are not named nothing is said. */
    List<ObjectSpec> outside() {
        List<ObjectSpec> parts = new ArrayList<>();
        for (String name : required) {
            parts.add(properties(Properties.of(name, Expr.NONE)));
        }
        if (min > 0) {
            parts.add(count(0, min - 1));
        }
        if (max != Node.Repeat.UNBOUNDED) {
            parts.add(count(max + 1, Node.Repeat.UNBOUNDED));
        }
        for (Properties rule : rules) {
            rule.named.forEach((name, value) -> {
                if (!value.equals(Expr.ANY)) {
                    parts.add(properties(Properties.of(name, Expr.not(value))).and(requiring(Set.of(name))));
                }
            });
        }
        return parts;
    }

    /** Whether {@link #outside()} is all that this set has not. */
    boolean outsideIsExact() {
        return names.equals(JsonText.ANY_CONTENT)
                && rules.stream().allMatch(rule -> rule.patterns.isEmpty() && rule.others.equals(Expr.ANY));
    }
}
