package dev.decanter.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A macro as a value. */
record Macro(@Nullable String name, List<String> arguments, Stmt.Function function, Callable body)
        implements Callable, Attributes {
    @Override
    public @Nullable Object call(Arguments given) {
        return body.call(given);
    }

    @Override
    public @Nullable Object attribute(String attribute) {
        return switch (attribute) {
            case "name" -> name;
            case "arguments" -> new Sequence.Tuple(arguments);
            case "caller" -> function.special().contains("caller");
            case "catch_kwargs" -> function.special().contains("kwargs");
            case "catch_varargs" -> function.special().contains("varargs");
            default -> Undefined.member(this, attribute);
        };
    }

    @Override
    public String typeName() {
        return "jinja2.runtime.Macro";
    }
}
