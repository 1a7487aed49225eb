package dev.decanter.grammar.json;

import dev.decanter.grammar.GrammarException;
import dev.decanter.grammar.Node;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Whether expressions have any value. The least fixed point over what they refer to, so that a value that would have to
 * contain another of its kind without end counts as none.
 */
final class Satisfiability {
    private final Unfolder unfolder;
    private final Map<Expr, Boolean> inner = new HashMap<>();
    private final Map<Expr, Boolean> outer = new HashMap<>();

    Satisfiability(Unfolder unfolder) {
        this.unfolder = unfolder;
    }

    /** Whether some value is certainly meant (inner), or may be. Uniqueness of items counts as possible. */
    boolean isSatisfiable(Expr expr, boolean isInner) {
        Map<Expr, Boolean> known = isInner ? inner : outer;
        Boolean answer = known.get(expr);
        if (answer != null) {
            return answer;
        }
        List<Expr> found = reachable(expr, isInner, known);
        Set<Expr> satisfiable = new HashSet<>();
        boolean changed = true;
        while (changed) {
            changed = false;
            // Last found first: what is deep usually settles what is above.
            for (int i = found.size() - 1; i >= 0; i--) {
                Expr candidate = found.get(i);
                if (!satisfiable.contains(candidate) && has(candidate, isInner, known, satisfiable)) {
                    satisfiable.add(candidate);
                    changed = true;
                }
            }
        }
        found.forEach(e -> known.put(e, satisfiable.contains(e)));
        return satisfiable.contains(expr);
    }

    private List<Expr> reachable(Expr expr, boolean isInner, Map<Expr, Boolean> known) {
        Set<Expr> found = new LinkedHashSet<>(List.of(expr));
        Deque<Expr> open = new ArrayDeque<>(found);
        while (!open.isEmpty()) {
            Values values = unfolder.unfold(open.remove(), isInner);
            List<Expr> needed = new ArrayList<>();
            values.arrays().forEach(spec -> needed.addAll(needed(spec)));
            values.objects().forEach(spec -> needed.addAll(needed(spec)));
            for (Expr part : needed) {
                if (!known.containsKey(part) && found.add(part)) {
                    open.add(part);
                }
            }
        }
        return List.copyOf(found);
    }

    private boolean has(Expr expr, boolean isInner, Map<Expr, Boolean> known, Set<Expr> satisfiable) {
        try {
            return has(unfolder.unfold(expr, isInner), isInner, part -> knows(part, known, satisfiable));
        } catch (GrammarException e) {
            throw unfolder.placeOf(expr).located(e);
        }
    }

    private static boolean has(Values values, boolean isInner, Predicate<Expr> isSatisfiable) {
        return values.nothing()
                || values.yes()
                || values.no()
                || values.numbers().stream().anyMatch(n -> !n.isEmpty())
                || values.strings().stream().anyMatch(s -> !s.isEmpty(isInner))
                || values.arrays().stream().anyMatch(a -> has(a, isSatisfiable))
                || values.objects().stream().anyMatch(o -> has(o, isSatisfiable));
    }

    private static boolean knows(Expr part, Map<Expr, Boolean> known, Set<Expr> satisfiable) {
        return satisfiable.contains(part) || known.getOrDefault(part, false);
    }

    private static List<Expr> needed(ArraySpec spec) {
        List<Expr> needed = new ArrayList<>();
        int positions = Math.min(spec.positions() + 1, spec.min());
        for (int i = 0; i < positions; i++) {
            needed.add(spec.at(i));
        }
        for (ArraySpec.Contains some : spec.contains()) {
            for (int i = 0; i <= spec.positions(); i++) {
                needed.add(Expr.all(List.of(spec.at(i), some.item())));
            }
        }
        return needed;
    }

    private static boolean has(ArraySpec spec, Predicate<Expr> isSatisfiable) {
        if (spec.min() > spec.max()) {
            return false;
        }
        int positions = Math.min(spec.positions() + 1, spec.min());
        for (int i = 0; i < positions; i++) {
            if (!isSatisfiable.test(spec.at(i))) {
                return false;
            }
        }
        for (ArraySpec.Contains some : spec.contains()) {
            boolean anywhere = false;
            for (int i = 0; i <= spec.positions(); i++) {
                anywhere |= isSatisfiable.test(Expr.all(List.of(spec.at(i), some.item())));
            }
            if (!anywhere) {
                return false;
            }
        }
        return true;
    }

    /** Whether more properties are asked for than are required, so that the others have to be counted. */
    private static boolean counts(ObjectSpec spec) {
        return spec.min() > spec.required().size();
    }

    private static List<Expr> needed(ObjectSpec spec) {
        Set<String> names = counts(spec) ? spec.declared() : spec.required();
        List<Expr> needed = new ArrayList<>(names.stream().map(spec::at).collect(Collectors.toList()));
        if (counts(spec)) {
            spec.others().forEach(cell -> needed.add(cell.value()));
        }
        return needed;
    }

    private static boolean has(ObjectSpec spec, Predicate<Expr> isSatisfiable) {
        if (Math.max(spec.min(), spec.required().size()) > spec.max()
                || !spec.required().stream().allMatch(name -> isSatisfiable.test(spec.at(name)))) {
            return false;
        }
        if (!counts(spec)) {
            return true;
        }
        long named = spec.declared().stream()
                .filter(name -> isSatisfiable.test(spec.at(name)))
                .count();
        return named >= spec.min()
                || spec.others().stream()
                        .anyMatch(cell -> isSatisfiable.test(cell.value())
                                && !cell.names().equals(Node.NOTHING));
    }

    /** Why an expression has no value, as far as it can be told. */
    String reason(Expr expr, boolean isInner) {
        Expr at = expr;
        Set<Expr> seen = new HashSet<>();
        while (seen.add(at)) {
            Values values = unfolder.unfold(at, isInner);
            if (values.arrays().isEmpty() && values.objects().isEmpty()) {
                return unfolder.placeOf(at) + ": its keywords leave no value";
            }
            Optional<Expr> next = Optional.empty();
            for (ObjectSpec spec : values.objects()) {
                for (String name : spec.required()) {
                    if (!isSatisfiable(spec.at(name), isInner)) {
                        if (spec.at(name).equals(Expr.NONE)) {
                            return unfolder.placeOf(at) + ": property " + JsonText.quote(name)
                                    + " is required and forbidden";
                        }
                        next = Optional.of(spec.at(name));
                    }
                }
            }
            for (ArraySpec spec : values.arrays()) {
                for (int i = 0; i < Math.min(spec.positions() + 1, spec.min()); i++) {
                    if (!isSatisfiable(spec.at(i), isInner)) {
                        if (spec.at(i).equals(Expr.NONE)) {
                            return unfolder.placeOf(at) + ": item " + i + " is asked for and forbidden";
                        }
                        next = Optional.of(spec.at(i));
                    }
                }
            }
            if (next.isEmpty()) {
                return unfolder.placeOf(at) + ": its keywords leave no value";
            }
            at = next.get();
        }
        return unfolder.placeOf(at) + ": each value would have to contain another one like it, without end";
    }
}
