package dev.decanter.template;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;

/** Numbers and texts laid out as Python's {@code %} and {@code format} do. */
final class NumberFormat {
    private static final int MOST_DIGITS = 1000;

    private NumberFormat() {}

    /** What stands behind the colon of a replacement field. */
    static final class Spec {
        int fill = ' ';
        /** {@code < > ^ =}. */
        char align = '>';
        /** {@code - +} or a space. */
        char sign = '-';

        boolean alternate;
        int width;
        /** A comma, an underscore, or 0. */
        char grouping;
        /** -1 if there is none. */
        int precision = -1;

        char type;
    }

    static String text(String text, Spec spec, Limits limits) {
        String cut = text;
        if (spec.precision >= 0 && spec.precision < text.codePointCount(0, text.length())) {
            cut = text.substring(0, text.offsetByCodePoints(0, spec.precision));
        }
        return aligned("", cut, spec, limits);
    }

    static String integer(BigInteger value, Spec spec, Limits limits) {
        int radix = switch (spec.type) {
            case 'x', 'X' -> 16;
            case 'o' -> 8;
            case 'b' -> 2;
            default -> 10;
        };
        String digits = value.abs().toString(radix);
        digits = "0".repeat(Math.clamp((long) spec.precision - digits.length(), 0, MOST_DIGITS)) + digits;
        digits = spec.type == 'X' ? PythonStrings.upper(digits) : digits;
        String prefix = spec.alternate && radix != 10 ? "0" + spec.type : "";
        return aligned(
                sign(value.signum() < 0, spec) + prefix, grouped(digits, radix == 10 ? 3 : 4, spec), spec, limits);
    }

    static String floating(double value, Spec spec, Limits limits) {
        boolean negative = Double.doubleToRawLongBits(value) < 0 && !Double.isNaN(value);
        char kind = Character.toLowerCase(spec.type);
        double size = Math.abs(kind == '%' ? value * 100 : value);
        int precision = Math.min(spec.precision < 0 ? 6 : spec.precision, MOST_DIGITS);
        String body;
        if (!Double.isFinite(size)) {
            body = Double.isNaN(size) ? "nan" : "inf";
        } else {
            body = switch (kind) {
                case 'f', '%' -> fixed(size, precision, spec.alternate);
                case 'e' -> scientific(size, precision, spec.alternate);
                case 'g', 'n' -> general(size, precision, spec.alternate);
                default -> spec.precision < 0 ? PythonText.number(size) : pointed(size, precision);
            };
        }
        body = Character.isUpperCase(spec.type) ? PythonStrings.upper(body) : body;
        return aligned(sign(negative, spec), grouped(body, 3, spec) + (kind == '%' ? "%" : ""), spec, limits);
    }

    private static String fixed(double size, int precision, boolean alternate) {
        String text =
                new BigDecimal(size).setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
        return alternate && precision == 0 ? text + "." : text;
    }

    private static String scientific(double size, int precision, boolean alternate) {
        if (size == 0) {
            return "0" + (precision > 0 ? "." + "0".repeat(precision) : alternate ? "." : "") + "e+00";
        }
        BigDecimal rounded = new BigDecimal(size).round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        String digits = rounded.unscaledValue().toString();
        digits = digits.length() > precision + 1
                ? digits.substring(0, precision + 1)
                : digits + "0".repeat(precision + 1 - digits.length());
        String point = precision > 0 || alternate ? "." : "";
        return digits.charAt(0) + point + digits.substring(1) + PythonText.exponent(exponent);
    }

    private static int decimalExponent(double size, int digits) {
        if (size == 0) {
            return 0;
        }
        BigDecimal rounded = new BigDecimal(size).round(new MathContext(digits, RoundingMode.HALF_EVEN));
        return rounded.precision() - rounded.scale() - 1;
    }

    private static String general(double size, int precision, boolean alternate) {
        int digits = Math.max(1, precision);
        int exponent = decimalExponent(size, digits);
        if (exponent < -4 || exponent >= digits) {
            String text = scientific(size, digits - 1, alternate);
            int e = text.indexOf('e');
            return (alternate ? text.substring(0, e) : stripped(text.substring(0, e))) + text.substring(e);
        }
        String text = fixed(size, digits - 1 - exponent, alternate);
        return alternate ? text : stripped(text);
    }

    /** Python's format without a type but with a precision: as {@code g}, with at least one digit behind the point. */
    private static String pointed(double size, int precision) {
        int digits = Math.max(1, precision);
        int exponent = decimalExponent(size, digits);
        if (exponent < -4 || exponent >= digits - 1) {
            return generalExponent(size, digits);
        }
        String text = general(size, precision, false);
        return text.contains(".") ? text : text + ".0";
    }

    private static String generalExponent(double size, int digits) {
        String text = scientific(size, digits - 1, false);
        int e = text.indexOf('e');
        return stripped(text.substring(0, e)) + text.substring(e);
    }

    private static String stripped(String text) {
        return text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text;
    }

    private static String sign(boolean negative, Spec spec) {
        return negative ? "-" : spec.sign == '-' ? "" : String.valueOf(spec.sign);
    }

    private static String grouped(String body, int size, Spec spec) {
        if (spec.grouping == 0) {
            return body;
        }
        int end = 0;
        while (end < body.length() && Character.digit(body.charAt(end), 16) >= 0 && body.charAt(end) != 'e') {
            end++;
        }
        StringBuilder out = new StringBuilder(body);
        for (int at = end - size; at > 0; at -= size) {
            out.insert(at, spec.grouping);
        }
        return out.toString();
    }

    private static String aligned(String sign, String body, Spec spec, Limits limits) {
        int length = sign.length() + body.codePointCount(0, body.length());
        int missing = Math.max(0, spec.width - length);
        limits.chars(missing);
        String fill = Character.toString(spec.fill);
        return switch (spec.align) {
            case '<' -> sign + body + fill.repeat(missing);
            case '^' -> fill.repeat(missing / 2) + sign + body + fill.repeat(missing - missing / 2);
            case '=' -> sign + fill.repeat(missing) + body;
            default -> fill.repeat(missing) + sign + body;
        };
    }
}
