package dev.decanter.genai.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The methods of Python's {@code dict} and {@code list} that templates use. */
final class PythonCollections {
    private PythonCollections() {}

    static @Nullable Object callMap(Map<?, ?> map, String method, Arguments arguments) {
        return switch (method) {
            case "items" -> {
                List<List<@Nullable Object>> items = new ArrayList<>();
                map.forEach((key, value) -> {
                    List<@Nullable Object> pair = new ArrayList<>();
                    Collections.addAll(pair, key, value);
                    items.add(pair);
                });
                yield items;
            }
            case "keys" -> new ArrayList<Object>(map.keySet());
            case "values" -> new ArrayList<Object>(map.values());
            case "get" -> {
                Object key = arguments.get(0, "key");
                yield map.containsKey(key) ? map.get(key) : arguments.get(1, "default");
            }
            case "update" -> {
                if (arguments.get(0, "other") instanceof Map<?, ?> other) {
                    putAll(map, other);
                }
                putAll(map, arguments.named());
                yield "";
            }
            case "pop" -> {
                Object key = arguments.get(0, "key");
                yield map.containsKey(key) ? map.remove(key) : arguments.get(1, "default");
            }
            default -> throw new IllegalArgumentException("dicts have no method " + method);
        };
    }

    /** The maps of a template are all made for any value. */
    @SuppressWarnings("unchecked")
    private static void putAll(Map<?, ?> map, Map<?, ?> other) {
        ((Map<Object, @Nullable Object>) map).putAll(other);
    }

    @SuppressWarnings("unchecked")
    static @Nullable Object callList(List<?> list, String method, Arguments arguments) {
        List<@Nullable Object> items = (List<@Nullable Object>) list;
        return switch (method) {
            case "append" -> {
                items.add(arguments.get(0, "object"));
                yield "";
            }
            case "extend" -> {
                if (arguments.get(0, "iterable") instanceof Iterable<?> more) {
                    more.forEach(items::add);
                }
                yield "";
            }
            case "insert" -> {
                items.add(arguments.integer(0, "index", 0), arguments.get(1, "object"));
                yield "";
            }
            case "pop" -> items.remove(Math.floorMod(arguments.integer(0, "index", -1), Math.max(1, items.size())));
            case "index" -> (long) items.indexOf(arguments.get(0, "value"));
            case "count" ->
                items.stream()
                        .filter(item -> Objects.equals(item, arguments.get(0, "value")))
                        .count();
            case "reverse" -> {
                Collections.reverse(items);
                yield "";
            }
            case "copy" -> new ArrayList<>(items);
            default -> throw new IllegalArgumentException("lists have no method " + method);
        };
    }
}
