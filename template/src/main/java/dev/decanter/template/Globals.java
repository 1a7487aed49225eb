package dev.decanter.template;

import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions of Jinja and of Transformers. */
final class Globals {
    private static final Map<String, Callable> ALL = Map.of(
            "range", Globals::range,
            "dict", Globals::dict,
            "namespace", Globals::namespace,
            "raise_exception", Globals::raiseException,
            "strftime_now", Globals::strftimeNow);

    private Globals() {}

    static Map<String, Callable> all() {
        return ALL;
    }

    private static List<@Nullable Object> range(Arguments arguments) {
        boolean one = arguments.count() == 1;
        long start = one ? 0 : arguments.integer(0, "start", 0);
        long stop = arguments.integer(one ? 0 : 1, "stop", 0);
        long step = arguments.integer(2, "step", 1);
        if (step == 0 || arguments.count() == 0) {
            throw new TemplateError("range needs a stop, and a step other than zero");
        }
        Limits.items(Math.max(0, (stop - start) / step));
        List<@Nullable Object> numbers = new ArrayList<>();
        for (long i = start; step > 0 ? i < stop : i > stop; i += step) {
            numbers.add(i);
        }
        return numbers;
    }

    private static Map<@Nullable Object, @Nullable Object> dict(Arguments arguments) {
        Map<@Nullable Object, @Nullable Object> map = new LinkedHashMap<>();
        if (arguments.count() > 0 && arguments.positional().getFirst() instanceof Map<?, ?> other) {
            map.putAll(other);
        }
        map.putAll(arguments.named());
        return map;
    }

    private static Namespace namespace(Arguments arguments) {
        Namespace namespace = new Namespace();
        dict(arguments).forEach((name, value) -> namespace.put(PythonText.of(name), value));
        return namespace;
    }

    private static Object raiseException(Arguments arguments) {
        throw new Refusal(PythonText.of(arguments.get(0, "message")));
    }

    private static String strftimeNow(Arguments arguments) {
        return Strftime.format(arguments.text(0, "format"), LocalDateTime.now(ZoneId.systemDefault()));
    }
}
