package dev.decanter.template;

import java.time.Clock;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Runs statements. */
final class Renderer {
    private final Limits limits;
    private final Evaluator evaluator;
    private final Symbols symbols;
    private final Scope root;
    private StringBuilder out = new StringBuilder();

    /** A template that is ready to run. */
    record Parsed(List<Stmt> statements, Symbols symbols) {
        static Parsed of(String source) {
            List<Stmt> statements = Parser.parse(source);
            return new Parsed(statements, new Symbols(statements));
        }
    }

    /** How a list of statements ended. */
    private enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    private Renderer(Limits limits, Symbols symbols, Scope root) {
        this.limits = limits;
        this.evaluator = new Evaluator(limits);
        this.symbols = symbols;
        this.root = root;
    }

    static String render(
            Parsed template, Map<String, ? extends @Nullable Object> variables, TemplateLimits most, Clock clock) {
        Limits limits = new Limits(most);
        Scope globals = new Scope(Globals.all(limits, clock));
        variables.forEach(globals::set);
        // what the template sets does not replace the variables of the call
        Symbols symbols = template.symbols();
        Scope root = new Scope(globals, symbols.hidden(template.statements()));
        Renderer renderer = new Renderer(limits, symbols, root);
        renderer.run(template.statements(), root);
        return renderer.out.toString();
    }

    private Flow run(List<Stmt> statements, Scope scope) {
        for (Stmt statement : statements) {
            limits.step();
            Flow flow = Evaluator.at(statement.line(), () -> run(statement, scope));
            if (flow != Flow.NEXT) {
                return flow;
            }
        }
        return Flow.NEXT;
    }

