package dev.decanter.template;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A Jinja template in the environment that Transformers makes: {@code trim_blocks}, {@code lstrip_blocks}, loop controls, no
 * escaping, an immutable sandbox, its functions and filters. Safe for several threads.
 */
public final class JinjaTemplate {
    private final String origin;
    private final String source;
    private Optional<List<Stmt>> parsed = Optional.empty();

    /**
     * A template, which is parsed when it is rendered first: one that is not used may be wrong.
     *
     * @param origin what messages call it
     */
    public JinjaTemplate(String origin, String source) {
        this.origin = origin;
        this.source = source;
    }

    /** The Jinja source. */
    public String source() {
        return source;
    }

    /**
     * Renders.
     *
     * @param variables values are what JSON has; integers are {@link Long} or {@link Integer}
     * @throws TemplateException with the template's own message if it calls {@code raise_exception}, or naming the line of a
     *     mistake, or the limit that is exceeded
     */
    public String render(Map<String, ?> variables) {
        return guarded(() -> Renderer.render(statements(), JsonValues.copied(variables)));
    }

    private synchronized List<Stmt> statements() {
        if (parsed.isEmpty()) {
            parsed = Optional.of(Parser.parse(source));
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
