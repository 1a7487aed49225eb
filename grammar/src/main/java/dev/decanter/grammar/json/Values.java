package dev.decanter.grammar.json;

import dev.decanter.grammar.GrammarException;
import dev.decanter.grammar.Node;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * A set of JSON values by type. Each list is a union.
 *
 * @param nothing whether null is in it
 * @param yes whether true is in it
 * @param no whether false is in it
 */
record Values(
        boolean nothing,
        boolean yes,
        boolean no,
        List<NumberSpec> numbers,
        List<StringSpec> strings,
        List<ArraySpec> arrays,
        List<ObjectSpec> objects) {

    /** Numbers and strings of a union at most. */
    static final int MAX_UNION = 20_000;

    /** Kinds of arrays or of objects of a union at most: each becomes an alternative of the grammar. */
    static final int MAX_SHAPES = 1000;

    private static final int MAX_PRODUCT = 2_000_000;

    static final Values NONE = new Values(false, false, false, List.of(), List.of(), List.of(), List.of());

    static final Values ANY = new Values(
            true,
            true,
            true,
            List.of(NumberSpec.ANY),
            List.of(StringSpec.ANY),
            List.of(ArraySpec.ANY),
            List.of(ObjectSpec.ANY));

    static final Values NULL = new Values(true, false, false, List.of(), List.of(), List.of(), List.of());

    /** The complement of a set, or a part of it. */
    record Complement(Values values, boolean isExact) {}

    static Values booleans(boolean yes, boolean no) {
        return new Values(false, yes, no, List.of(), List.of(), List.of(), List.of());
    }

    Values withNumbers(List<NumberSpec> others) {
        return new Values(nothing, yes, no, others, strings, arrays, objects);
    }

    Values withStrings(List<StringSpec> others) {
        return new Values(nothing, yes, no, numbers, others, arrays, objects);
    }

    Values withArrays(List<ArraySpec> others) {
        return new Values(nothing, yes, no, numbers, strings, others, objects);
    }

    Values withObjects(List<ObjectSpec> others) {
        return new Values(nothing, yes, no, numbers, strings, arrays, others);
    }

    Values or(Values other, Place place) {
        return new Values(
                nothing || other.nothing,
                yes || other.yes,
                no || other.no,
                union(numbers, other.numbers, place),
                union(strings, other.strings, place),
                union(arrays, other.arrays, place),
                union(objects, other.objects, place));
    }

    Values and(Values other, Place place) {
        return new Values(
                nothing && other.nothing,
                yes && other.yes,
                no && other.no,
                product(numbers, other.numbers, NumberSpec.ANY, NumberSpec::and, n -> !n.isEmpty(), place),
                product(
                        strings,
                        other.strings,
                        StringSpec.ANY,
                        StringSpec::and,
                        s -> s.min() <= s.max() && !s.content().equals(Node.NOTHING),
                        place),
                product(arrays, other.arrays, ArraySpec.ANY, ArraySpec::and, a -> a.min() <= a.max(), place),
                product(
                        objects,
                        other.objects,
                        ObjectSpec.ANY,
                        ObjectSpec::and,
                        o -> Math.max(o.min(), o.required().size()) <= o.max(),
                        place));
    }

    private static <T> List<T> union(List<T> first, List<T> second, Place place) {
        if (first.isEmpty() || second.isEmpty()) {
            return first.isEmpty() ? second : first;
        }
        LinkedHashSet<T> all = new LinkedHashSet<>(first);
        all.addAll(second);
        return bounded(all, place);
    }

    private static <T> List<T> product(
            List<T> first, List<T> second, T any, BinaryOperator<T> and, Predicate<T> isLeft, Place place) {
        if (second.equals(List.of(any))) {
            return first;
        }
        if (first.equals(List.of(any))) {
            return second;
        }
        if ((long) first.size() * second.size() > MAX_PRODUCT) {
            throw tooMany(place, MAX_UNION);
        }
        LinkedHashSet<T> all = new LinkedHashSet<>();
        for (T a : first) {
            for (T b : second) {
                T common = and.apply(a, b);
                if (isLeft.test(common)) {
                    all.add(common);
                }
            }
        }
        return bounded(all, place);
    }

    private static <T> List<T> bounded(Collection<T> all, Place place) {
        List<T> union = List.copyOf(all);
        boolean shapes =
                !union.isEmpty() && (union.getFirst() instanceof ArraySpec || union.getFirst() instanceof ObjectSpec);
        if (union.size() > (shapes ? MAX_SHAPES : MAX_UNION)) {
            throw tooMany(place, shapes ? MAX_SHAPES : MAX_UNION);
        }
        return union;
    }

    private static GrammarException tooMany(Place place, int most) {
        return place.fault("the schema has more than " + most
                + " combinations of alternatives; make its enum, anyOf and oneOf lists shorter");
    }

    Complement complement(Place place) {
        boolean exact = numbers.stream().allMatch(n -> n.multipleOf() == null)
                && strings.stream().allMatch(s -> s.formats().isEmpty())
                && arrays.stream().allMatch(ArraySpec::outsideIsExact)
                && objects.stream().allMatch(ObjectSpec::outsideIsExact);
        Values outside = new Values(
                !nothing,
                !yes,
                !no,
                outside(numbers, NumberSpec.ANY, NumberSpec::outside, v -> v.numbers, ANY::withNumbers, place),
                outside(
                        strings,
                        StringSpec.ANY,
                        s -> s.outside().stream().toList(),
                        v -> v.strings,
                        ANY::withStrings,
                        place),
                outside(arrays, ArraySpec.ANY, ArraySpec::outside, v -> v.arrays, ANY::withArrays, place),
                outside(objects, ObjectSpec.ANY, ObjectSpec::outside, v -> v.objects, ANY::withObjects, place));
        return new Complement(outside, exact);
    }

    /** The intersection of what is outside of each. */
    private static <T> List<T> outside(
            List<T> union,
            T any,
            Function<T, List<T>> outsideOf,
            Function<Values, List<T>> part,
            Function<List<T>, Values> around,
            Place place) {
        List<T> left = List.of(any);
        for (T member : union) {
            left = part.apply(around.apply(left).and(around.apply(outsideOf.apply(member)), place));
        }
        return left;
    }

    boolean isNone() {
        return !nothing
                && !yes
                && !no
                && numbers.isEmpty()
                && strings.isEmpty()
                && arrays.isEmpty()
                && objects.isEmpty();
    }
}
