package dev.decanter.grammar.json;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Numbers between two bounds that are multiples of a number.
 *
 * @param low lower bound, or null
 * @param aboveLow whether the bound itself is out
 * @param high upper bound, or null
 * @param belowHigh whether the bound itself is out
 * @param multipleOf what the numbers are multiples of, above 0; or null. Integers are multiples of 1.
 */
record NumberSpec(
        @Nullable BigDecimal low,
        boolean aboveLow,
        @Nullable BigDecimal high,
        boolean belowHigh,
        @Nullable BigDecimal multipleOf) {

    static final NumberSpec ANY = new NumberSpec(null, false, null, false, null);

    /** Equal numbers are equal, however they are written. */
    NumberSpec {
        low = stripped(low);
        high = stripped(high);
        multipleOf = stripped(multipleOf);
    }

    private static @Nullable BigDecimal stripped(@Nullable BigDecimal number) {
        return number == null ? null : number.stripTrailingZeros();
    }

    static NumberSpec point(BigDecimal number) {
        return new NumberSpec(number, false, number, false, null);
    }

    static NumberSpec atLeast(BigDecimal low, boolean exclusive) {
        return new NumberSpec(low, exclusive, null, false, null);
    }

    static NumberSpec atMost(BigDecimal high, boolean exclusive) {
        return new NumberSpec(null, false, high, exclusive, null);
    }

    static NumberSpec multiplesOf(BigDecimal number) {
        return new NumberSpec(null, false, null, false, number);
    }

    /** Whether there is one number at most. */
    boolean isPoint() {
        return low != null && high != null && low.compareTo(high) == 0;
    }

    boolean isEmpty() {
        if (low == null || high == null) {
            return false;
        }
        int order = low.compareTo(high);
        if (order > 0 || (order == 0 && (aboveLow || belowHigh))) {
            return true;
        }
        if (multipleOf == null) {
            return false;
        }
        BigDecimal first = low.divide(multipleOf, 0, RoundingMode.CEILING).multiply(multipleOf);
        if (aboveLow && first.compareTo(low) == 0) {
            first = first.add(multipleOf);
        }
        int end = first.compareTo(high);
        return end > 0 || (end == 0 && belowHigh);
    }

    NumberSpec and(NumberSpec other) {
        BigDecimal least = low;
        boolean leastOut = aboveLow;
        if (other.low != null) {
            int order = least == null ? -1 : least.compareTo(other.low);
            leastOut = order < 0 ? other.aboveLow : order == 0 ? leastOut || other.aboveLow : leastOut;
            least = order < 0 ? other.low : least;
        }
        BigDecimal most = high;
        boolean mostOut = belowHigh;
        if (other.high != null) {
            int order = most == null ? 1 : most.compareTo(other.high);
            mostOut = order > 0 ? other.belowHigh : order == 0 ? mostOut || other.belowHigh : mostOut;
            most = order > 0 ? other.high : most;
        }
        return new NumberSpec(least, leastOut, most, mostOut, commonMultiple(multipleOf, other.multipleOf));
    }

    private static @Nullable BigDecimal commonMultiple(@Nullable BigDecimal a, @Nullable BigDecimal b) {
        if (a == null || b == null) {
            return a == null ? b : a;
        }
        int scale = Math.max(Math.max(a.scale(), b.scale()), 0);
        BigInteger x = a.setScale(scale).unscaledValue();
        BigInteger y = b.setScale(scale).unscaledValue();
        return new BigDecimal(x.divide(x.gcd(y)).multiply(y), scale);
    }

    /** What is outside the bounds. All that is not in this set, if there is no {@link #multipleOf}. */
    List<NumberSpec> outside() {
        List<NumberSpec> parts = new ArrayList<>();
        if (low != null) {
            parts.add(atMost(low, !aboveLow));
        }
        if (high != null) {
            parts.add(atLeast(high, !belowHigh));
        }
        return parts;
    }

    /** All the numbers, if they are multiples of something and no more than so many. */
    Optional<List<BigDecimal>> listed(int most) {
        if (low == null || high == null || multipleOf == null) {
            return isPoint() && low != null ? Optional.of(isEmpty() ? List.of() : List.of(low)) : Optional.empty();
        }
        if (high.subtract(low).compareTo(multipleOf.multiply(BigDecimal.valueOf(most))) > 0) {
            return Optional.empty();
        }
        List<BigDecimal> all = new ArrayList<>();
        BigDecimal next = low.divide(multipleOf, 0, RoundingMode.CEILING).multiply(multipleOf);
        for (; next.compareTo(high) <= 0; next = next.add(multipleOf)) {
            if (!new NumberSpec(next, false, next, false, null).and(this).isEmpty()) {
                all.add(next);
            }
        }
        return Optional.of(all);
    }
}
