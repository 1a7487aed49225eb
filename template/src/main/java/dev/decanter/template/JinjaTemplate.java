package dev.decanter.template;

import java.time.Clock;
import java.time.ZoneId;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A Jinja template in the environment that Transformers makes: {@code trim_blocks}, {@code lstrip_blocks}, loop controls, no
 * escaping, an immutable sandbox, its functions and filters. Values are Python's: {@code true} prints as {@code True}, and
 * messages of errors are Python's where they have the same cause. Safe for several threads.
 *
 * <p>Not supported, and refused with a message: other templates ({@code include}, {@code import}, {@code extends}),
 * {@code autoescape} (so {@code safe} and {@code escape} give plain text), {@code lipsum}, {@code pprint}, {@code urlize},
 * {@code wordwrap}, {@code str.encode} and complex numbers.
 */
public final class JinjaTemplate {
    private final String origin;
    private final String source;
    private final TemplateLimits limits;
    private Optional<Renderer.Parsed> parsed = Optional.empty();

    /**
     * A template with the default limits, which is parsed when it is rendered first: one that is not used may be wrong.
     *
     * @param origin what messages call it
     */
    public JinjaTemplate(String origin, String source) {
        this(origin, source, TemplateLimits.DEFAULT);
    }

    /** A template with limits of its own; see {@link #JinjaTemplate(String, String)}. */
    public JinjaTemplate(String origin, String source, TemplateLimits limits) {
        this.origin = origin;
        this.source = source;
        this.limits = limits;
    }

    /** The Jinja source. */
    public String source() {
        return source;
    }

    /** Renders at the system's time; see {@link #render(Map, Clock)}. */
    public String render(Map<String, ?> variables) {
        return render(variables, Clock.system(ZoneId.systemDefault()));
    }

    /**
     * Renders.
     *
     * @param variables values are what JSON has: maps with string keys, lists, strings, numbers, booleans and null
     * @param clock what {@code strftime_now} reads
     * @throws TemplateException with the template's own message if it calls {@code raise_exception}, or naming the line of a
     *     mistake, or the limit that is exceeded
     */
    public String render(Map<String, ?> variables, Clock clock) {
        return guarded(() -> Renderer.render(parsed(), JsonValues.copied(variables), limits, clock));
    }

    private synchronized Renderer.Parsed parsed() {
        if (parsed.isEmpty()) {
            parsed = Optional.of(Renderer.Parsed.of(source));
        }
        return parsed.get();
    }

    private <T> T guarded(Supplier<T> action) {
        try {
            return action.get();
        } catch (Refusal e) {
            throw new TemplateException(origin + ": " + e.getMessage(), e);
        } catch (TemplateError e) {
            throw new TemplateException(origin + ", line " + e.line() + ": " + e.text(), e);
        } catch (StackOverflowError e) {
            throw new TemplateException(origin + ": is nested too deep", e);
        }
    }
}
