package dev.decanter.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
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
            case Expr.TupleOf tuple -> new Sequence.Tuple(values(tuple.items(), scope));
            case Expr.DictOf dict -> dict(dict, scope);
            case Expr.Attribute attribute ->
                Members.attribute(value(attribute.base(), scope), attribute.name(), limits);
            case Expr.Item item -> {
                Object base = value(item.base(), scope);
                yield Members.item(base, value(item.index(), scope), limits);
            }
            case Expr.Slice slice -> slice(slice, scope);
            case Expr.Call call -> {
                Object function = value(call.function(), scope);
                Arguments arguments = arguments(call.arguments(), scope);
                yield at(call.line(), () -> call(function, arguments));
            }
            case Expr.Filter filter -> filter(filter, value(filter.value(), scope), scope);
            case Expr.Test test -> {
                Object tested = value(test.value(), scope);
                Arguments arguments = arguments(test.arguments(), scope);
                yield at(test.line(), () -> Tests.holds(test.name(), tested, arguments, limits));
            }
            case Expr.Unary unary -> unary(unary, scope);
            case Expr.Binary binary -> binary(binary, scope);
            case Expr.Concatenation concatenation -> concatenation(concatenation, scope);
            case Expr.Comparison comparison -> comparison(comparison, scope);
            case Expr.Conditional conditional -> conditional(conditional, scope);
        };
    }

    /** Applies a filter to a value. */
    @Nullable
    Object filter(Expr.Filter filter, @Nullable Object value, Scope scope) {
        Arguments arguments = arguments(filter.arguments(), scope);
        return at(filter.line(), () -> filters.apply(filter.name(), value, arguments));
    }

    /** Adds the line to an error inside. */
    static <T extends @Nullable Object> T at(int line, Supplier<T> action) {
        try {
            return action.get();
        } catch (TemplateError e) {
            throw e.line() != 0 ? e : new TemplateError(e.text(), line);
        }
    }

    private List<@Nullable Object> values(List<Expr> expressions, Scope scope) {
        List<@Nullable Object> values = new ArrayList<>();
        for (Expr expression : expressions) {
            limits.items(1);
            values.add(value(expression, scope));
        }
        return values;
    }

    private Map<@Nullable Object, @Nullable Object> dict(Expr.DictOf dict, Scope scope) {
        Map<@Nullable Object, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = 0; i < dict.keys().size(); i++) {
            limits.items(1);
            Object key = value(dict.keys().get(i), scope);
            Values.put(map, key, value(dict.values().get(i), scope));
        }
        return map;
    }

    private @Nullable Object slice(Expr.Slice slice, Scope scope) {
        Object base = Values.defined(value(slice.base(), scope));
        if (base instanceof Map<?, ?>) {
            throw new TemplateError("unhashable type: 'slice'");
        }
        if (!(base instanceof String || base instanceof List<?>) || base instanceof Sequence.View) {
            throw new TemplateError("'" + Values.typeName(base) + "' object is not subscriptable");
        }
        Optional<Long> from = bound(slice.start(), scope);
        Optional<Long> to = bound(slice.stop(), scope);
        long step = bound(slice.step(), scope).orElse(1L);
        if (step == 0) {
            throw new TemplateError("slice step cannot be zero");
        }
        if (base instanceof String text && step == 1) {
            return substring(text, from, to);
        }
        List<?> items = base instanceof List<?> list ? list : Values.list(base, limits);
        long size = items.size();
        long low = step > 0 ? 0 : -1;
        long high = step > 0 ? size : size - 1;
        long start = clamped(from, step > 0 ? low : high, size, low, high);
        long stop = clamped(to, step > 0 ? high : low, size, low, high);
        List<@Nullable Object> picked = new ArrayList<>();
        for (long i = start; step > 0 ? i < stop : i > stop; i += step) {
            limits.items(1);
            picked.add(items.get((int) i));
        }
        if (base instanceof String) {
            StringBuilder text = new StringBuilder();
            picked.forEach(text::append);
            return limits.made(text.toString());
        }
        if (base instanceof Sequence.Range range) {
            return new Sequence.Range(
                    range.start + start * range.step,
                    range.start + stop * range.step,
                    range.step * step,
                    picked.size());
        }
        return base instanceof Sequence.Tuple ? new Sequence.Tuple(picked) : picked;
    }

    private String substring(String text, Optional<Long> from, Optional<Long> to) {
        int size = text.codePointCount(0, text.length());
        int start = (int) clamped(from, 0, size, 0, size);
        int stop = (int) clamped(to, size, size, 0, size);
        if (start >= stop) {
            return "";
        }
        int begin = text.offsetByCodePoints(0, start);
        return limits.made(text.substring(begin, text.offsetByCodePoints(begin, stop - start)));
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
        return switch (Arithmetic.number(value(expression.get(), scope))) {
            case Long n -> Optional.of((long) Math.clamp(n, Integer.MIN_VALUE, Integer.MAX_VALUE));
            case java.math.BigInteger n -> Optional.of((long) (n.signum() < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE));
            case null -> Optional.empty();
            default -> throw new TemplateError("slice indices must be integers or None or have an __index__ method");
        };
    }

    @Nullable
    Object call(@Nullable Object function, Arguments arguments) {
        limits.step();
        if (Values.defined(function) instanceof Callable callable) {
            return callable.call(arguments);
        }
        throw new TemplateError("'" + Values.typeName(function) + "' object is not callable");
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
                case "*" -> positional.addAll(Values.list(value, limits));
                case "**" -> {
                    if (!(Values.defined(value) instanceof Map<?, ?> map)) {
                        throw new TemplateError("argument after ** must be a mapping, not " + Values.typeName(value));
                    }
                    for (Map.Entry<?, ?> entry : map.entrySet()) {
                        if (!(entry.getKey() instanceof String name)) {
                            throw new TemplateError("keywords must be strings");
                        }
                        putNew(named, name, entry.getValue());
                    }
                }
                default -> putNew(named, argument.name().orElseThrow(), value);
            }
        }
        return new Arguments(positional, named);
    }

    private static void putNew(Map<String, @Nullable Object> named, String name, @Nullable Object value) {
        if (named.containsKey(name)) {
            throw new TemplateError("got multiple values for keyword argument '" + name + "'");
        }
        named.put(name, value);
    }

    private @Nullable Object unary(Expr.Unary unary, Scope scope) {
        Object operand = value(unary.operand(), scope);
        return switch (unary.operator()) {
            case "not" -> !Values.truth(operand);
            case "-" -> Arithmetic.negated(operand);
            default -> Arithmetic.positive(operand);
        };
    }

    private @Nullable Object binary(Expr.Binary binary, Scope scope) {
        Object left = value(binary.left(), scope);
        return switch (binary.operator()) {
            case "or" -> Values.truth(left) ? left : value(binary.right(), scope);
            case "and" -> Values.truth(left) ? value(binary.right(), scope) : left;
            default -> Arithmetic.binary(binary.operator(), left, value(binary.right(), scope), limits);
        };
    }

    private String concatenation(Expr.Concatenation concatenation, Scope scope) {
        StringBuilder out = new StringBuilder();
        for (Expr part : concatenation.parts()) {
            out.append(PythonText.of(value(part, scope)));
            limits.shown(out.length());
        }
        return limits.made(out.toString());
    }

    private boolean comparison(Expr.Comparison comparison, Scope scope) {
        Object left = value(comparison.operands().getFirst(), scope);
        for (int i = 0; i < comparison.operators().size(); i++) {
            Object right = value(comparison.operands().get(i + 1), scope);
            if (!Values.holds(comparison.operators().get(i), left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private @Nullable Object conditional(Expr.Conditional conditional, Scope scope) {
        if (Values.truth(value(conditional.condition(), scope))) {
            return value(conditional.then(), scope);
        }
        return conditional.otherwise().isPresent()
                ? value(conditional.otherwise().get(), scope)
                : new Undefined("the inline if-expression evaluated to false and no else section was defined.");
    }
}
