package dev.decanter.genai.template;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.JinjavaProcessors;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.loader.ResourceNotFoundException;
import dev.decanter.genai.GenerationException;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A Jinja template in the environment that Transformers makes: {@code trim_blocks}, {@code lstrip_blocks}, no escaping, its
 * functions and filters, and the methods of Python's strings, lists and dicts. A template cannot reach Java's classes or any
 * file; size of output, collections and strings, nesting, steps and time are limited. Safe for several threads.
 */
public final class JinjaTemplate {
    private static final long MOST_OUTPUT = 64L << 20;
    private static final int MOST_ITEMS = 1_000_000;
    private static final int MOST_DEPTH = 100;

    private static final Jinjava ENGINE = engine();

    private final String origin;
    private final String source;

    /**
     * A template, which is parsed when it is rendered.
     *
     * @param origin what messages call it
     */
    public JinjaTemplate(String origin, String source) {
        this.origin = origin;
        this.source = source;
    }

    private static Jinjava engine() {
        JinjavaConfig config = JinjavaConfig.newBuilder()
                .withTrimBlocks(true)
                .withLstripBlocks(true)
                .withKeepTrailingNewline(false)
                // else text of a message that looks like Jinja would be run
                .withNestedInterpretationEnabled(false)
                .withElResolver(new PythonResolver())
                .withMaxOutputSize(MOST_OUTPUT)
                .withMaxStringLength(MOST_OUTPUT)
                .withMaxListSize(MOST_ITEMS)
                .withMaxMapSize(MOST_ITEMS)
                .withRangeLimit(MOST_ITEMS)
                .withMaxRenderDepth(MOST_DEPTH)
                .withEnableRecursiveMacroCalls(true)
                .withMaxMacroRecursionDepth(MOST_DEPTH)
                .withDisabled(Map.of(
                        Context.Library.TAG, Set.of("include", "import", "from", "extends"),
                        Context.Library.FILTER, Set.of("render", "fromyaml", "toyaml", "log", "random", "shuffle")))
                .withLegacyOverrides(LegacyOverrides.newBuilder()
                        .withEvaluateMapKeys(true)
                        .withIterateOverMapKeys(true)
                        .withUsePyishObjectMapper(true)
                        .withUseNaturalOperatorPrecedence(true)
                        .withParseWhitespaceControlStrictly(true)
                        .withAllowAdjacentTextNodes(true)
                        .withUseTrimmingForNotesAndExpressions(true)
                        .withKeepNullableLoopValues(true)
                        .withHandleBackslashInQuotesOnly(true)
                        .build())
                .withProcessors(JinjavaProcessors.newBuilder()
                        .withNodePreProcessor(
                                (_, _) -> RenderState.CURRENT.get().step())
                        .build())
                .build();
        Jinjava jinjava = new Jinjava(config);
        jinjava.setResourceLocator((name, _, _) -> {
            throw new ResourceNotFoundException("templates cannot read \"" + name + "\"");
        });
        TemplateFunctions.all().forEach(jinjava::registerFunction);
        jinjava.registerFilter(new ToJsonFilter());
        return jinjava;
    }

    /** The Jinja source. */
    public String source() {
        return source;
    }

    /**
     * Renders.
     *
     * @param context the variables; their values are what JSON has
     * @throws GenerationException with the template's own message if it calls {@code raise_exception}, or naming the place of a
     *     mistake or the limit that is exceeded
     */
    public String render(Map<String, ? extends @Nullable Object> context) {
        RenderState state = new RenderState();
        try {
            RenderResult result =
                    ScopedValue.where(RenderState.CURRENT, state).call(() -> ENGINE.renderForResult(source, context));
            if (state.refusal() != null) {
                throw new GenerationException(origin + ": " + state.refusal());
            }
            for (TemplateError error : result.getErrors()) {
                if (error.getSeverity() == TemplateError.ErrorType.FATAL) {
                    throw new GenerationException(
                            origin + ", line " + error.getLineno() + ": " + oneLine(error.getMessage()));
                }
            }
            return result.getOutput();
        } catch (RenderState.Abort e) {
            throw new GenerationException(origin + ": " + e.getMessage(), e);
        } catch (StackOverflowError e) {
            throw new GenerationException(origin + ": is nested too deep", e);
        }
    }

    private static String oneLine(String message) {
        return message.replaceAll("\\s+", " ").strip();
    }
}
