package dev.decanter.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Computes expressions. */
final class Evaluator {
    private final Limits limits;
    private final Filters filters;

    Evaluator(Limits limits) {
        this.limits = limits;
        this.filters = new Filters(limits);
    }

    @Nullable
    Object value(Expr expression, Scope scope) {
        limits.step();
        return switch (expression) {
            case Expr.Literal literal -> literal.value();
            case Expr.Variable variable -> scope.get(variable.name());
            case Expr.ListOf list -> values(list.items(), scope);
            case Expr.TupleOf tuple -> new Tuple(values(tuple.items(), scope));
            case Expr.DictOf dict -> dict(dict, scope);
            case Expr.Attribute attribute -> attribute(value(attribute.base(), scope), attribute.name());
            case Expr.Item item -> item(value(item.base(), scope), value(item.index(), scope));
            case Expr.Slice slice -> slice(slice, scope);
            case Expr.Call call -> call(value(call.function(), scope), arguments(call.arguments(), scope));
            case Expr.Filter filter -> filter(filter, value(filter.value(), scope), scope);
            case Expr.Test test -> {
                Object tested = value(test.value(), scope);
                boolean holds =
                        at(test.line(), () -> Tests.holds(test.name(), tested, arguments(test.arguments(), scope)));
                yield holds != test.negated();
            }
            case Expr.Unary unary -> unary(unary, scope);
            case Expr.Binary binary -> binary(binary, scope);
            case Expr.Comparison comparison -> comparison(comparison, scope);
            case Expr.Conditional conditional -> conditional(conditional, scope);
        };
    }

    /** Applies a filter to a value. */
    @Nullable
    Object filter(Expr.Filter filter, @Nullable Object value, Scope scope) {
        return at(filter.line(), () -> filters.apply(filter.name(), value, arguments(filter.arguments(), scope)));
    }

    /** Adds the line to an error inside. */
    static <T extends @Nullable Object> T at(int line, java.util.function.Supplier<T> action) {
        try {
            return action.get();
        } catch (TemplateError e) {
            throw e.line() != 0 ? e : new TemplateError(e.text(), line);
        }
    }

    private List<@Nullable Object> values(List<Expr> expressions, Scope scope) {
        List<@Nullable Object> values = new ArrayList<>();
        for (Expr expression : expressions) {
            values.add(value(expression, scope));
        }
        return values;
    }

