package dev.decanter.template;

import java.util.List;
import java.util.concurrent.TimeUnit;

/** Counts what one rendering uses; a template that uses too much is refused. */
final class Limits {
    static final int MOST_STEPS = 5_000_000;
    static final int MOST_CHARS = 64 << 20;
    static final int MOST_ITEMS = 1 << 20;
    static final int MOST_DEPTH = 100;
    static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final long start = System.nanoTime();
    private long steps;
    private long chars;
    private int depth;

    /** One statement or expression. */
    void step() {
        steps++;
        // the clock costs more than a step
        boolean late = (steps & 0xff) == 0 && System.nanoTime() - start > MOST_NANOS;
        if (steps > MOST_STEPS || late) {
            throw new TemplateError("the template takes too long: " + steps + " steps so far");
        }
    }

    /** Text that was made, shown or not. */
    String made(String text) {
        chars += text.length();
        if (chars > MOST_CHARS) {
            throw new TemplateError("the template makes more than " + MOST_CHARS + " characters");
        }
        return text;
    }

    /** A list of so many items. */
    static void items(long count) {
        if (count > MOST_ITEMS) {
            throw new TemplateError("the template makes a list of " + count + " items, more than " + MOST_ITEMS);
        }
    }

    /** {@code parts} joined, unless that is too long to try. */
    static String joined(String separator, List<String> parts) {
        long length = (long) separator.length() * Math.max(0, parts.size() - 1);
        for (String part : parts) {
            length += part.length();
        }
        if (length > MOST_CHARS) {
            throw new TemplateError("a join makes " + length + " characters, too many");
        }
        return String.join(separator, parts);
    }

    /** Into a macro. */
    void enter() {
        if (++depth > MOST_DEPTH) {
            throw new TemplateError("macros call each other more than " + MOST_DEPTH + " deep");
        }
    }

    void leave() {
        depth--;
    }
}