    private Flow run(Stmt statement, Scope scope) {
        switch (statement) {
            case Stmt.Text text -> write(text.text());
            case Stmt.Print print -> write(PythonText.of(evaluator.value(print.value(), scope)));
            case Stmt.If conditional -> {
                boolean holds = Values.truth(evaluator.value(conditional.condition(), scope));
                return run(holds ? conditional.then() : conditional.otherwise(), scope);
            }
            case Stmt.For loop -> {
                return loop(loop, evaluator.value(loop.items(), scope), scope, 0);
            }
            case Stmt.Set set -> assign(set.target(), evaluator.value(set.value(), scope), scope);
            case Stmt.SetBlock set -> {
                Captured captured = captured(set.body(), inside(set.body(), scope));
                if (captured.flow != Flow.NEXT) {
                    return captured.flow;
                }
                assign(set.target(), filtered(set.filters(), captured.text, scope), scope);
            }
            case Stmt.Macro macro -> scope.set(macro.name(), macro(macro.name(), macro.function(), scope));
            case Stmt.CallBlock block -> callBlock(block, scope);
            case Stmt.FilterBlock block -> {
                Scope inner = inside(block.body(), scope);
                Captured captured = captured(block.body(), inner);
                if (captured.flow != Flow.NEXT) {
                    return captured.flow;
                }
                write(PythonText.of(filtered(block.filters(), captured.text, inner)));
            }
            case Stmt.With with -> {
                Scope inner = inside(with.body(), scope);
                for (int i = 0; i < with.targets().size(); i++) {
                    assign(with.targets().get(i), evaluator.value(with.values().get(i), scope), inner);
                }
                return run(with.body(), inner);
            }
            case Stmt.Scoped scoped -> {
                return run(scoped.body(), inside(scoped.body(), scope));
            }
            case Stmt.Block block -> run(block.body(), inside(block.body(), root.exported()));
            case Stmt.Break _ -> {
                return Flow.BREAK;
            }
            case Stmt.Continue _ -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.NEXT;
    }

    private Scope inside(List<Stmt> body, Scope outer) {
        return new Scope(outer, symbols.hidden(body));
    }

    private void write(String text) {
        limits.chars(text.length());
        limits.shown((long) out.length() + text.length());
        out.append(text);
    }

    private @Nullable Object filtered(List<Expr.Filter> filters, String text, Scope scope) {
        Object value = text;
        for (Expr.Filter filter : filters) {
            value = evaluator.filter(filter, value, scope);
        }
        return value;
    }

    /** What statements wrote, and how they ended. */
    private record Captured(String text, Flow flow) {}

    private Captured captured(List<Stmt> body, Scope scope) {
        StringBuilder outer = out;
        out = new StringBuilder();
        try {
            Flow flow = run(body, scope);
            return new Captured(out.toString(), flow);
        } finally {
            out = outer;
        }
    }

    private Flow loop(Stmt.For loop, @Nullable Object value, Scope scope, int depth) {
        Object items = value;
        if (loop.filter().isPresent()) {
            items = Lazy.generator(new Filtered(loop.target(), loop.filter().get(), Values.iterator(value), scope));
        }
        Optional<Callable> recursion = loop.recursive() ? Optional.of(again(loop, scope, depth)) : Optional.empty();
        LoopVariable variable = new LoopVariable(items, depth, recursion, limits);
        boolean finished = false;
        while (variable.hasNext()) {
            limits.step();
            Scope inner = inside(loop.body(), scope);
            Object item = variable.next();
            inner.set("loop", variable);
            assign(loop.target(), item, inner);
            Flow flow = run(loop.body(), inner);
            if (flow == Flow.BREAK) {
                break;
            }
            finished |= flow == Flow.NEXT;
        }
        // as Jinja compiles it: else runs unless some round came to its end, be it left by continue or break
        return finished ? Flow.NEXT : run(loop.otherwise(), inside(loop.otherwise(), scope));
    }

    /** The items of a loop that pass its condition. */
    private final class Filtered implements Iterator<@Nullable Object> {
        private final Stmt.Target target;
        private final Expr condition;
        private final Iterator<? extends @Nullable Object> items;
        private final Scope scope;
        private boolean found;
        private @Nullable Object next;

        Filtered(Stmt.Target target, Expr condition, Iterator<? extends @Nullable Object> items, Scope scope) {
            this.target = target;
            this.condition = condition;
            this.items = items;
            this.scope = scope;
        }

        @Override
        public boolean hasNext() {
            while (!found && items.hasNext()) {
                limits.step();
                next = items.next();
                Scope inner = new Scope(scope, Set.of());
                assign(target, next, inner);
                found = Values.truth(evaluator.value(condition, inner));
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

    private Callable again(Stmt.For loop, Scope scope, int depth) {
        return arguments -> {
            Object items = arguments.bind("loop", 1, "iterable").get(0);
            limits.enter();
            StringBuilder outer = out;
            out = new StringBuilder();
            try {
                loop(loop, items, scope, depth + 1);
                return out.toString();
            } finally {
                out = outer;
                limits.leave();
            }
        };
    }

    private void assign(Stmt.Target target, @Nullable Object value, Scope scope) {
        switch (target) {
            case Stmt.Target.Name name -> scope.set(name.name(), value);
            case Stmt.Target.Member member -> {
                if (!(scope.get(member.namespace()) instanceof Namespace namespace)) {
                    throw new TemplateError("cannot assign attribute on non-namespace object");
                }
                limits.items(1);
                namespace.put(member.name(), value);
            }
            case Stmt.Target.Several several -> {
                if (!Values.iterable(value)) {
                    throw new TemplateError("cannot unpack non-iterable " + Values.typeName(value) + " object");
                }
                List<@Nullable Object> values = Values.list(value, limits);
                int wanted = several.targets().size();
                if (values.size() != wanted) {
                    throw new TemplateError(
                            values.size() > wanted
                                    ? "too many values to unpack (expected " + wanted + ")"
                                    : "not enough values to unpack (expected " + wanted + ", got " + values.size()
                                            + ")");
                }
                for (int i = 0; i < wanted; i++) {
                    assign(several.targets().get(i), values.get(i), scope);
                }
            }
        }
    }

    private Macro macro(@Nullable String name, Stmt.Function function, Scope defined) {
        List<String> names =
                function.parameters().stream().map(Stmt.Parameter::name).toList();
        return new Macro(name, names, function, arguments -> {
            limits.enter();
            try {
                Scope scope = inside(function.body(), defined);
                bind(name, function, arguments, scope);
                return captured(function.body(), scope).text;
            } finally {
                limits.leave();
            }
        });
    }

    private void bind(@Nullable String macro, Stmt.Function function, Arguments arguments, Scope scope) {
        List<Stmt.Parameter> parameters = function.parameters();
        Map<String, @Nullable Object> named = new LinkedHashMap<>(arguments.named());
        for (int i = 0; i < parameters.size(); i++) {
            Stmt.Parameter parameter = parameters.get(i);
            Object value;
            if (i < arguments.count()) {
                value = arguments.positional().get(i);
            } else if (named.containsKey(parameter.name())) {
                value = named.remove(parameter.name());
            } else if (parameter.fallback().isPresent()) {
                value = evaluator.value(parameter.fallback().get(), scope);
            } else {
                value = new Undefined("parameter " + PythonText.repr(parameter.name()) + " was not provided");
            }
            scope.set(parameter.name(), value);
        }
        if (function.special().contains("caller")) {
            Object given = named.remove("caller");
            scope.set("caller", given == null ? new Undefined("No caller defined") : given);
        }
        if (function.special().contains("kwargs")) {
            scope.set("kwargs", new LinkedHashMap<@Nullable Object, @Nullable Object>(named));
        } else if (named.containsKey("caller")) {
            throw new TemplateError("macro " + PythonText.repr(macro)
                    + " was invoked with two values for the special caller argument. This is most likely a bug.");
        } else if (!named.isEmpty()) {
            throw new TemplateError("macro " + PythonText.repr(macro) + " takes no keyword argument "
                    + PythonText.repr(named.keySet().iterator().next()));
        }
        int rest = Math.min(parameters.size(), arguments.count());
        if (function.special().contains("varargs")) {
            scope.set("varargs", new Sequence.Tuple(arguments.positional().subList(rest, arguments.count())));
        } else if (rest < arguments.count()) {
            throw new TemplateError(
                    "macro " + PythonText.repr(macro) + " takes not more than " + parameters.size() + " argument(s)");
        }
    }

    private void callBlock(Stmt.CallBlock block, Scope scope) {
        Object function = evaluator.value(block.call().function(), scope);
        Arguments given = evaluator.arguments(block.call().arguments(), scope);
        Map<String, @Nullable Object> named = new LinkedHashMap<>(given.named());
        named.put("caller", macro(null, block.caller(), scope));
        List<@Nullable Object> positional = new ArrayList<>(given.positional());
        write(PythonText.of(evaluator.call(function, new Arguments(positional, named))));
    }
}
