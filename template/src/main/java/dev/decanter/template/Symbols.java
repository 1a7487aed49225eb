package dev.decanter.template;

import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Which names a body hides from the start. Jinja binds names when it compiles: one that a body only ever sets, before it reads it,
 * is that body's own and undefined until then, even for a loop inside that runs before, though a variable of the call has the
 * same name. The rules are those of {@code jinja2.idtracking}.
 */
final class Symbols {
    private final IdentityHashMap<List<Stmt>, Set<String>> hidden = new IdentityHashMap<>();

    Symbols(List<Stmt> template) {
        Frame root = new Frame(Optional.empty());
        visit(template, root);
        hidden.put(template, root.undefined);
        inside(template, root);
    }

    /** The names that are undefined when the body begins. */
    Set<String> hidden(List<Stmt> body) {
        return hidden.getOrDefault(body, Set.of());
    }

    /** What is known of the names of one body. */
    private static final class Frame {
        private final Optional<Frame> outer;
        private final Set<String> known = new HashSet<>();
        private final Set<String> stored = new HashSet<>();
        private final Set<String> undefined = new HashSet<>();
        /** Within a condition, where a filter need not exist as long as it is not used. */
        private boolean soft;

        Frame(Optional<Frame> outer) {
            this.outer = outer;
        }

        private Frame copied() {
            Frame copy = new Frame(outer);
            copy.known.addAll(known);
            copy.stored.addAll(stored);
            copy.undefined.addAll(undefined);
            copy.soft = true;
            return copy;
        }

        private boolean knows(String name) {
            return known.contains(name) || (outer.isPresent() && outer.get().knows(name));
        }

        private void load(String name) {
            if (!knows(name)) {
                known.add(name);
            }
        }

        private void store(String name) {
            stored.add(name);
            boolean fresh = !knows(name);
            known.add(name);
            if (fresh) {
                undefined.add(name);
            }
        }

        private void parameter(String name) {
            stored.add(name);
            known.add(name);
            undefined.remove(name);
        }

        private void branches(List<Frame> branches) {
            // what only some branches set is looked for outside as well
            for (Frame branch : branches) {
                known.addAll(branch.known);
                stored.addAll(branch.stored);
            }
        }
    }

    /** The statements of one body, without the bodies inside. */
    private void visit(List<Stmt> body, Frame frame) {
        for (Stmt statement : body) {
            switch (statement) {
                case Stmt.Print print -> load(print.value(), frame);
                case Stmt.If conditional -> {
                    Frame test = frame.copied();
                    load(conditional.condition(), test);
                    frame.known.addAll(test.known);
                    Frame then = frame.copied();
                    visit(conditional.then(), then);
                    Frame otherwise = frame.copied();
                    visit(conditional.otherwise(), otherwise);
                    frame.branches(List.of(then, otherwise));
                }
                case Stmt.For loop -> load(loop.items(), frame);
                case Stmt.Set set -> {
                    load(set.value(), frame);
                    store(set.target(), frame);
                }
                case Stmt.SetBlock set -> store(set.target(), frame);
                case Stmt.Macro macro -> frame.store(macro.name());
                case Stmt.CallBlock block -> load(block.call(), frame);
                case Stmt.FilterBlock block -> block.filters().forEach(filter -> load(filter, frame));
                case Stmt.With with -> with.values().forEach(value -> load(value, frame));
                case Stmt.Text _, Stmt.Scoped _, Stmt.Block _, Stmt.Break _, Stmt.Continue _ -> {}
            }
        }
    }

    /** The bodies inside a body whose own names are all known. */
    private void inside(List<Stmt> body, Frame frame) {
        for (Stmt statement : body) {
            switch (statement) {
                case Stmt.If conditional -> {
                    inside(conditional.then(), frame);
                    inside(conditional.otherwise(), frame);
                }
                case Stmt.For loop -> {
                    Frame inner = new Frame(Optional.of(frame));
                    inner.parameter("loop");
                    parameters(loop.target(), inner);
                    enter(loop.body(), inner);
                    enter(loop.otherwise(), new Frame(Optional.of(frame)));
                }
                case Stmt.SetBlock set -> enter(set.body(), new Frame(Optional.of(frame)));
                case Stmt.FilterBlock block -> enter(block.body(), new Frame(Optional.of(frame)));
                case Stmt.Scoped scoped -> enter(scoped.body(), new Frame(Optional.of(frame)));
                case Stmt.Block block -> enter(block.body(), new Frame(Optional.empty()));
                case Stmt.Macro macro -> function(macro.function(), frame);
                case Stmt.CallBlock block -> function(block.caller(), frame);
                case Stmt.With with -> {
                    Frame inner = new Frame(Optional.of(frame));
                    with.targets().forEach(target -> parameters(target, inner));
                    enter(with.body(), inner);
                }
                case Stmt.Text _, Stmt.Print _, Stmt.Set _, Stmt.Break _, Stmt.Continue _ -> {}
            }
        }
    }

