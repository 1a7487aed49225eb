package dev.decanter.genai.template;

import java.math.BigDecimal;

/** Values as Python prints them. */
final class PythonText {
    private PythonText() {}

    /** As {@code repr} of an int or a float. */
    static String number(Number number) {
        if (number instanceof Double || number instanceof Float || number instanceof BigDecimal) {
            double value = number.doubleValue();
            return value == Math.rint(value) && Math.abs(value) < 1e16
                    ? Long.toString((long) value) + ".0"
                    : Double.toString(value);
        }
        return number.toString();
    }
}
