package dev.decanter.template;

import java.time.Duration;

/**
 * What one rendering may use. Nesting is limited besides: 100 blocks, 200 parentheses, 100 macro calls.
 *
 * @param steps statements, expressions and items of lists
 * @param characters of the result and of each text on the way; of all texts on the way together 16 times as many
 * @param time from the start of the rendering
 */
public record TemplateLimits(long steps, long characters, Duration time) {
    /** Five million steps, 32 Mi characters, ten seconds: far more than any conversation needs. */
    public static final TemplateLimits DEFAULT = new TemplateLimits(5_000_000, 32L << 20, Duration.ofSeconds(10));

    /** Throws {@link IllegalArgumentException} if a limit is not positive, or {@code characters} is beyond 1 Gi. */
    public TemplateLimits {
        if (steps <= 0 || characters <= 0 || characters > 1 << 30 || time.isNegative() || time.isZero()) {
            throw new IllegalArgumentException("limits of a template must be positive, and characters at most 2^30");
        }
    }
}
