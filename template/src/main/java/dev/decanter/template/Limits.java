package dev.decanter.template;

import java.math.BigInteger;

/** Counts what one rendering uses; a template that uses too much is refused. */
final class Limits {
    /** Python computes with any integer; with this many bits nothing sensible does. */
    private static final int MOST_BITS = 1 << 16;

    private static final int MOST_DEPTH = 100;

    private final TemplateLimits limits;
    private final long start = System.nanoTime();
    private final long nanos;
    private long steps;
    private long chars;
    private long items;
    private int depth;

    Limits(TemplateLimits limits) {
        this.limits = limits;
        this.nanos = limits.time().toNanos();
    }

    /** One statement, expression or item. */
    void step() {
        steps++;
        // the clock costs more than a step
        boolean late = (steps & 0xff) == 0 && System.nanoTime() - start > nanos;
        if (late) {
            throw new TemplateError(
                    "the template takes longer than " + limits.time().toMillis() + " ms");
        }
        if (steps > limits.steps()) {
            throw new TemplateError("the template takes more than " + limits.steps() + " steps");
        }
    }

    /** Before text is made, shown or not: {@code length} characters. */
    void chars(long length) {
        chars += length;
        if (length > limits.characters() || chars > 16 * limits.characters()) {
            throw new TemplateError("the template makes more than " + limits.characters() + " characters");
        }
        // long texts take long even in one step
        steps += length >> 6;
    }

    /** Text that was made. */
    String made(String text) {
        chars(text.length());
        return text;
    }

    /** What is shown so far and goes on. */
    void shown(long length) {
        if (length > limits.characters()) {
            throw new TemplateError("the template writes more than " + limits.characters() + " characters");
        }
    }

    /** A list grows by so many items. */
    void items(long count) {
        items += count;
        steps += count;
        if (count < 0 || items > limits.steps()) {
            throw new TemplateError("the template makes lists of more than " + limits.steps() + " items");
        }
        step();
    }

    /** A big integer of so many bits. */
    static void bits(long count) {
        if (count > MOST_BITS) {
            throw new TemplateError("an integer would have more than " + MOST_BITS + " bits");
        }
    }

    static BigInteger bounded(BigInteger value) {
        bits(value.bitLength());
        return value;
    }

    /** Into a macro or a recursive loop. */
    void enter() {
        if (++depth > MOST_DEPTH) {
            throw new TemplateError("macros and loops call each other more than " + MOST_DEPTH + " deep");
        }
    }

    void leave() {
        depth--;
    }
}