    private Map<@Nullable Object, @Nullable Object> dict(Expr.DictOf dict, Scope scope) {
        Map<@Nullable Object, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = 0; i < dict.keys().size(); i++) {
            map.put(value(dict.keys().get(i), scope), value(dict.values().get(i), scope));
        }
        return map;
    }

    /** Python's attribute if there is one, else the item of that name. */
    static @Nullable Object attribute(@Nullable Object base, String name) {
        return switch (Operators.defined(base)) {
            case Attributes object -> object.attribute(name);
            case String text
            when PythonStrings.has(name) -> (Callable) arguments -> PythonStrings.call(text, name, arguments);
            case Map<?, ?> map
            when PythonCollections.mapHas(name) ->
                (Callable) arguments -> PythonCollections.callMap(map, name, arguments);
            case Map<?, ?> map when map.containsKey(name) -> map.get(name);
            case List<?> list
            when PythonCollections.listHas(name) ->
                (Callable) arguments -> PythonCollections.callList(list, name, arguments);
            case null, default -> {
                boolean changing = base instanceof Map<?, ?> || (base instanceof List<?> && !(base instanceof Tuple));
                if (changing && PythonCollections.isChanging(name)) {
                    throw new TemplateError("access to attribute '" + name + "' of '" + Operators.typeName(base)
                            + "' object is unsafe.");
                }
                yield new Undefined("'" + Operators.typeName(base) + " object' has no attribute '" + name + "'");
            }
        };
    }

    static @Nullable Object item(@Nullable Object base, @Nullable Object index) {
        Object container = Operators.defined(base);
        if (container instanceof Map<?, ?> map && map.containsKey(index)) {
            return map.get(index);
        }
        if (index instanceof Long at && container instanceof List<?> list) {
            long position = at < 0 ? at + list.size() : at;
            if (position >= 0 && position < list.size()) {
                return list.get((int) position);
            }
        }
        if (index instanceof Long at && container instanceof String text) {
            int length = text.codePointCount(0, text.length());
            long position = at < 0 ? at + length : at;
            if (position >= 0 && position < length) {
                return Character.toString(text.codePointAt(text.offsetByCodePoints(0, (int) position)));
            }
        }
        if (index instanceof String name) {
            return attribute(container, name);
        }
        return new Undefined("'" + Operators.typeName(base) + " object' has no element " + PythonText.of(index));
    }

    private @Nullable Object slice(Expr.Slice slice, Scope scope) {
        Object base = Operators.defined(value(slice.base(), scope));
        List<? extends @Nullable Object> items =
                base instanceof Map<?, ?> ? Operators.items(null) : Operators.items(base);
        long step = bound(slice.step(), scope).orElse(1L);
        if (step == 0) {
            throw new TemplateError("slice step cannot be zero");
        }
        long size = items.size();
        long low = step > 0 ? 0 : -1;
        long high = step > 0 ? size : size - 1;
        long start = clamped(bound(slice.start(), scope), step > 0 ? low : high, size, low, high);
        long stop = clamped(bound(slice.stop(), scope), step > 0 ? high : low, size, low, high);
        List<@Nullable Object> picked = new ArrayList<>();
        for (long i = start; step > 0 ? i < stop : i > stop; i += step) {
            picked.add(items.get((int) i));
        }
        if (base instanceof String) {
            StringBuilder text = new StringBuilder();
            picked.forEach(text::append);
            return limits.made(text.toString());
        }
        return base instanceof Tuple ? new Tuple(picked) : picked;
    }

    private static long clamped(Optional<Long> value, long absent, long size, long low, long high) {
        if (value.isEmpty()) {
            return absent;
        }
        long at = value.get() < 0 ? value.get() + size : value.get();
        return Math.max(low, Math.min(at, high));
    }

    private Optional<Long> bound(Optional<Expr> expression, Scope scope) {
        if (expression.isEmpty()) {
            return Optional.empty();
        }
        return switch (value(expression.get(), scope)) {
            case Long n ->
                Optional.of(Math.clamp(n, Integer.MIN_VALUE, Integer.MAX_VALUE)).map(Integer::longValue);
            case null -> Optional.empty();
            default -> throw new TemplateError("slice indices must be integers or None");
        };
    }

    static @Nullable Object call(@Nullable Object function, Arguments arguments) {
        if (Operators.defined(function) instanceof Callable callable) {
            return callable.call(arguments);
        }
        throw new TemplateError("'" + Operators.typeName(function) + "' object is not callable");
    }

    Arguments arguments(List<Expr.Argument> given, Scope scope) {
        if (given.isEmpty()) {
            return Arguments.NONE;
        }
        List<@Nullable Object> positional = new ArrayList<>();
        Map<String, @Nullable Object> named = new LinkedHashMap<>();
        for (Expr.Argument argument : given) {
            Object value = value(argument.value(), scope);
            switch (argument.name().orElse("")) {
                case "" -> positional.add(value);
                case "*" -> positional.addAll(Operators.items(value));
                case "**" -> {
                    if (!(value instanceof Map<?, ?> map)) {
                        throw new TemplateError("an argument behind ** must be a dict");
                    }
                    map.forEach((key, one) -> named.put(PythonText.of(key), one));
                }
                default -> named.put(argument.name().get(), value);
            }
        }
        return new Arguments(positional, named);
    }

    private @Nullable Object unary(Expr.Unary unary, Scope scope) {
        Object operand = value(unary.operand(), scope);
        return switch (unary.operator()) {
            case "not" -> !Operators.truth(operand);
            case "-" -> Operators.negated(operand);
            default -> Operators.negated(Operators.negated(operand));
        };
    }

    private @Nullable Object binary(Expr.Binary binary, Scope scope) {
        Object left = value(binary.left(), scope);
        return switch (binary.operator()) {
            case "or" -> Operators.truth(left) ? left : value(binary.right(), scope);
            case "and" -> Operators.truth(left) ? value(binary.right(), scope) : left;
            case "~" -> limits.made(PythonText.of(left) + PythonText.of(value(binary.right(), scope)));
            default -> Operators.binary(binary.operator(), left, value(binary.right(), scope), limits);
        };
    }

    private boolean comparison(Expr.Comparison comparison, Scope scope) {
        Object left = value(comparison.operands().getFirst(), scope);
        for (int i = 0; i < comparison.operators().size(); i++) {
            Object right = value(comparison.operands().get(i + 1), scope);
            boolean holds = switch (comparison.operators().get(i)) {
                case "==" -> Operators.equal(left, right);
                case "!=" -> !Operators.equal(left, right);
                case "<" -> Operators.compare(left, right) < 0;
                case "<=" -> Operators.compare(left, right) <= 0;
                case ">" -> Operators.compare(left, right) > 0;
                case ">=" -> Operators.compare(left, right) >= 0;
                case "in" -> Operators.contains(right, left);
                default -> !Operators.contains(right, left);
            };
            if (!holds) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private @Nullable Object conditional(Expr.Conditional conditional, Scope scope) {
        if (Operators.truth(value(conditional.condition(), scope))) {
            return value(conditional.then(), scope);
        }
        return conditional.otherwise().isPresent()
                ? value(conditional.otherwise().get(), scope)
                : new Undefined("the inline if has no else");
    }
}
