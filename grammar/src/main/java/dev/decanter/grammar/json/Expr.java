package dev.decanter.grammar.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A set of JSON values, not evaluated: schemas of the document and what can be made of them. Compared by content. */
sealed interface Expr {
    /** Every value. */
    record Any() implements Expr {}

    /** No value. */
    record None() implements Expr {}

    /** The schema at a place. */
    record At(Place place) implements Expr {}

    /** The schema at a place without its {@code oneOf}. */
    record WithoutOneOf(Place place) implements Expr {}

    /** Values of all; in the order in which properties are to come. */
    record All(Set<Expr> parts) implements Expr {}

    /** What the expression has not. */
    record Not(Expr of) implements Expr {}

    /** One value, as it stands in {@code const} or {@code enum}. */
    record Constant(JsonNode value, Place place) implements Expr {}

    Expr ANY = new Any();
    Expr NONE = new None();

    /** The intersection. */
    static Expr all(List<Expr> parts) {
        Set<Expr> flat = new LinkedHashSet<>();
        for (Expr part : parts) {
            if (part instanceof All all) {
                flat.addAll(all.parts);
            } else if (part instanceof None) {
                return NONE;
            } else if (!(part instanceof Any)) {
                flat.add(part);
            }
        }
        if (flat.isEmpty()) {
            return ANY;
        }
        return flat.size() == 1 ? flat.iterator().next() : new All(flat);
    }

    /** The complement. */
    static Expr not(Expr of) {
        return switch (of) {
            case Any _ -> NONE;
            case None _ -> ANY;
            case Not not -> not.of;
            default -> new Not(of);
        };
    }

    /** A schema; booleans become what they mean. */
    static Expr at(Place place) {
        if (place.node().isBoolean()) {
            return place.node().booleanValue() ? ANY : NONE;
        }
        return place.node().isObject() && place.node().isEmpty() ? ANY : new At(place);
    }
}
