package dev.decanter.grammar.json;

import static dev.decanter.grammar.Node.rule;
import static dev.decanter.grammar.Node.sequence;
import static dev.decanter.grammar.Node.text;

import dev.decanter.grammar.Grammar;
import dev.decanter.grammar.GrammarException;
import dev.decanter.grammar.Node;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes the grammar of what an expression certainly means. A rule for each expression, so recursion is recursion. */
final class Emitter {
    private static final int MAX_RULES = 100_000;

    /** Sets up to this size count as listed, as unique items have to be. */
    private static final int MAX_LISTED = 64;

    private final Unfolder unfolder;
    private final JsonSchemaOptions options;
    private final Map<String, Node> rules = new LinkedHashMap<>();
    private final Map<Expr, String> names = new HashMap<>();
    private final Map<Node, Node> propertyNames = new HashMap<>();
    private final Map<Values, String> scalars = new HashMap<>();
    private final Map<String, Integer> uses = new HashMap<>();
    private final Deque<Expr> open = new ArrayDeque<>();

    Emitter(Unfolder unfolder, JsonSchemaOptions options) {
        this.unfolder = unfolder;
        this.options = options;
    }

    /**
     * The grammar.
     *
     * @throws GrammarException if no value is meant, or what is meant cannot be guaranteed
     */
    Grammar grammar(Expr root) {
        if (!unfolder.satisfiability().isSatisfiable(root, true)) {
            boolean perhaps = unfolder.satisfiability().isSatisfiable(root, false);
            throw new GrammarException("JSON schema, "
                    + unfolder.satisfiability().reason(root, perhaps)
                    + (perhaps
                            ? ", at least none that can be guaranteed; strict reading and formats narrow it"
                            : ", so nothing is valid"));
        }
        names.put(root, "root");
        uses.put("root", 1);
        open.add(root);
        while (!open.isEmpty()) {
            Expr expr = open.remove();
            String name = names.getOrDefault(expr, "root");
            rules.put(name, body(expr));
        }
        return new Grammar("root", rules);
    }

    JsonSchemaOptions options() {
        return options;
    }

    /** The values of an expression, by reference; nothing if there are none. */
    Node value(Expr expr) {
        if (!unfolder.satisfiability().isSatisfiable(expr, true)) {
            return Node.NOTHING;
        }
        String known = names.get(expr);
        if (known == null) {
            Values values = unfolder.unfold(expr, true);
            boolean isScalar = values.arrays().isEmpty() && values.objects().isEmpty();
            known = isScalar ? scalars.get(values) : null;
            if (known == null) {
                known = newName(nameOf(expr));
                open.add(expr);
            }
            names.put(expr, known);
            if (isScalar) {
                scalars.put(values, known);
            }
        }
        return rule(known);
    }

    /** A new rule. */
    Node define(String hint, Node body) {
        String name = newName(hint);
        rules.put(name, body);
        return rule(name);
    }

    private String newName(String hint) {
        if (names.size() + rules.size() > MAX_RULES) {
            throw new GrammarException("the JSON schema needs more than " + MAX_RULES
                    + " rules; simplify it, or lower counts such as minProperties and maxProperties");
        }
        int use = uses.merge(hint, 1, Integer::sum);
        return use == 1 ? hint : newName(hint + "-" + use);
    }

    private String nameOf(Expr expr) {
        if (expr.equals(Expr.ANY)) {
            return "value";
        }
        String pointer = unfolder.placeOf(expr).pointer();
        String name = pointer.substring(pointer.lastIndexOf('/') + 1).replaceAll("[^A-Za-z0-9]+", "-");
        return name.isEmpty() || !Character.isLetter(name.charAt(0)) ? "part" : name;
    }

