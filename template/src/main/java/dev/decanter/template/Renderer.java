package dev.decanter.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Runs statements. */
final class Renderer {
    private final Limits limits;
    private final Evaluator evaluator;
    private StringBuilder out = new StringBuilder();

    /** How a list of statements ended. */
    private enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    private Renderer(Limits limits) {
        this.limits = limits;
        this.evaluator = new Evaluator(limits);
    }

    static String render(List<Stmt> template, Map<String, ? extends @Nullable Object> variables) {
        Renderer renderer = new Renderer(new Limits());
        Scope globals = new Scope(Globals.all());
        variables.forEach(globals::set);
        // what the template sets does not replace the variables of the call
        renderer.run(template, new Scope(globals), 0);
        return renderer.out.toString();
    }

    private Flow run(List<Stmt> statements, Scope scope, int loops) {
        for (Stmt statement : statements) {
            limits.step();
            Flow flow = Evaluator.at(statement.line(), () -> run(statement, scope, loops));
            if (flow != Flow.NEXT) {
                return flow;
            }
        }
        return Flow.NEXT;
    }

    private Flow run(Stmt statement, Scope scope, int loops) {
        switch (statement) {
            case Stmt.Text text -> write(text.text());
            case Stmt.Print print -> write(PythonText.of(evaluator.value(print.value(), scope)));
            case Stmt.If conditional -> {
                boolean holds = Operators.truth(evaluator.value(conditional.condition(), scope));
                return run(holds ? conditional.then() : conditional.otherwise(), scope, loops);
            }
            case Stmt.For loop -> loop(loop, evaluator.value(loop.items(), scope), scope, loops);
            case Stmt.Set set -> assign(set.target(), evaluator.value(set.value(), scope), scope);
            case Stmt.SetBlock set -> {
                String text = captured(set.body(), new Scope(scope), loops);
                assign(set.target(), filtered(set.filters(), text, scope), scope);
            }
            case Stmt.Macro macro ->
                scope.set(macro.name(), macro(macro.name(), macro.parameters(), macro.body(), scope));
            case Stmt.CallBlock block -> callBlock(block, scope);
            case Stmt.FilterBlock block -> {
                String text = captured(block.body(), new Scope(scope), loops);
                write(PythonText.of(filtered(block.filters(), text, scope)));
            }
            case Stmt.With with -> {
                Scope inner = new Scope(scope);
                for (int i = 0; i < with.targets().size(); i++) {
                    assign(with.targets().get(i), evaluator.value(with.values().get(i), scope), inner);
                }
                return run(with.body(), inner, loops);
            }
            case Stmt.Do action -> evaluator.value(action.value(), scope);
            case Stmt.Break _ -> {
                return inLoop(loops, Flow.BREAK);
            }
            case Stmt.Continue _ -> {
                return inLoop(loops, Flow.CONTINUE);
            }
        }
        return Flow.NEXT;
    }

    private static Flow inLoop(int loops, Flow flow) {
        if (loops == 0) {
            throw new TemplateError("break and continue belong into a loop");
        }
        return flow;
    }

    private void write(String text) {
        out.append(limits.made(text));
    }

    private @Nullable Object filtered(List<Expr.Filter> filters, String text, Scope scope) {
        Object value = text;
        for (Expr.Filter filter : filters) {
            value = evaluator.filter(filter, value, scope);
        }
        return value;
    }

    private String captured(List<Stmt> body, Scope scope, int loops) {
        StringBuilder outer = out;
        out = new StringBuilder();
        try {
            run(body, scope, loops);
            return out.toString();
        } finally {
            out = outer;
        }
    }

    private void loop(Stmt.For loop, @Nullable Object value, Scope scope, int depth) {
        List<? extends @Nullable Object> items = Operators.items(value);
        if (loop.filter().isPresent()) {
            List<@Nullable Object> kept = new ArrayList<>();
            for (Object item : items) {
                Scope inner = new Scope(scope);
                assign(loop.target(), item, inner);
                if (Operators.truth(evaluator.value(loop.filter().get(), inner))) {
                    kept.add(item);
                }
            }
            items = kept;
        }
        if (items.isEmpty()) {
            run(loop.otherwise(), new Scope(scope), depth);
            return;
        }
        Optional<Callable> recursion = loop.recursive() ? Optional.of(again(loop, scope, depth)) : Optional.empty();
        LoopVariable variable = new LoopVariable(items, depth, recursion);
        for (int i = 0; i < items.size(); i++) {
            limits.step();
            variable.at(i);
            Scope inner = new Scope(scope);
            inner.set("loop", loop.recursive() ? new RecursiveLoop(variable) : variable);
            assign(loop.target(), items.get(i), inner);
            if (run(loop.body(), inner, depth + 1) == Flow.BREAK) {
                return;
            }
        }
    }

    /** A loop variable that can be called. */
    private record RecursiveLoop(LoopVariable variable) implements Attributes, Callable {
        @Override
        public @Nullable Object attribute(String name) {
            return variable.attribute(name);
        }

        @Override
        public @Nullable Object call(Arguments arguments) {
            return variable.again(arguments);
        }
    }

    private Callable again(Stmt.For loop, Scope scope, int depth) {
        return arguments -> {
            limits.enter();
            StringBuilder outer = out;
            out = new StringBuilder();
            try {
                loop(loop, arguments.get(0, "items"), scope, depth + 1);
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
                namespace.put(member.name(), value);
            }
            case Stmt.Target.Several several -> {
                List<? extends @Nullable Object> values = Operators.items(value);
                if (values.size() != several.targets().size()) {
                    throw new TemplateError("there are " + values.size() + " values for "
                            + several.targets().size() + " names");
                }
                for (int i = 0; i < values.size(); i++) {
                    assign(several.targets().get(i), values.get(i), scope);
                }
            }
        }
    }

    private Callable macro(String name, List<Stmt.Parameter> parameters, List<Stmt> body, Scope defined) {
        return arguments -> {
            limits.enter();
            Scope scope = new Scope(defined);
            for (int i = 0; i < parameters.size(); i++) {
                Stmt.Parameter parameter = parameters.get(i);
                Object value = Undefined.variable(parameter.name());
                if (arguments.has(i, parameter.name())) {
                    value = arguments.get(i, parameter.name());
                } else if (parameter.fallback().isPresent()) {
                    value = evaluator.value(parameter.fallback().get(), scope);
                }
                scope.set(parameter.name(), value);
            }
            if (arguments.count() > parameters.size()) {
                throw new TemplateError(
                        "macro '" + name + "' takes not more than " + parameters.size() + " argument(s)");
            }
            if (arguments.named().containsKey("caller")) {
                scope.set("caller", arguments.named().get("caller"));
            }
            String text = captured(body, scope, 0);
            limits.leave();
            return text;
        };
    }

    private void callBlock(Stmt.CallBlock block, Scope scope) {
        Arguments given = evaluator.arguments(block.call().arguments(), scope);
        Map<String, @Nullable Object> named = new java.util.HashMap<>(given.named());
        named.put("caller", macro("caller", block.parameters(), block.body(), scope));
        Object function = evaluator.value(block.call().function(), scope);
        write(PythonText.of(Evaluator.call(function, new Arguments(given.positional(), named))));
    }
}
