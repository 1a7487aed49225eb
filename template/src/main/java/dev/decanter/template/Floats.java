package dev.decanter.template;

/** Python's arithmetic of floats. */
final class Floats {
    private Floats() {}

    static double binary(String operator, double x, double y) {
        return switch (operator) {
            case "+" -> x + y;
            case "-" -> x - y;
            case "*" -> x * y;
            case "/" -> x / nonZero(y, "float division by zero");
            case "//" -> floorDivided(x, nonZero(y, "float floor division by zero"));
            case "%" -> modulo(x, nonZero(y, "float modulo"));
            case "**" -> power(x, y);
            default -> throw new TemplateError("unknown operator " + operator);
        };
    }

    private static double nonZero(double divisor, String message) {
        if (divisor == 0) {
            throw new TemplateError(message);
        }
        return divisor;
    }

    /** CPython's {@code float_rem}: the sign of the divisor. */
    private static double modulo(double x, double y) {
        double rest = x % y;
        if (rest == 0) {
            return Math.copySign(0.0, y);
        }
        return rest < 0 != y < 0 ? rest + y : rest;
    }

    /** CPython's {@code _float_div_mod}. */
    private static double floorDivided(double x, double y) {
        double quotient = (x - modulo(x, y)) / y;
        if (quotient == 0) {
            return Math.copySign(0.0, x / y);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static double power(double x, double y) {
        if (x == 0 && y < 0) {
            throw new TemplateError("0.0 cannot be raised to a negative power");
        }
        if (x < 0 && !Double.isInfinite(x) && !Double.isInfinite(y) && y != Math.rint(y)) {
            throw new TemplateError("a negative number to the power of a fraction is complex");
        }
        if (x == 1 || (x == -1 && Double.isInfinite(y))) {
            return 1;
        }
        double result = Math.pow(x, y);
        if (Double.isInfinite(result) && !Double.isInfinite(x) && !Double.isInfinite(y)) {
            throw new TemplateError("(34, 'Numerical result out of range')");
        }
        return result;
    }
}
