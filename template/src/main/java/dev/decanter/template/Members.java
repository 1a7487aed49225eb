package dev.decanter.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Attributes and items of values: what Python's types have, without what changes a value or leads into Python's inside, as in the
 * sandbox that Transformers renders in.
 */
final class Members {
    private static final Set<String> MAP = Set.of("items", "keys", "values", "get", "copy", "fromkeys");
    private static final Set<String> LIST = Set.of("index", "count", "copy");
    /** What even an undefined value has, though no template may use it. */
    private static final Set<String> PYTHONS_OWN = Set.of("__class__", "__init__", "__doc__", "__module__");

    private static final Set<String> TUPLE = Set.of("index", "count");
    private static final Set<String> CHANGE_LIST =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");
    private static final Set<String> CHANGE_MAP = Set.of("clear", "pop", "popitem", "setdefault", "update");

    private Members() {}

    /** {@code base.name}: Python's attribute if there is one, else the item of that name. */
    static @Nullable Object attribute(@Nullable Object base, String name, Limits limits) {
        if (base instanceof Undefined && PYTHONS_OWN.contains(name)) {
            return Undefined.unsafe(base, name);
        }
        Values.defined(base);
        Object own = own(base, name, limits);
        if (!(own instanceof Undefined)) {
            return own;
        }
        if (base instanceof Map<?, ?> map && map.containsKey(name)) {
            return map.get(name);
        }
        return own;
    }

    /** {@code base[index]}: the item if there is one, else the attribute of that name. */
    static @Nullable Object item(@Nullable Object base, @Nullable Object given, Limits limits) {
        Values.defined(base);
        Object index = Arithmetic.number(given);
        if (base instanceof Map<?, ?> map) {
            if (Values.isKey(given) && Values.has(map, given)) {
                return Values.lookup(map, given);
            }
        } else if (index instanceof Long at && base instanceof List<?> list && !(base instanceof Sequence.View)) {
            long position = at < 0 ? at + list.size() : at;
            if (position >= 0 && position < list.size()) {
                return list.get((int) position);
            }
        } else if (index instanceof Long at && base instanceof String text) {
            int length = text.codePointCount(0, text.length());
            long position = at < 0 ? at + length : at;
            if (position >= 0 && position < length) {
                return Character.toString(text.codePointAt(text.offsetByCodePoints(0, (int) position)));
            }
        }
        return given instanceof String name ? own(base, name, limits) : Undefined.member(base, given);
    }

    private static @Nullable Object own(@Nullable Object base, String name, Limits limits) {
        if (name.startsWith("__") || (name.startsWith("_") && base instanceof Attributes)) {
            return Undefined.unsafe(base, name);
        }
        return switch (base) {
            case Attributes object -> object.attribute(name);
            case String text
            when StringMethods.has(name) -> (Callable) arguments -> StringMethods.call(text, name, arguments, limits);
            case Map<?, ?> map when MAP.contains(name) -> (Callable) arguments -> callMap(map, name, arguments, limits);
            case Map<?, ?> _ when CHANGE_MAP.contains(name) -> Undefined.unsafe(base, name);
            case List<?> list
            when (Values.isPlainList(base) && LIST.contains(name))
                    || (!(base instanceof Sequence.View) && TUPLE.contains(name)) ->
                (Callable) arguments -> callList(list, name, arguments, limits);
            case List<?> _ when Values.isPlainList(base) && CHANGE_LIST.contains(name) -> Undefined.unsafe(base, name);
            case Sequence.Tuple tuple when tuple.names.containsKey(name) -> tuple.get(tuple.names.get(name));
            case Double value when name.equals("is_integer") -> (Callable) _ -> value == Math.rint(value);
            case null, default -> Undefined.member(base, name);
        };
    }

    private static @Nullable Object callMap(Map<?, ?> map, String method, Arguments arguments, Limits limits) {
        limits.step();
        return switch (method) {
            case "get" -> {
                Arguments.Bound bound = arguments.bind(method, 1, "key", "default");
                yield Values.has(map, bound.get(0)) ? Values.lookup(map, bound.get(0)) : bound.get(1);
            }
            case "fromkeys" -> {
                Arguments.Bound bound = arguments.bind(method, 1, "iterable", "value");
                Map<@Nullable Object, @Nullable Object> made = new LinkedHashMap<>();
                for (Object key : Values.list(bound.get(0), limits)) {
                    Values.put(made, key, bound.get(1));
                }
                yield made;
            }
            default -> {
                arguments.bind(method, 0);
                limits.items(map.size());
                yield method.equals("copy") ? map : new Sequence.View("dict_" + method, map);
            }
        };
    }

    private static @Nullable Object callList(List<?> list, String method, Arguments arguments, Limits limits) {
        limits.items(list.size());
        if (method.equals("copy")) {
            arguments.bind(method, 0);
            return new ArrayList<>(list);
        }
        Object item = arguments.bind(method, 1, "value", "start", "stop").get(0);
        if (method.equals("count")) {
            return list.stream().filter(one -> Values.equal(one, item)).count();
        }
        int size = list.size();
        int from = bounded(arguments.bind(method, 1, "value", "start", "stop").integer(1, 0), size);
        int to = bounded(arguments.bind(method, 1, "value", "start", "stop").integer(2, size), size);
        for (int i = from; i < to; i++) {
            if (Values.equal(list.get(i), item)) {
                return (long) i;
            }
        }
        throw new TemplateError(
                base(list).equals("list")
                        ? PythonText.repr(item) + " is not in list"
                        : base(list) + ".index(x): x not in " + base(list));
    }

    private static String base(List<?> list) {
        return Values.typeName(list);
    }

    private static int bounded(int index, int size) {
        return Math.clamp(index < 0 ? (long) index + size : index, 0, size);
    }
}