    private Node body(Expr expr) {
        Values values = unfolder.unfold(expr, true);
        Place place = unfolder.placeOf(expr);
        List<Node> options = new ArrayList<>();
        try {
            values.objects().forEach(spec -> options.add(new ObjectText(this, place, spec).node()));
            values.arrays().forEach(spec -> options.add(new ArrayText(this, place, spec).node()));
            values.strings().stream().filter(s -> !s.isEmpty(true)).forEach(s -> options.add(string(s)));
            values.numbers().forEach(n -> options.add(NumberText.of(n, this::define)));
        } catch (GrammarException e) {
            throw place.located(e);
        }
        if (values.yes()) {
            options.add(text("true"));
        }
        if (values.no()) {
            options.add(text("false"));
        }
        if (values.nothing()) {
            options.add(text("null"));
        }
        return Regular.choice(options);
    }

    /** A string with its quotes. */
    Node string(StringSpec spec) {
        if (!spec.isFree()) {
            return quoted(JsonText.spelled(bounded(spec)));
        }
        int max = spec.max() == Node.Repeat.UNBOUNDED ? Math.max(spec.min(), options.maxStringLength()) : spec.max();
        if (spec.min() > 0 || max != Node.Repeat.UNBOUNDED) {
            return quoted(Regular.repeat(JsonText.CHARACTER, spec.min(), max));
        }
        if (!rules.containsKey("string")) {
            uses.put("string", 1);
            rules.put("string", quoted(Node.star(JsonText.CHARACTER)));
        }
        return rule("string");
    }

    /** The contents; without the bounds if they follow from the rest, since an intersection costs states. */
    private static Node bounded(StringSpec spec) {
        Node content = new StringSpec(spec.content(), 0, Node.Repeat.UNBOUNDED, spec.formats()).expression(true);
        if (!spec.isBounded()) {
            return content;
        }
        if (content instanceof Node.Repeat(Node.Chars chars, int min, int max)) {
            int least = Math.max(min, spec.min());
            int most = Math.min(max, spec.max());
            return Regular.repeat(chars, least, most);
        }
        Node bounds = new Node.Repeat(Node.ANY, spec.min(), spec.max());
        try {
            if (Regular.isEmpty(Regular.except(content, bounds))) {
                return content;
            }
        } catch (GrammarException e) {
            // Too many states to tell; the intersection says the same at more cost.
            return Regular.both(content, bounds);
        }
        return Regular.both(content, bounds);
    }

    /** The name of a property with its quotes. */
    Node name(Node names) {
        return names.equals(JsonText.ANY_CONTENT)
                ? string(StringSpec.ANY)
                : propertyNames.computeIfAbsent(names, key -> define("name", quoted(JsonText.spelled(key))));
    }

    private static Node quoted(Node content) {
        return sequence(text("\""), content, text("\""));
    }

    /** The spellings of all values, one for each, if they are few scalars. */
    Optional<List<Node>> listed(Expr expr) {
        Values values = unfolder.unfold(expr, true);
        if (!values.arrays().isEmpty() || !values.objects().isEmpty()) {
            return Optional.empty();
        }
        List<Node> all = new ArrayList<>();
        for (StringSpec spec : values.strings()) {
            Node content = spec.expression(true);
            List<Node> texts = content instanceof Node.Choice(List<Node> several) ? several : List.of(content);
            for (Node node : texts) {
                if (!(node instanceof Node.Text(String content1))) {
                    return Optional.empty();
                }
                all.add(text(JsonText.quote(content1)));
            }
        }
        for (NumberSpec spec : values.numbers()) {
            Optional<List<BigDecimal>> numbers = spec.listed(MAX_LISTED);
            if (numbers.isEmpty()) {
                return Optional.empty();
            }
            numbers.get().forEach(number -> all.add(text(NumberText.plain(number))));
        }
        if (values.yes()) {
            all.add(text("true"));
        }
        if (values.no()) {
            all.add(text("false"));
        }
        if (values.nothing()) {
            all.add(text("null"));
        }
        List<Node> distinct = all.stream().distinct().toList();
        return distinct.size() > MAX_LISTED ? Optional.empty() : Optional.of(distinct);
    }
}
