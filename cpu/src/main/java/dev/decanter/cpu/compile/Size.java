package dev.decanter.cpu.compile;

import dev.decanter.ir.Output;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A whole number of which a graph says how it comes from sizes of values: {@code constant + Σ factor · size}. Two are equal
 * if they are so for all inputs; that they are not need not mean that they differ.
 *
 * @param constant what is added
 * @param terms the sizes with their factors, none of which is 0
 */
record Size(long constant, Map<Dim, Long> terms) {
    /** A dimension of a value that is not static. */
    record Dim(Output value, int axis) {}

    Size {
        terms = Map.copyOf(terms);
    }

    static Size of(long constant) {
        return new Size(constant, Map.of());
    }

    static Size of(Dim dim) {
        return new Size(0, Map.of(dim, 1L));
    }

    Size plus(Size other) {
        Map<Dim, Long> sum = new LinkedHashMap<>(terms);
        other.terms.forEach((dim, factor) -> sum.merge(dim, factor, Math::addExact));
        sum.values().removeIf(factor -> factor == 0);
        return new Size(Math.addExact(constant, other.constant), sum);
    }

    Size plus(long number) {
        return plus(of(number));
    }

    Size times(long number) {
        Map<Dim, Long> product = new LinkedHashMap<>();
        terms.forEach((dim, factor) -> product.put(dim, Math.multiplyExact(factor, number)));
        product.values().removeIf(factor -> factor == 0);
        return new Size(Math.multiplyExact(constant, number), product);
    }

    Size minus(Size other) {
        return plus(other.times(-1));
    }

    /** The product, if one of the two is a constant. */
    Optional<Size> times(Size other) {
        if (other.terms.isEmpty()) {
            return Optional.of(times(other.constant));
        }
        return terms.isEmpty() ? Optional.of(other.times(constant)) : Optional.empty();
    }

    boolean is(long number) {
        return terms.isEmpty() && constant == number;
    }

    /** Whether it is 0 or more whatever the inputs. */
    boolean isCount() {
        return constant >= 0 && terms.values().stream().allMatch(factor -> factor > 0);
    }
}
