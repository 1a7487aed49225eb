package dev.decanter.cli;

import java.util.Locale;

/** Numbers for people, the same in every locale. */
final class Quantity {
    private static final String[] UNITS = {"kB", "MB", "GB", "TB", "PB"};

    private Quantity() {}

    /** Decimal units: {@code 5.8 MB}. */
    static String bytes(long count) {
        if (count < 1000) {
            return count + " B";
        }
        double value = count / 1000.0;
        int unit = 0;
        while (value >= 999.5 && unit < UNITS.length - 1) {
            value /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, value < 10 ? "%.1f %s" : "%.0f %s", value, UNITS[unit]);
    }

    /** {@code 2,885,120}. */
    static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** Milliseconds as {@code 12.3 ms}, {@code 4.5 s} or {@code 3 min 20 s}. */
    static String duration(double ms) {
        if (ms < 1000) {
            return String.format(Locale.ROOT, ms < 100 ? "%.1f ms" : "%.0f ms", ms);
        }
        if (ms < 100_000) {
            return String.format(Locale.ROOT, "%.1f s", ms / 1000);
        }
        long seconds = Math.round(ms / 1000);
        return seconds / 60 + " min " + seconds % 60 + " s";
    }

    /** {@code 43.1}, or a dash for what was not measured (negative). */
    static String rate(double value) {
        return value < 0 ? "–" : String.format(Locale.ROOT, value < 100 ? "%.1f" : "%.0f", value);
    }

    /** {@code 12.5 %}. */
    static String percent(long part, long whole) {
        return String.format(Locale.ROOT, "%.1f %%", whole == 0 ? 0 : 100.0 * part / whole);
    }

    /** {@code text} cut to {@code length} characters, the cut marked. */
    static String shortened(String text, int length) {
        String line = Failures.oneLine(text);
        return line.length() <= length ? line : line.substring(0, length - 1) + "…";
    }
}
