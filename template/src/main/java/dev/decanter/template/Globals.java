package dev.decanter.template;

import java.time.Clock;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions of Jinja and of Transformers. */
final class Globals {
    private static final long MOST_RANGE = 100_000;

    private Globals() {}

    static Map<String, Callable> all(Limits limits, Clock clock) {
        return Map.of(
                "range",
                Globals::range,
                "dict",
                arguments -> dict(arguments, "dict", limits),
                "namespace",
                arguments -> namespace(arguments, limits),
                "cycler",
                Globals::cycler,
                "joiner",
                Globals::joiner,
                "lipsum",
                _ -> {
                    throw new TemplateError("lipsum writes random text, which is not for chat templates");
                },
                "raise_exception",
                Globals::raiseException,
                "strftime_now",
                arguments -> strftimeNow(arguments, clock));
    }

    private static Sequence.Range range(Arguments arguments) {
        if (!arguments.named().isEmpty()) {
            throw new TemplateError("range() takes no keyword arguments");
        }
        List<Long> bounds = new ArrayList<>();
        for (Object bound : arguments.positional()) {
            if (!(Arithmetic.number(Values.defined(bound)) instanceof Long value)) {
                throw new TemplateError("'" + Values.typeName(bound) + "' object cannot be interpreted as an integer");
            }
            bounds.add(value);
        }
        if (bounds.isEmpty() || bounds.size() > 3) {
            throw new TemplateError("range expected 1 to 3 arguments, got " + bounds.size());
        }
        long start = bounds.size() == 1 ? 0 : bounds.get(0);
        long stop = bounds.size() == 1 ? bounds.get(0) : bounds.get(1);
        long step = bounds.size() == 3 ? bounds.get(2) : 1;
        if (step == 0) {
            throw new TemplateError("range() arg 3 must not be zero");
        }
        double size = Math.ceil(((double) stop - (double) start) / step);
        if (size > MOST_RANGE) {
            throw new TemplateError(
                    "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + MOST_RANGE + ").");
        }
        return new Sequence.Range(start, stop, step, (int) Math.max(0, size));
    }

    private static Map<@Nullable Object, @Nullable Object> dict(Arguments arguments, String function, Limits limits) {
        Map<@Nullable Object, @Nullable Object> made = new LinkedHashMap<>();
        if (arguments.count() > 1) {
            throw new TemplateError(function + " expected at most 1 argument, got " + arguments.count());
        }
        if (arguments.count() == 1) {
            Object given = arguments.positional().getFirst();
            if (given instanceof Map<?, ?> map) {
                map.forEach((key, value) -> Values.put(made, key, value));
            } else {
                for (Object pair : Values.list(given, limits)) {
                    List<@Nullable Object> two = Values.list(pair, limits);
                    if (two.size() != 2) {
                        throw new TemplateError(
                                "dictionary update sequence element has length " + two.size() + "; 2 is required");
                    }
                    Values.put(made, two.getFirst(), two.getLast());
                }
            }
        }
        limits.items(made.size());
        made.putAll(arguments.named());
        return made;
    }

    private static Namespace namespace(Arguments arguments, Limits limits) {
        Namespace namespace = new Namespace();
        namespace.values.putAll(dict(arguments, "dict", limits));
        return namespace;
    }

    /** An object that gives one of its items after the other. */
    private static Attributes cycler(Arguments arguments) {
        if (arguments.count() == 0) {
            throw new TemplateError("at least one item has to be provided");
        }
        return new Attributes() {
            private int position;

            @Override
            public @Nullable Object attribute(String name) {
                List<@Nullable Object> items = arguments.positional();
                return switch (name) {
                    case "current" -> items.get(position);
                    case "items" -> new Sequence.Tuple(items);
                    case "pos" -> (long) position;
                    case "next" ->
                        (Callable) _ -> {
                            Object item = items.get(position);
                            position = (position + 1) % items.size();
                            return item;
                        };
                    case "reset" ->
                        (Callable) _ -> {
                            position = 0;
                            return null;
                        };
                    default -> Undefined.member(this, name);
                };
            }

            @Override
            public String typeName() {
                return "jinja2.utils.Cycler";
            }
        };
    }

    /** A function that gives nothing at first and then its separator. */
    private static Callable joiner(Arguments arguments) {
        String separator = PythonText.of(arguments.bind("joiner", 0, "sep").get(0, ", "));
        boolean[] used = new boolean[1];
        return _ -> {
            String text = used[0] ? separator : "";
            used[0] = true;
            return text;
        };
    }

    private static Object raiseException(Arguments arguments) {
        throw new Refusal(
                PythonText.of(arguments.bind("raise_exception", 1, "message").get(0)));
    }

    private static String strftimeNow(Arguments arguments, Clock clock) {
        return Strftime.format(arguments.bind("strftime_now", 1, "format").text(0), LocalDateTime.now(clock));
    }
}
