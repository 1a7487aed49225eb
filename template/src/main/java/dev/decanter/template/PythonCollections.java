package dev.decanter.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The methods of Python's {@code dict} and {@code list} that leave them as they are. Those that change them are refused, as in
 * the sandbox that Transformers renders in.
 */
final class PythonCollections {
    private static final Set<String> MAP = Set.of("items", "keys", "values", "get", "copy");
    private static final Set<String> LIST = Set.of("index", "count", "copy");
    private static final Set<String> CHANGING = Set.of(
            "append",
            "extend",
            "insert",
            "remove",
            "pop",
            "clear",
            "sort",
            "reverse",
            "update",
            "setdefault",
            "popitem");

    private PythonCollections() {}

    static boolean mapHas(String method) {
        return MAP.contains(method);
    }

    static boolean listHas(String method) {
        return LIST.contains(method);
    }

    static boolean isChanging(String method) {
        return CHANGING.contains(method);
    }

    static @Nullable Object callMap(Map<?, ?> map, String method, Arguments arguments) {
        return switch (method) {
            case "items" -> items(map);
            case "keys" -> new ArrayList<Object>(map.keySet());
            case "values" -> new ArrayList<Object>(map.values());
            case "get" -> {
                Object key = arguments.get(0, "key");
                yield map.containsKey(key) ? map.get(key) : arguments.get(1, "default");
            }
            default -> map;
        };
    }

    /** Pairs of key and value. */
    static List<@Nullable Object> items(Map<?, ?> map) {
        List<@Nullable Object> items = new ArrayList<>();
        map.forEach((key, value) -> {
            List<@Nullable Object> pair = new ArrayList<>();
            pair.add(key);
            pair.add(value);
            items.add(new Tuple(pair));
        });
        return items;
    }

    static @Nullable Object callList(List<?> list, String method, Arguments arguments) {
        Object item = arguments.get(0, "value");
        return switch (method) {
            case "index" -> {
                for (int i = 0; i < list.size(); i++) {
                    if (Operators.equal(list.get(i), item)) {
                        yield (long) i;
                    }
                }
                throw new TemplateError("the value is not in the list");
            }
            case "count" ->
                list.stream().filter(one -> Operators.equal(one, item)).count();
            default -> list;
        };
    }
}