    private void function(Stmt.Function function, Frame frame) {
        Frame inner = new Frame(Optional.of(frame));
        function.special().forEach(inner::parameter);
        function.parameters().forEach(parameter -> inner.parameter(parameter.name()));
        function.parameters().forEach(parameter -> parameter.fallback().ifPresent(value -> load(value, inner)));
        enter(function.body(), inner);
    }

    private void enter(List<Stmt> body, Frame frame) {
        visit(body, frame);
        if (!body.isEmpty()) {
            hidden.put(body, frame.undefined);
        }
        inside(body, frame);
    }

    private static void store(Stmt.Target target, Frame frame) {
        switch (target) {
            case Stmt.Target.Name name -> frame.store(name.name());
            case Stmt.Target.Member member -> frame.load(member.namespace());
            case Stmt.Target.Several several -> several.targets().forEach(one -> store(one, frame));
        }
    }

    private static void parameters(Stmt.Target target, Frame frame) {
        switch (target) {
            case Stmt.Target.Name name -> frame.parameter(name.name());
            case Stmt.Target.Member member -> frame.load(member.namespace());
            case Stmt.Target.Several several -> several.targets().forEach(one -> parameters(one, frame));
        }
    }

    private static void load(Expr expression, Frame frame) {
        switch (expression) {
            case Expr.Literal _ -> {}
            case Expr.Variable variable -> frame.load(variable.name());
            case Expr.ListOf list -> list.items().forEach(item -> load(item, frame));
            case Expr.TupleOf tuple -> tuple.items().forEach(item -> load(item, frame));
            case Expr.DictOf dict -> {
                dict.keys().forEach(key -> load(key, frame));
                dict.values().forEach(value -> load(value, frame));
            }
            case Expr.Attribute attribute -> load(attribute.base(), frame);
            case Expr.Item item -> {
                load(item.base(), frame);
                load(item.index(), frame);
            }
            case Expr.Slice slice -> {
                load(slice.base(), frame);
                slice.start().ifPresent(bound -> load(bound, frame));
                slice.stop().ifPresent(bound -> load(bound, frame));
                slice.step().ifPresent(bound -> load(bound, frame));
            }
            case Expr.Call call -> {
                load(call.function(), frame);
                call.arguments().forEach(argument -> load(argument.value(), frame));
            }
            case Expr.Filter filter -> {
                load(filter.value(), frame);
                filter.arguments().forEach(argument -> load(argument.value(), frame));
                exists("filter", Filters.NAMES, filter.name(), filter.line(), frame);
            }
            case Expr.Test test -> {
                load(test.value(), frame);
                test.arguments().forEach(argument -> load(argument.value(), frame));
                exists("test", Tests.NAMES, test.name(), test.line(), frame);
            }
            case Expr.Unary unary -> load(unary.operand(), frame);
            case Expr.Binary binary -> {
                load(binary.left(), frame);
                load(binary.right(), frame);
            }
            case Expr.Concatenation concatenation -> concatenation.parts().forEach(part -> load(part, frame));
            case Expr.Comparison comparison -> comparison.operands().forEach(operand -> load(operand, frame));
            case Expr.Conditional conditional -> {
                boolean outside = frame.soft;
                frame.soft = true;
                load(conditional.condition(), frame);
                load(conditional.then(), frame);
                conditional.otherwise().ifPresent(otherwise -> load(otherwise, frame));
                frame.soft = outside;
            }
        }
    }

    private static void exists(String kind, Set<String> names, String name, int line, Frame frame) {
        if (!frame.soft && !names.contains(name)) {
            throw new TemplateError("No " + kind + " named " + PythonText.repr(name) + ".", line);
        }
    }
}
