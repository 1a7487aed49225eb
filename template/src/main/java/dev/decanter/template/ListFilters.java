package dev.decanter.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Jinja's filters of lists. What Jinja makes lazily is lazy here too, since it is true, and can be read but once. */
final class ListFilters {
    private final Filters filters;
    private final Limits limits;

    ListFilters(Filters filters, Limits limits) {
        this.filters = filters;
        this.limits = limits;
    }

    @Nullable
    Object apply(String name, @Nullable Object value, Arguments arguments) {
        return switch (name) {
            case "map" -> map(value, arguments);
            case "select" -> select(value, arguments, false, true);
            case "reject" -> select(value, arguments, false, false);
            case "selectattr" -> select(value, arguments, true, true);
            case "rejectattr" -> select(value, arguments, true, false);
            case "batch" -> batch(value, arguments.bind(name, 1, "linecount", "fill_with"));
            case "slice" -> slices(value, arguments.bind(name, 1, "slices", "fill_with"));
            case "sort" -> sort(value, arguments.bind(name, 0, "reverse", "case_sensitive", "attribute"));
            case "unique" -> unique(value, arguments.bind(name, 0, "case_sensitive", "attribute"));
            case "min", "max" ->
                extreme(value, arguments.bind(name, 0, "case_sensitive", "attribute"), name.equals("min"));
            case "groupby" -> groups(value, arguments.bind(name, 1, "attribute", "default", "case_sensitive"));
            case "dictsort" -> sortedItems(value, arguments.bind(name, 0, "case_sensitive", "by", "reverse"));
            case "sum" -> sum(value, arguments.bind(name, 0, "attribute", "start"));
            default -> {
                arguments.bind(name, 0);
                yield plain(name, value);
            }
        };
    }

    private @Nullable Object plain(String name, @Nullable Object value) {
        return switch (name) {
            case "first" -> {
                Iterator<? extends @Nullable Object> items = Values.iterator(value);
                yield items.hasNext() ? items.next() : new Undefined("No first item, sequence was empty.");
            }
            case "last" -> {
                if (value instanceof Lazy) {
                    throw new TemplateError("'" + Values.typeName(value) + "' object is not reversible");
                }
                List<@Nullable Object> items = Values.list(value, limits);
                yield items.isEmpty() ? new Undefined("No last item, sequence was empty.") : items.getLast();
            }
            case "random" -> {
                List<@Nullable Object> items = Values.list(value, limits);
                yield items.isEmpty()
                        ? new Undefined("No random item, sequence was empty.")
                        : items.get((int) (Math.random() * items.size()));
            }
            case "items" -> {
                Values.truth(value);
                if (value instanceof Undefined) {
                    yield Lazy.generator(Collections.emptyIterator());
                }
                if (!(value instanceof Map<?, ?> map)) {
                    throw new TemplateError("Can only get item pairs from a mapping.");
                }
                yield Lazy.generator(new Sequence.View("dict_items", map).iterator());
            }
            case "reverse" -> reversed(value);
            default -> Values.list(value, limits);
        };
    }

    private Object reversed(@Nullable Object value) {
        if (value instanceof String text) {
            StringBuilder out = new StringBuilder(text).reverse();
            return limits.made(out.toString());
        }
        if (!Values.iterable(value)) {
            throw new TemplateError("argument must be iterable");
        }
        List<@Nullable Object> items = Values.list(value, limits);
        Collections.reverse(items);
        boolean list = value instanceof Lazy || value instanceof Undefined;
        return list ? items : new Lazy("list_reverseiterator", items.iterator());
    }

    /** What finds an attribute of an attribute …, by a name with dots or an index. */
    private UnaryOperator<@Nullable Object> getter(
            @Nullable Object attribute, boolean fold, @Nullable Object otherwise) {
        List<Object> path = new ArrayList<>();
        if (attribute instanceof String text) {
            for (String part : text.split("\\.", -1)) {
                boolean index = part.length() < 10 && PythonStrings.all(part, PythonStrings::isDigit);
                path.add(index ? (Object) Long.parseLong(part) : part);
            }
        } else if (attribute != null) {
            path.add(attribute);
        }
        return item -> {
            Object at = item;
            for (Object step : path) {
                at = Members.item(at, step, limits);
                at = at instanceof Undefined && otherwise != null ? otherwise : at;
            }
            return fold && at instanceof String text ? PythonStrings.lower(text) : at;
        };
    }

