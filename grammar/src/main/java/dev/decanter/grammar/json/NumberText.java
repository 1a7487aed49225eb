package dev.decanter.grammar.json;

import static dev.decanter.grammar.Node.sequence;
import static dev.decanter.grammar.Node.text;

import dev.decanter.grammar.CodePoints;
import dev.decanter.grammar.GrammarException;
import dev.decanter.grammar.Node;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Spellings of the numbers of a {@link NumberSpec}: digits compared with those of the bounds from the left.
 *
 * <p>No exponents where there are bounds, no negative zero. Up to {@link #DIGITS} digits where the bounds leave it
 * open, and as many in all near a bound, so that a reader that rounds to doubles does not step over it.
 */
final class NumberText {
    /** Significant decimal digits that a double keeps. */
    static final int DIGITS = 15;

    private static final int MAX_REMAINDERS = 200;
    private static final int ANY_SCALE = 1_000_000;

    private final BiFunction<String, Node, Node> rules;
    private final Map<String, Node> states = new HashMap<>();
    private final int scale;
    private final int modulus;

    private final BigDecimal low;
    private final boolean aboveLow;
    private final @Nullable BigDecimal high;
    private final boolean belowHigh;

    private NumberText(
            BigDecimal low,
            boolean aboveLow,
            @Nullable BigDecimal high,
            boolean belowHigh,
            int scale,
            int modulus,
            BiFunction<String, Node, Node> rules) {
        this.low = low;
        this.aboveLow = aboveLow;
        this.high = high;
        this.belowHigh = belowHigh;
        this.scale = scale;
        this.modulus = modulus;
        this.rules = rules;
    }

    /**
     * The spellings.
     *
     * @param rules takes a name and an expression, and returns a reference to it
     * @throws GrammarException if a multiple has too many remainders to follow
     */
    static Node of(NumberSpec spec, BiFunction<String, Node, Node> rules) {
        if (spec.equals(NumberSpec.ANY)) {
            return JsonText.anyNumber();
        }
        BigDecimal low = spec.low();
        BigDecimal high = spec.high();
        if (low != null && spec.isPoint()) {
            return text(plain(low));
        }
        Node positive = Node.NOTHING;
        if (high == null || high.signum() > 0 || (high.signum() == 0 && !spec.belowHigh())) {
            boolean bounded = low != null && low.signum() >= 0;
            positive = magnitudes(
                    bounded && low != null ? low : BigDecimal.ZERO,
                    bounded && spec.aboveLow(),
                    high,
                    spec.belowHigh(),
                    spec.multipleOf(),
                    rules);
        }
        Node negative = Node.NOTHING;
        if (low == null || low.signum() < 0) {
            boolean bounded = high != null && high.signum() < 0;
            negative = magnitudes(
                    bounded && high != null ? high.negate() : BigDecimal.ZERO,
                    !bounded || spec.belowHigh(),
                    low == null ? null : low.negate(),
                    spec.aboveLow(),
                    spec.multipleOf(),
                    rules);
        }
        return choice(List.of(positive, joined(text("-"), negative)));
    }

    /** Decimal spelling, with an exponent only if it would be long without. */
    static String plain(BigDecimal number) {
        BigDecimal stripped = number.stripTrailingZeros();
        return Math.abs(stripped.scale()) > 30 ? stripped.toString() : stripped.toPlainString();
    }

    private static Node magnitudes(
            BigDecimal low,
            boolean aboveLow,
            @Nullable BigDecimal high,
            boolean belowHigh,
            @Nullable BigDecimal multiple,
            BiFunction<String, Node, Node> rules) {
        if (multiple == null) {
            return new NumberText(low, aboveLow, high, belowHigh, ANY_SCALE, 1, rules).all();
        }
        int scale = Math.max(multiple.scale(), 0);
        BigInteger modulus = multiple.setScale(scale).unscaledValue();
        int zeros = 0;
        while (scale == 0 && modulus.mod(BigInteger.TEN).signum() == 0) {
            modulus = modulus.divide(BigInteger.TEN);
            zeros++;
        }
        if (modulus.compareTo(BigInteger.valueOf(MAX_REMAINDERS)) > 0) {
            throw new GrammarException("multipleOf " + multiple.toPlainString() + " has more than " + MAX_REMAINDERS
                    + " remainders to follow; use a smaller or rounder number, or an enum");
        }
        if (zeros == 0) {
            return new NumberText(low, aboveLow, high, belowHigh, scale, modulus.intValue(), rules).all();
        }
        Node leading = new NumberText(
                        low.movePointLeft(zeros),
                        aboveLow || low.signum() == 0,
                        high == null ? null : high.movePointLeft(zeros),
                        belowHigh,
                        0,
                        modulus.intValue(),
                        rules)
                .all();
        Node others = joined(leading, text("0".repeat(zeros)));
        return low.signum() == 0 && !aboveLow ? choice(List.of(text("0"), others)) : others;
    }

    private Node all() {
        int first = integerDigits(low);
        int last = high == null ? Math.max(DIGITS, first + 1) : integerDigits(high);
        List<Node> options = new ArrayList<>();
        int freeFrom = 0;
        for (int n = first; n <= last; n++) {
            boolean nearLow = n == first && (low.signum() > 0 || aboveLow);
            boolean nearHigh = n == last && high != null;
            if (nearLow || nearHigh || modulus > 1) {
                options.add(new Length(n, nearLow, nearHigh).all());
            } else if (n > 1) {
                freeFrom = freeFrom == 0 ? n : freeFrom;
            } else {
                options.add(free(1, 1));
            }
        }
        if (freeFrom > 0) {
            boolean upTo = high != null;
            options.add(free(freeFrom, upTo ? last - 1 : last));
        }
        return choice(options);
    }

    /** Numbers with that many digits before the point, no bound near. */
    private Node free(int from, int to) {
        Node fraction = scale == 0
                ? Node.EMPTY
                : Node.optional(sequence(text("."), new Node.Repeat(JsonText.DIGIT, 1, Math.min(scale, DIGITS))));
        return to == 1
                ? joined(JsonText.DIGIT, fraction)
                : joined(JsonText.DIGIT_FROM_1, joined(Regular.repeat(JsonText.DIGIT, from - 1, to - 1), fraction));
    }

    private static int integerDigits(BigDecimal number) {
        return number.toBigInteger().toString().length();
    }

    /** Numbers with a certain count of digits before the point. */
    private final class Length {
        private final int digits;
        private final int end;
        private final boolean nearLow;
        private final boolean nearHigh;
        private final String lowDigits;
        private final String highDigits;

        Length(int digits, boolean nearLow, boolean nearHigh) {
            this.digits = digits;
            this.nearLow = nearLow;
            this.nearHigh = nearHigh;
            BigDecimal most = high == null ? BigDecimal.ZERO : high;
            int fraction = Math.max(Math.max(low.scale(), most.scale()), DIGITS - digits);
            end = digits + (modulus > 1 ? scale : Math.min(fraction, scale));
            lowDigits = digitsOf(low);
            highDigits = digitsOf(most);
        }

        private static String digitsOf(BigDecimal number) {
            String plain = number.toPlainString();
            int point = plain.indexOf('.');
            return point < 0 ? plain : plain.substring(0, point) + plain.substring(point + 1);
        }

        private static int digit(String digits, int position) {
            return position < digits.length() ? digits.charAt(position) - '0' : 0;
        }

        Node all() {
            return read(0, nearLow, nearHigh, 0);
        }

        /** What may follow when so many digits were read; low and high: they were the bound's own. */
        private Node read(int position, boolean low, boolean high, int remainder) {
            if (modulus == 1) {
                return low || high || position > digits ? body(position, low, high, 0) : rest(position);
            }
            // Away from the bounds only what is still to come counts, so that numbers of all lengths share it.
            String key = low || high
                    ? digits + "," + position + "," + low + "," + high + "," + remainder
                    : (digits - position) + "," + (position == 0) + "," + remainder;
            Node known = states.get(key);
            if (known == null) {
                Node made = body(position, low, high, remainder);
                known = made.equals(Node.NOTHING) || made.equals(Node.EMPTY) ? made : rules.apply("multiple", made);
                states.put(key, known);
            }
            return known;
        }

        private Node rest(int position) {
            Node integer = position > 0
                    ? Regular.repeat(JsonText.DIGIT, digits - position, digits - position)
                    : digits == 1
                            ? JsonText.DIGIT
                            : joined(JsonText.DIGIT_FROM_1, Regular.repeat(JsonText.DIGIT, digits - 1, digits - 1));
            return end == digits
                    ? integer
                    : joined(
                            integer,
                            Node.optional(sequence(text("."), new Node.Repeat(JsonText.DIGIT, 1, end - digits))));
        }

        private Node body(int position, boolean low, boolean high, int remainder) {
            if (position < digits) {
                return next(position, low, high, remainder);
            }
            List<Node> options = new ArrayList<>();
            if (modulus == 1 && !low && !high && position > digits) {
                return Regular.repeat(JsonText.DIGIT, 0, end - position);
            }
            if (mayEnd(position, low, high, remainder)) {
                options.add(Node.EMPTY);
            }
            if (position < end) {
                Node more = modulus == 1 && !low && !high
                        ? new Node.Repeat(JsonText.DIGIT, 1, end - position)
                        : next(position, low, high, remainder);
                options.add(position == digits ? joined(text("."), more) : more);
            }
            return choice(options);
        }

        private boolean mayEnd(int position, boolean low, boolean high, int remainder) {
            if (low && (aboveLow || restIsPositive(lowDigits, position))) {
                return false;
            }
            if (high && belowHigh && !restIsPositive(highDigits, position)) {
                return false;
            }
            BigInteger scaled = BigInteger.TEN.pow(Math.max(end - position, 0)).multiply(BigInteger.valueOf(remainder));
            return modulus == 1 || scaled.mod(BigInteger.valueOf(modulus)).signum() == 0;
        }

        private static boolean restIsPositive(String digits, int position) {
            for (int i = position; i < digits.length(); i++) {
                if (digits.charAt(i) != '0') {
                    return true;
                }
            }
            return false;
        }

        private Node next(int position, boolean low, boolean high, int remainder) {
            int least = low ? digit(lowDigits, position) : position == 0 && digits > 1 ? 1 : 0;
            int most = high ? digit(highDigits, position) : 9;
            Map<String, List<Integer>> alike = new TreeMap<>();
            for (int d = least; d <= most; d++) {
                boolean stillLow = low && d == least;
                boolean stillHigh = high && d == most;
                int left = (remainder * 10 + d) % modulus;
                alike.computeIfAbsent(stillLow + "," + stillHigh + "," + left, key -> new ArrayList<>())
                        .add(d);
            }
            List<Node> options = new ArrayList<>();
            for (List<Integer> group : alike.values()) {
                int d = group.getFirst();
                Node after = read(position + 1, low && d == least, high && d == most, (remainder * 10 + d) % modulus);
                CodePoints set = group.stream()
                        .map(digit -> CodePoints.range('0' + digit, '0' + digit))
                        .reduce(CodePoints.NONE, CodePoints::or);
                options.add(joined(new Node.Chars(set), after));
            }
            return choice(options);
        }
    }

    private static Node joined(Node first, Node second) {
        if (first.equals(Node.NOTHING) || second.equals(Node.NOTHING)) {
            return Node.NOTHING;
        }
        if (first.equals(Node.EMPTY)) {
            return second;
        }
        return second.equals(Node.EMPTY) ? first : sequence(first, second);
    }

    private static Node choice(List<Node> options) {
        return Regular.choice(
                options.stream().filter(o -> !o.equals(Node.NOTHING)).toList());
    }
}
