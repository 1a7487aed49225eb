package dev.decanter.grammar.json;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.grammar.Node;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Unfolds expressions by one level: what they allow of each type.
 *
 * <p>Two ways: {@code inner} gives values that are certainly meant, and is what grammars are written from; outer gives
 * all that may be meant, and is what is subtracted, and asked whether two schemas overlap. They differ by options that
 * narrow ({@link JsonSchemaOptions#strict}), by formats and by complements that cannot be told exactly.
 */
final class Unfolder {
    private static final int MAX_DEPTH = 400;
    private static final int MAX_EXPRESSIONS = 50_000;
    private static final int MAX_ONE_OF = 100;

    private static final List<String> OF_NUMBERS =
            List.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf");
    private static final List<String> OF_STRINGS = List.of("minLength", "maxLength", "pattern");

    private final SchemaDocument document;
    private final JsonSchemaOptions options;
    private final Satisfiability satisfiability = new Satisfiability(this);
    private final Map<Expr, Values> inner = new HashMap<>();
    private final Map<Expr, Values> outer = new HashMap<>();
    private final Set<Expr> innerOpen = new HashSet<>();
    private final Set<Expr> outerOpen = new HashSet<>();
    private int depth;

    Unfolder(SchemaDocument document, JsonSchemaOptions options) {
        this.document = document;
        this.options = options;
    }

    Satisfiability satisfiability() {
        return satisfiability;
    }

    /** What an expression allows. */
    Values unfold(Expr expr, boolean isInner) {
        Map<Expr, Values> known = isInner ? inner : outer;
        Values values = known.get(expr);
        if (values != null) {
            return values;
        }
        Place place = placeOf(expr);
        Set<Expr> open = isInner ? innerOpen : outerOpen;
        if (!open.add(expr)) {
            throw place.fault(
                    "the schema leads back to itself with no property or item in between, so it says nothing");
        }
        depth += expr instanceof Expr.At ? 1 : 0;
        if (depth > MAX_DEPTH) {
            throw place.fault("schemas refer to schemas more than " + MAX_DEPTH + " deep");
        }
        if (known.size() > MAX_EXPRESSIONS) {
            throw place.fault(
                    "the schema has more than " + MAX_EXPRESSIONS + " combinations of its parts; simplify it");
        }
        values = evaluate(expr, isInner);
        depth -= expr instanceof Expr.At ? 1 : 0;
        open.remove(expr);
        known.put(expr, values);
        return values;
    }

    private Values evaluate(Expr expr, boolean isInner) {
        return switch (expr) {
            case Expr.Any _ -> Values.ANY;
            case Expr.None _ -> Values.NONE;
            case Expr.At at -> schema(at.place(), isInner);
            case Expr.WithoutOneOf without -> allButOneOf(without.place(), isInner);
            case Expr.Constant constant -> constant(constant.place(), constant.value());
            case Expr.All all -> {
                Values values = Values.ANY;
                for (Expr part : all.parts()) {
                    values = values.and(unfold(part, isInner), placeOf(expr));
                }
                yield values;
            }
            case Expr.Not not -> complement(not.of(), isInner, placeOf(expr));
        };
    }

    /** The place that an expression is about. */
    Place placeOf(Expr expr) {
        return switch (expr) {
            case Expr.At at -> at.place();
            case Expr.WithoutOneOf without -> without.place();
            case Expr.Constant constant -> constant.place();
            case Expr.All all -> placeOf(all.parts().iterator().next());
            case Expr.Not not -> placeOf(not.of());
            case Expr.Any _, Expr.None _ -> document.root();
        };
    }

    private Values complement(Expr of, boolean isInner, Place place) {
        Values.Complement complement = unfold(of, !isInner).complement(place);
        if (complement.isExact()) {
            return complement.values();
        }
        if (isInner) {
            throw place.fault(
                    "\"not\" of this schema cannot be guaranteed: it excludes by multipleOf or integer, format,"
                            + " uniqueItems, items after prefixItems, patternProperties, additionalProperties or"
                            + " propertyNames");
        }
        return Values.ANY;
    }

    private Values schema(Place place, boolean isInner) {
        if (document.referenceStandsAlone() && place.has("$ref")) {
            return unfold(reference(place), isInner);
        }
        Values values = unfold(new Expr.WithoutOneOf(place), isInner);
        List<Expr> branches = Keywords.schemas(place, "oneOf");
        if (branches.isEmpty()) {
            return values;
        }
        values = values.and(isInner ? oneOf(place, branches) : union(place, branches, false), place);
        return new ShapeKeywords(this, place, isInner).unevaluated(values);
    }

    private Expr reference(Place place) {
        JsonNode reference = place.node().path("$ref");
        if (!reference.isTextual()) {
            throw place.fault("$ref must be a text, not " + Keywords.shortened(reference));
        }
        return Keywords.schema(document.resolve(place, reference.textValue()));
    }

    private Values allButOneOf(Place place, boolean isInner) {
        for (String keyword : List.of("$dynamicRef", "$recursiveRef")) {
            if (place.has(keyword)) {
                throw place.fault(keyword + " is not supported; use $ref");
            }
        }
        ShapeKeywords shapes = new ShapeKeywords(this, place, isInner);
        Values values = types(place);
        if (isInner && options.strict()) {
            values = values.and(impliedTypes(place), place);
        }
        if (place.has("const")) {
            values = values.and(constant(place, place.node().path("const")), place);
        }
        Optional<Place> list = Keywords.array(place, "enum");
        if (list.isPresent()) {
            values = values.and(enumeration(list.get()), place);
        }
        values = scalars(place, values, isInner);
        values = shapes.apply(values);
        if (place.has("$ref")) {
            values = values.and(unfold(reference(place), isInner), place);
        }
        for (Expr part : Keywords.schemas(place, "allOf")) {
            values = values.and(unfold(part, isInner), place);
        }
        List<Expr> any = Keywords.schemas(place, "anyOf");
        if (!any.isEmpty()) {
            values = values.and(union(place, any, isInner), place);
        }
        Optional<Expr> not = Keywords.schema(place, "not");
        if (not.isPresent()) {
            values = values.and(complement(not.get(), isInner, place), place);
        }
        values = values.and(conditional(place, isInner), place);
        values = values.and(shapes.dependencies(), place);
        return place.has("oneOf") ? values : shapes.unevaluated(values);
    }

    private Values union(Place place, List<Expr> branches, boolean isInner) {
        Values values = Values.NONE;
        for (Expr branch : branches) {
            values = values.or(unfold(branch, isInner), place);
        }
        return values;
    }

    /** Each branch, less what others that overlap with it may match too. */
    private Values oneOf(Place place, List<Expr> branches) {
        if (branches.size() > MAX_ONE_OF) {
            throw place.fault("oneOf has " + branches.size() + " branches; at most " + MAX_ONE_OF
                    + " are compared with one another; use anyOf");
        }
        Expr context = new Expr.WithoutOneOf(place);
        Values values = Values.NONE;
        String overlap = "";
        for (int i = 0; i < branches.size(); i++) {
            Values branch = unfold(branches.get(i), true);
            for (int j = 0; j < branches.size(); j++) {
                Expr common = Expr.all(List.of(context, branches.get(Math.min(i, j)), branches.get(Math.max(i, j))));
                if (i != j && satisfiability.isSatisfiable(common, false)) {
                    overlap = "branches " + Math.min(i, j) + " and " + Math.max(i, j);
                    branch = branch.and(
                            unfold(branches.get(j), false).complement(place).values(), place);
                }
            }
            values = values.or(branch, place);
        }
        if (!overlap.isEmpty() && values.and(unfold(context, true), place).isNone()) {
            throw place.fault("oneOf: " + overlap + " can match the same value, and exactly one may; use anyOf, or tell"
                    + " the branches apart by type or by a required property with a const of its own");
        }
        return values;
    }

    private Values conditional(Place place, boolean isInner) {
        Optional<Expr> condition = Keywords.schema(place, "if");
        Optional<Expr> met = Keywords.schema(place, "then");
        Optional<Expr> unmet = Keywords.schema(place, "else");
        if (condition.isEmpty() || (met.isEmpty() && unmet.isEmpty())) {
            return Values.ANY;
        }
        Values yes = unfold(condition.get(), isInner).and(unfold(met.orElse(Expr.ANY), isInner), place);
        Values.Complement otherwise = unfold(condition.get(), !isInner).complement(place);
        if (!otherwise.isExact() && isInner) {
            throw place.fault(
                    "\"if\" cannot be guaranteed: when it does not hold is not decidable here; use const, enum,"
                            + " type and required in it");
        }
        Values no = otherwise.isExact() ? otherwise.values() : Values.ANY;
        return yes.or(no.and(unfold(unmet.orElse(Expr.ANY), isInner), place), place);
    }

    private Values types(Place place) {
        JsonNode type = place.node().path("type");
        if (type.isMissingNode()) {
            return Values.ANY;
        }
        List<JsonNode> names = new ArrayList<>();
        if (type.isArray()) {
            type.forEach(names::add);
        } else {
            names.add(type);
        }
        if (names.isEmpty()) {
            throw place.fault("no value can meet it: type is an empty list");
        }
        Values values =
                options.nullable() && place.node().path("nullable").asBoolean(false) ? Values.NULL : Values.NONE;
        for (JsonNode name : names) {
            values = values.or(
                    switch (name.asText("")) {
                        case "null" -> Values.NULL;
                        case "boolean" -> Values.booleans(true, true);
                        case "number" -> Values.NONE.withNumbers(List.of(NumberSpec.ANY));
                        case "integer" -> Values.NONE.withNumbers(List.of(NumberSpec.multiplesOf(BigDecimal.ONE)));
                        case "string" -> Values.NONE.withStrings(List.of(StringSpec.ANY));
                        case "array" -> Values.NONE.withArrays(List.of(ArraySpec.ANY));
                        case "object" -> Values.NONE.withObjects(List.of(ObjectSpec.ANY));
                        default ->
                            throw place.fault("type " + name + " does not exist; it is one of null, boolean, number,"
                                    + " integer, string, array, object");
                    },
                    place);
        }
        return values;
    }

    /** The types that a schema without a type speaks of. */
    private static Values impliedTypes(Place place) {
        if (place.has("type") || place.has("enum") || place.has("const")) {
            return Values.ANY;
        }
        Values values = Values.NONE;
        if (OF_NUMBERS.stream().anyMatch(place::has)) {
            values = values.withNumbers(List.of(NumberSpec.ANY));
        }
        if (OF_STRINGS.stream().anyMatch(place::has)
                || Formats.isKnown(place.node().path("format").asText(""))) {
            values = values.withStrings(List.of(StringSpec.ANY));
        }
        if (ShapeKeywords.OF_ARRAYS.stream().anyMatch(place::has)) {
            values = values.withArrays(List.of(ArraySpec.ANY));
        }
        if (ShapeKeywords.OF_OBJECTS.stream().anyMatch(place::has)) {
            values = values.withObjects(List.of(ObjectSpec.ANY));
        }
        return values.isNone() ? Values.ANY : values;
    }

    private static Values scalars(Place place, Values values, boolean isInner) {
        Values narrowed = values;
        if (!values.numbers().isEmpty()) {
            NumberSpec spec = Keywords.numbers(place);
            if (spec.isEmpty()) {
                throw place.fault("no number can meet it: minimum, maximum and multipleOf leave none");
            }
            if (isInner) {
                spec = spec.and(Formats.numbers(place.node().path("format").asText("")));
            }
            narrowed = narrowed.and(Values.ANY.withNumbers(List.of(spec)), place);
        }
        if (!values.strings().isEmpty()) {
            StringSpec spec = Keywords.strings(place);
            Keywords.ordered(place, "minLength", spec.min(), "maxLength", spec.max());
            narrowed = narrowed.and(Values.ANY.withStrings(List.of(spec)), place);
        }
        return narrowed;
    }

    private static Values enumeration(Place list) {
        if (list.node().isEmpty()) {
            throw list.fault("no value can meet it: the enum is empty");
        }
        if (list.node().size() > Values.MAX_UNION) {
            throw list.fault(
                    "the enum has " + list.node().size() + " values; at most " + Values.MAX_UNION + " are taken");
        }
        List<Node> texts = new ArrayList<>();
        List<NumberSpec> numbers = new ArrayList<>();
        Values values = Values.NONE;
        for (JsonNode value : list.node()) {
            if (value.isTextual()) {
                texts.add(text(list, value));
            } else if (value.isNumber()) {
                numbers.add(NumberSpec.point(Keywords.number(list, "enum", value)));
            } else {
                values = values.or(constant(list, value), list);
            }
        }
        Values scalars = Values.NONE.withNumbers(List.copyOf(new LinkedHashSet<>(numbers)));
        return values.or(
                texts.isEmpty() ? scalars : scalars.withStrings(List.of(StringSpec.of(Regular.choice(texts)))), list);
    }

    private static Node text(Place place, JsonNode value) {
        String text = value.textValue();
        for (int i = 0; i < text.length(); i = text.offsetByCodePoints(i, 1)) {
            if (text.codePointAt(i) >= 0xD800 && text.codePointAt(i) < 0xE000) {
                throw place.fault("a text with half a surrogate pair cannot be written in UTF-8; give it both halves");
            }
        }
        return Node.text(text);
    }

    /** The one value. */
    private static Values constant(Place place, JsonNode value) {
        return switch (value.getNodeType()) {
            case NULL -> Values.NULL;
            case BOOLEAN -> Values.booleans(value.booleanValue(), !value.booleanValue());
            case NUMBER -> Values.NONE.withNumbers(List.of(NumberSpec.point(Keywords.number(place, "const", value))));
            case STRING -> Values.NONE.withStrings(List.of(StringSpec.of(text(place, value))));
            case ARRAY -> {
                List<Expr> items = new ArrayList<>();
                value.forEach(item -> items.add(new Expr.Constant(item, place)));
                ArraySpec spec = ArraySpec.items(new ArraySpec.Items(items, Expr.NONE, true));
                yield Values.NONE.withArrays(List.of(spec.and(ArraySpec.count(items.size(), items.size()))));
            }
            default -> {
                Map<String, Expr> named = new LinkedHashMap<>();
                value.properties().forEach(p -> named.put(p.getKey(), new Expr.Constant(p.getValue(), place)));
                ObjectSpec spec =
                        ObjectSpec.properties(new ObjectSpec.Properties(named, List.of(), Expr.NONE, true, true));
                yield Values.NONE.withObjects(List.of(spec.and(ObjectSpec.requiring(named.keySet()))));
            }
        };
    }
}