    private Lazy map(@Nullable Object value, Arguments arguments) {
        if (!Values.truth(value)) {
            return Lazy.generator(Collections.emptyIterator());
        }
        UnaryOperator<@Nullable Object> function;
        if (arguments.count() == 0 && arguments.named().containsKey("attribute")) {
            Map<String, @Nullable Object> named = new LinkedHashMap<>(arguments.named());
            Object attribute = named.remove("attribute");
            Object otherwise = named.remove("default");
            if (!named.isEmpty()) {
                throw new TemplateError("Unexpected keyword argument "
                        + PythonText.repr(named.keySet().iterator().next()));
            }
            function = getter(attribute, false, otherwise);
        } else {
            if (arguments.count() == 0) {
                throw new TemplateError("map requires a filter argument");
            }
            String name = PythonText.of(arguments.positional().getFirst());
            function = item -> filters.apply(name, item, arguments.rest());
        }
        Iterator<? extends @Nullable Object> items = Values.iterator(value);
        return Lazy.generator(new Iterator<@Nullable Object>() {
            @Override
            public boolean hasNext() {
                return items.hasNext();
            }

            @Override
            public @Nullable Object next() {
                limits.step();
                return function.apply(items.next());
            }
        });
    }

    private Lazy select(@Nullable Object value, Arguments arguments, boolean byAttribute, boolean wanted) {
        if (!Values.truth(value)) {
            return Lazy.generator(Collections.emptyIterator());
        }
        if (byAttribute && arguments.count() == 0) {
            throw new TemplateError("Missing parameter for attribute name");
        }
        Arguments rest = byAttribute ? arguments.rest() : arguments;
        UnaryOperator<@Nullable Object> getter =
                getter(byAttribute ? arguments.positional().getFirst() : null, false, null);
        Predicate<@Nullable Object> test = item -> {
            Object tested = getter.apply(item);
            return wanted
                    == (rest.count() == 0
                            ? Values.truth(tested)
                            : Tests.holds(PythonText.of(rest.positional().getFirst()), tested, rest.rest(), limits));
        };
        return Lazy.generator(new Selected(Values.iterator(value), test, limits));
    }

    /** Those items that pass; looks for the next only when it is asked for one. */
    private static final class Selected implements Iterator<@Nullable Object> {
        private final Iterator<? extends @Nullable Object> items;
        private final Predicate<@Nullable Object> test;
        private final Limits limits;
        private boolean found;
        private @Nullable Object next;

        Selected(Iterator<? extends @Nullable Object> items, Predicate<@Nullable Object> test, Limits limits) {
            this.items = items;
            this.test = test;
            this.limits = limits;
        }

        @Override
        public boolean hasNext() {
            while (!found && items.hasNext()) {
                limits.step();
                next = items.next();
                found = test.test(next);
            }
            return found;
        }

