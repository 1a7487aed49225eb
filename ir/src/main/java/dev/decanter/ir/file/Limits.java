package dev.decanter.ir.file;

import dev.decanter.ir.IrException;
import java.util.function.Supplier;

/** Bounds on what a file may ask for, far above what real models need (8000 layers, rank 6, texts of 100 KB). */
final class Limits {
    static final int LAYERS = 1_000_000;
    static final int EDGES = 4_000_000;
    static final int ATTRIBUTES = 150;
    static final int ATTRIBUTE_CHARACTERS = 4 << 20;
    static final int RANK = 64;
    static final int BODY_DEPTH = 16;
    static final int RT_INFO_DEPTH = 64;

    private static final int MESSAGE_CHARACTERS = 1000;
    private static final int QUOTE_CHARACTERS = 80;

    private Limits() {}

    /** Text of a file between quotes, short and on one line. */
    static String quote(String text) {
        String line = oneLine(text, QUOTE_CHARACTERS);
        return line.length() == text.length() ? '"' + line + '"' : '"' + line + "\" (" + text.length() + " characters)";
    }

    /** A message on one line. */
    static String oneLine(String text) {
        return oneLine(text, MESSAGE_CHARACTERS);
    }

    private static String oneLine(String text, int limit) {
        String cut = text.length() <= limit ? text : text.substring(0, limit) + "…";
        StringBuilder out = new StringBuilder(cut);
        for (int i = 0; i < out.length(); i++) {
            if (Character.isISOControl(out.charAt(i)) || out.charAt(i) == '\u2028' || out.charAt(i) == '\u2029') {
                out.setCharAt(i, ' ');
            }
        }
        return out.toString();
    }

    /** A whole number of a file; {@code what} names it in the message. */
    static long number(String text, String what) {
        return number(text, () -> what);
    }

    /** As {@link #number(String, String)}, for a name that has to be put together. */
    static long number(String text, Supplier<String> what) {
        try {
            return Long.parseLong(text.strip());
        } catch (NumberFormatException e) {
            throw new IrException(what.get() + " " + quote(text) + " is not a whole number in range", e);
        }
    }
}
