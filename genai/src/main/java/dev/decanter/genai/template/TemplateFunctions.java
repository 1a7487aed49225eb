package dev.decanter.genai.template;

import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.time.LocalDateTime;
import java.util.List;

/** The functions that Transformers gives to templates. Public for jinjava, which calls them by reflection. */
public final class TemplateFunctions {
    private TemplateFunctions() {}

    static List<ELFunctionDefinition> all() {
        return List.of(
                new ELFunctionDefinition(
                        "", "raise_exception", TemplateFunctions.class, "raiseException", String.class),
                new ELFunctionDefinition("", "strftime_now", TemplateFunctions.class, "strftimeNow", String.class));
    }

    /** Ends the rendering with the template's own message. */
    public static String raiseException(String message) {
        RenderState.CURRENT.get().refuse(message);
        throw new RenderState.Abort(message);
    }

    /** The local time by a pattern of C's {@code strftime}. */
    public static String strftimeNow(String pattern) {
        return Strftime.format(pattern, LocalDateTime.now(java.time.ZoneId.systemDefault()));
    }
}