        @Override
        public @Nullable Object next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            found = false;
            return next;
        }
    }

    private Lazy batch(@Nullable Object value, Arguments.Bound bound) {
        int count = bound.integer(0, 0);
        List<@Nullable Object> rows = new ArrayList<>();
        List<@Nullable Object> row = new ArrayList<>();
        for (Object item : Values.list(value, limits)) {
            if (row.size() == count) {
                rows.add(row);
                row = new ArrayList<>();
            }
            row.add(item);
        }
        if (!row.isEmpty()) {
            if (bound.get(1) != null && row.size() < count) {
                limits.items((long) count - row.size());
                row.addAll(Collections.nCopies(count - row.size(), bound.get(1)));
            }
            rows.add(row);
        }
        return Lazy.generator(rows.iterator());
    }

    private Lazy slices(@Nullable Object value, Arguments.Bound bound) {
        int slices = bound.integer(0, 0);
        if (slices == 0) {
            throw new TemplateError("integer division or modulo by zero");
        }
        List<@Nullable Object> items = Values.list(value, limits);
        limits.items(Math.max(0, slices));
        List<@Nullable Object> all = new ArrayList<>();
        int least = Math.floorDiv(items.size(), slices);
        int longer = Math.floorMod(items.size(), slices);
        int start = 0;
        for (int i = 0; i < slices; i++) {
            int end = start + least + (i < longer ? 1 : 0);
            List<@Nullable Object> slice = new ArrayList<>(items.subList(start, end));
            if (bound.get(1) != null && i >= longer) {
                slice.add(bound.get(1));
            }
            all.add(slice);
            start = end;
        }
        return Lazy.generator(all.iterator());
    }

    private List<@Nullable Object> sorted(
            List<@Nullable Object> items, UnaryOperator<@Nullable Object> key, boolean reverse) {
        List<List<@Nullable Object>> keyed = new ArrayList<>();
        for (Object item : items) {
            List<@Nullable Object> pair = new ArrayList<>(2);
            pair.add(key.apply(item));
            pair.add(item);
            keyed.add(pair);
        }
        Comparator<List<@Nullable Object>> order = (a, b) -> {
            limits.step();
            return Values.order(a.getFirst(), b.getFirst(), "<") % 2;
        };
        try {
            keyed.sort(reverse ? order.reversed() : order);
        } catch (IllegalArgumentException e) {
            throw new TemplateError("values without an order, such as nan, cannot be sorted");
        }
        List<@Nullable Object> sorted = new ArrayList<>();
        keyed.forEach(pair -> sorted.add(pair.getLast()));
        return sorted;
    }

    private List<@Nullable Object> sort(@Nullable Object value, Arguments.Bound bound) {
        boolean fold = !bound.flag(1);
        Object attribute = bound.get(2);
        List<UnaryOperator<@Nullable Object>> getters = new ArrayList<>();
        if (attribute instanceof String text) {
            for (String one : text.split(",", -1)) {
                getters.add(getter(one, fold, null));
            }
        } else {
            getters.add(getter(attribute, fold, null));
        }
        UnaryOperator<@Nullable Object> key = item -> {
            List<@Nullable Object> keys = new ArrayList<>();
            getters.forEach(getter -> keys.add(getter.apply(item)));
            return keys;
        };
        return sorted(Values.list(value, limits), key, bound.flag(0));
    }

    private List<@Nullable Object> sortedItems(@Nullable Object value, Arguments.Bound bound) {
        Object by = bound.get(1, "key");
        if (!"key".equals(by) && !"value".equals(by)) {
            throw new TemplateError("You can only sort by either \"key\" or \"value\"");
        }
        if (!(Values.defined(value) instanceof Map<?, ?> map)) {
            throw new TemplateError("'" + Values.typeName(value) + "' object has no attribute 'items'");
        }
        UnaryOperator<@Nullable Object> key = getter("key".equals(by) ? 0L : 1L, !bound.flag(0), null);
        return sorted(Values.list(new Sequence.View("dict_items", map), limits), key, bound.flag(2));
    }

    private Lazy unique(@Nullable Object value, Arguments.Bound bound) {
        UnaryOperator<@Nullable Object> getter = getter(bound.get(1), !bound.flag(0), null);
        Map<@Nullable Object, @Nullable Object> seen = new LinkedHashMap<>();
        Predicate<@Nullable Object> fresh = item -> {
            Object key = getter.apply(item);
            boolean known = Values.has(seen, key);
            Values.put(seen, key, true);
            return !known;
        };
        return Lazy.generator(new Selected(Values.iterator(value), fresh, limits));
    }

    private @Nullable Object extreme(@Nullable Object value, Arguments.Bound bound, boolean least) {
        UnaryOperator<@Nullable Object> getter = getter(bound.get(1), !bound.flag(0), null);
        List<@Nullable Object> items = Values.list(value, limits);
        if (items.isEmpty()) {
            return new Undefined("No aggregated item, sequence was empty.");
        }
        Object best = items.getFirst();
        Object bestKey = getter.apply(best);
        for (Object item : items.subList(1, items.size())) {
            limits.step();
            Object key = getter.apply(item);
            if (Values.order(key, bestKey, least ? "<" : ">") == (least ? -1 : 1)) {
                best = item;
                bestKey = key;
            }
        }
        return best;
    }

    private List<@Nullable Object> groups(@Nullable Object value, Arguments.Bound bound) {
        Object otherwise = bound.get(1);
        UnaryOperator<@Nullable Object> folded = getter(bound.get(0), !bound.flag(2), otherwise);
        UnaryOperator<@Nullable Object> exact = getter(bound.get(0), false, otherwise);
        List<@Nullable Object> groups = new ArrayList<>();
        List<@Nullable Object> group = new ArrayList<>();
        Object key = null;
        for (Object item : sorted(Values.list(value, limits), folded, false)) {
            Object next = folded.apply(item);
            if (!group.isEmpty() && !Values.equal(key, next)) {
                groups.add(group(exact.apply(group.getFirst()), group));
                group = new ArrayList<>();
            }
            key = next;
            group.add(item);
        }
        if (!group.isEmpty()) {
            groups.add(group(exact.apply(group.getFirst()), group));
        }
        return groups;
    }

    /** A pair whose halves have names. */
    private static Sequence.Tuple group(@Nullable Object grouper, List<@Nullable Object> items) {
        List<@Nullable Object> pair = new ArrayList<>(2);
        pair.add(grouper);
        pair.add(items);
        return new Sequence.Tuple(pair, Map.of("grouper", 0, "list", 1));
    }

    private @Nullable Object sum(@Nullable Object value, Arguments.Bound bound) {
        UnaryOperator<@Nullable Object> getter = getter(bound.get(0), false, null);
        Object sum = bound.get(1, 0L);
        if (sum instanceof String) {
            throw new TemplateError("sum() can't sum strings [use ''.join(seq) instead]");
        }
        for (Object item : Values.list(value, limits)) {
            sum = Arithmetic.binary("+", sum, getter.apply(item), limits);
        }
        return sum;
    }
}
