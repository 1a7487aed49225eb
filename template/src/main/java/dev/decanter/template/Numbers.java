package dev.decanter.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Python's conversions to numbers, and rounding. */
final class Numbers {
    private static final Pattern FLOAT = Pattern.compile(
            "[-+]?(?:\\d+(?:_\\d+)*\\.?(?:\\d+(?:_\\d+)*)?|\\.\\d+(?:_\\d+)*)(?:[eE][-+]?\\d+(?:_\\d+)*)?");

    private Numbers() {}

    /** Towards zero. */
    static Object truncated(double value) {
        if (Double.isNaN(value)) {
            throw new TemplateError("cannot convert float NaN to integer");
        }
        if (Double.isInfinite(value)) {
            throw new TemplateError("cannot convert float infinity to integer");
        }
        return Arithmetic.small(new BigDecimal(value).toBigInteger());
    }

    /** As Python's {@code float} reads a text. */
    static Optional<Double> floating(String text) {
        String stripped = PythonStrings.strip(text, true, true);
        if (FLOAT.matcher(stripped).matches()) {
            return Optional.of(Double.parseDouble(stripped.replace("_", "")));
        }
        return switch (stripped.toLowerCase(Locale.ROOT)) {
            case "inf", "+inf", "infinity", "+infinity" -> Optional.of(Double.POSITIVE_INFINITY);
            case "-inf", "-infinity" -> Optional.of(Double.NEGATIVE_INFINITY);
            case "nan", "+nan", "-nan" -> Optional.of(Double.NaN);
            default -> Optional.empty();
        };
    }

    /** As Python's {@code int} reads a text in a base of 2 to 36, or 0 for that of a prefix. */
    static Optional<Object> integer(String text, int base) {
        String stripped = PythonStrings.strip(text, true, true);
        boolean negative = stripped.startsWith("-");
        String digits = negative || stripped.startsWith("+") ? stripped.substring(1) : stripped;
        int radix = base;
        if (digits.length() > 2 && digits.charAt(0) == '0') {
            int prefix = switch (Character.toLowerCase(digits.charAt(1))) {
                case 'x' -> 16;
                case 'o' -> 8;
                case 'b' -> 2;
                default -> 0;
            };
            if (prefix != 0 && (base == prefix || base == 0)) {
                radix = prefix;
                digits = digits.substring(digits.charAt(2) == '_' ? 3 : 2);
            }
        }
        radix = radix == 0 ? 10 : radix;
        boolean leadingZero = base == 0 && radix == 10 && digits.length() > 1 && digits.startsWith("0");
        if (radix < 2 || radix > 36 || leadingZero || digits.length() > 4300) {
            return Optional.empty();
        }
        String plain = digits.replaceAll("(?<=[0-9a-zA-Z])_(?=[0-9a-zA-Z])", "");
        for (int i = 0; i < plain.length(); i++) {
            if (Character.digit(plain.charAt(i), radix) < 0) {
                return Optional.empty();
            }
        }
        if (plain.isEmpty()) {
            return Optional.empty();
        }
        BigInteger value = new BigInteger(plain, radix);
        return Optional.of(Arithmetic.small(negative ? value.negate() : value));
    }

    /** Jinja's filter {@code int}. */
    static @Nullable Object toInteger(@Nullable Object value, @Nullable Object otherwise, int base) {
        Optional<Object> exact = switch (Arithmetic.number(Values.defined(value))) {
            case String text ->
                integer(text, base)
                        .or(() -> floating(text).filter(Double::isFinite).map(Numbers::truncated));
            case Double d when Double.isNaN(d) -> Optional.empty();
            case Double d -> Optional.of(truncated(d));
            case Number n -> Optional.of(n);
            case null, default -> Optional.empty();
        };
        return exact.isPresent() ? exact.get() : otherwise;
    }

    /** Jinja's filter {@code float}. */
    static @Nullable Object toFloat(@Nullable Object value, @Nullable Object otherwise) {
        Optional<Double> exact = switch (Arithmetic.number(Values.defined(value))) {
            case String text -> floating(text);
            case Number n -> Optional.of(n.doubleValue());
            case null, default -> Optional.empty();
        };
        return exact.isPresent() ? (Object) exact.get() : otherwise;
    }

    /** Jinja's filter {@code round}. */
    static Object round(@Nullable Object value, int precision, String method) {
        if (!(Arithmetic.number(Values.defined(value)) instanceof Number number)) {
            throw new TemplateError("type " + Values.typeName(value) + " doesn't define __round__ method");
        }
        int digits = Math.clamp(precision, -400, 400);
        if (method.equals("common")) {
            if (!(number instanceof Double d)) {
                BigDecimal exact = new BigDecimal(Arithmetic.big(number));
                return Arithmetic.small(exact.setScale(Math.min(0, digits), RoundingMode.HALF_EVEN)
                        .toBigInteger());
            }
            return Double.isFinite(d) && digits < 330
                    ? new BigDecimal(d).setScale(digits, RoundingMode.HALF_EVEN).doubleValue() + (d < 0 ? -0.0 : 0)
                    : d;
        }
        if (!method.equals("ceil") && !method.equals("floor")) {
            throw new TemplateError("method must be common, ceil or floor");
        }
        double scale = Math.pow(10, digits);
        double scaled = number.doubleValue() * scale;
        if (!Double.isFinite(scaled)) {
            truncated(scaled);
        }
        return (method.equals("ceil") ? Math.ceil(scaled) : Math.floor(scaled)) / scale;
    }
}
