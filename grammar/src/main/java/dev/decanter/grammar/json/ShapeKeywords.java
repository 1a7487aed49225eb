package dev.decanter.grammar.json;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.grammar.Node;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The keywords of one schema that are about arrays and objects. */
final class ShapeKeywords {
    static final List<String> OF_ARRAYS =
            List.of("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "unevaluatedItems");
    static final List<String> OF_OBJECTS = List.of(
            "properties",
            "patternProperties",
            "additionalProperties",
            "required",
            "propertyNames",
            "minProperties",
            "maxProperties",
            "dependentRequired",
            "unevaluatedProperties");

    private static final int MAX_PREFIX = 2_000;
    private static final int MAX_PATTERNS = 12;

    private final Unfolder unfolder;
    private final Place place;
    private final boolean isInner;

    ShapeKeywords(Unfolder unfolder, Place place, boolean isInner) {
        this.unfolder = unfolder;
        this.place = place;
        this.isInner = isInner;
    }

    /** The values that these keywords leave. */
    Values apply(Values values) {
        Values narrowed = values;
        if (!values.arrays().isEmpty()) {
            narrowed = narrowed.and(Values.ANY.withArrays(List.of(arrays())), place);
        }
        if (!values.objects().isEmpty()) {
            narrowed = narrowed.and(Values.ANY.withObjects(List.of(objects())), place);
        }
        return narrowed;
    }

    private ArraySpec arrays() {
        int min = Keywords.count(place, "minItems").orElse(0);
        int max = Keywords.count(place, "maxItems").orElse(Node.Repeat.UNBOUNDED);
        Keywords.ordered(place, "minItems", min, "maxItems", max);
        ArraySpec spec = ArraySpec.count(min, max);
        // Before 2020-12, items with a list was what prefixItems is now.
        boolean isOld = place.node().path("items").isArray();
        List<Expr> first = Keywords.schemas(place, isOld ? "items" : "prefixItems");
        if (first.size() > MAX_PREFIX) {
            throw place.fault("more than " + MAX_PREFIX + " items have schemas of their own");
        }
        Optional<Expr> rest = Keywords.schema(place, isOld ? "additionalItems" : "items");
        if (!first.isEmpty() || rest.isPresent()) {
            spec = spec.and(ArraySpec.items(new ArraySpec.Items(first, rest.orElse(Expr.ANY), rest.isPresent())));
        }
        if (flag("uniqueItems")) {
            spec = new ArraySpec(spec.rules(), spec.min(), spec.max(), true, spec.contains());
        }
        Optional<Expr> some = Keywords.schema(place, "contains");
        if (some.isPresent()) {
            if (place.has("maxContains")) {
                throw place.fault(
                        "maxContains cannot be guaranteed; leave it out, or describe the items with prefixItems");
            }
            int times = Keywords.count(place, "minContains").orElse(1);
            Keywords.ordered(place, "minContains", times, "maxItems", spec.max());
            spec = times == 0 ? spec : spec.and(ArraySpec.containing(new ArraySpec.Contains(some.get(), times)));
        }
        return spec;
    }

    private boolean flag(String keyword) {
        JsonNode node = place.node().path(keyword);
        if (!node.isMissingNode() && !node.isBoolean()) {
            throw place.fault(keyword + " must be true or false, not " + Keywords.shortened(node));
        }
        return node.booleanValue();
    }

    private ObjectSpec objects() {
        int min = Keywords.count(place, "minProperties").orElse(0);
        int max = Keywords.count(place, "maxProperties").orElse(Node.Repeat.UNBOUNDED);
        Keywords.ordered(place, "minProperties", min, "maxProperties", max);
        Set<String> required = new LinkedHashSet<>(Keywords.names(place, "required"));
        Keywords.ordered(place, "the number of required properties", required.size(), "maxProperties", max);
        ObjectSpec spec = ObjectSpec.count(min, max).and(ObjectSpec.requiring(required));
        Map<String, Expr> named = new LinkedHashMap<>();
        Keywords.object(place, "properties")
                .ifPresent(list -> list.node()
                        .fieldNames()
                        .forEachRemaining(name -> named.put(name, Keywords.schema(list.child(name)))));
        List<ObjectSpec.Pattern> patterns = new ArrayList<>();
        Keywords.object(place, "patternProperties").ifPresent(list -> {
            if (list.node().size() > MAX_PATTERNS) {
                throw list.fault("patternProperties has more than " + MAX_PATTERNS + " patterns");
            }
            list.node()
                    .fieldNames()
                    .forEachRemaining(pattern -> patterns.add(new ObjectSpec.Pattern(
                            Keywords.pattern(list, pattern), Keywords.schema(list.child(pattern)))));
        });
        Optional<Expr> others = Keywords.schema(place, "additionalProperties");
        if (!named.isEmpty() || !patterns.isEmpty() || others.isPresent()) {
            spec = spec.and(ObjectSpec.properties(new ObjectSpec.Properties(
                    Collections.unmodifiableMap(named),
                    List.copyOf(patterns),
                    others.orElse(Expr.ANY),
                    others.isPresent(),
                    true)));
        }
        for (String name : required) {
            if (spec.at(name).equals(Expr.NONE)) {
                throw place.fault("no value can meet it: property " + JsonText.quote(name)
                        + " is required, and forbidden by properties or additionalProperties");
            }
        }
        Optional<Expr> names = Keywords.schema(place, "propertyNames");
        return names.isPresent() ? spec.and(ObjectSpec.named(names(names.get()))) : spec;
    }

    private Node names(Expr schema) {
        return Regular.choice(unfolder.unfold(schema, isInner).strings().stream()
                .map(s -> s.expression(isInner))
                .toList());
    }

    /** What dependentRequired, dependentSchemas and the older dependencies say. */
    Values dependencies() {
        Values values = Values.ANY;
        for (String keyword : List.of("dependentRequired", "dependentSchemas", "dependencies")) {
            Optional<Place> list = Keywords.object(place, keyword);
            if (list.isEmpty()) {
                continue;
            }
            for (String name : (Iterable<String>) () -> list.get().node().fieldNames()) {
                Values absent = Values.ANY.withObjects(
                        List.of(ObjectSpec.properties(ObjectSpec.Properties.of(name, Expr.NONE))));
                Set<String> present = new LinkedHashSet<>(Set.of(name));
                Expr then = Expr.ANY;
                if (list.get().node().path(name).isArray()) {
                    present.addAll(Keywords.names(list.get(), name));
                } else {
                    then = Keywords.schema(list.get().child(name));
                }
                Values met = unfolder.unfold(then, isInner)
                        .and(Values.ANY.withObjects(List.of(ObjectSpec.requiring(present))), place);
                // The alternative with the property first: it is the one that says more.
                values = values.and(met.or(absent, place), place);
            }
        }
        return values;
    }

    /**
     * What unevaluatedProperties and unevaluatedItems leave of everything else in the schema. Each member of the unions
     * knows which schemas it met, so what those mention is evaluated. Outside of inner values nothing is taken away.
     */
    Values unevaluated(Values values) {
        Values narrowed = values;
        Optional<Expr> properties = Keywords.schema(place, "unevaluatedProperties");
        if (isInner && properties.isPresent()) {
            narrowed = narrowed.withObjects(values.objects().stream()
                    .map(spec -> closed(spec, properties.get()))
                    .filter(spec -> spec.required().stream()
                            .noneMatch(name -> spec.at(name).equals(Expr.NONE)))
                    .toList());
        }
        Optional<Expr> items = Keywords.schema(place, "unevaluatedItems");
        if (isInner && items.isPresent()) {
            narrowed = narrowed.withArrays(values.arrays().stream()
                    .map(spec -> spec.rules().stream().anyMatch(ArraySpec.Items::restIsGiven)
                            ? spec
                            : spec.and(ArraySpec.items(new ArraySpec.Items(
                                    Collections.nCopies(spec.positions(), Expr.ANY), items.get(), true))))
                    .toList());
        }
        return narrowed;
    }

    private static ObjectSpec closed(ObjectSpec spec, Expr others) {
        Map<String, Expr> named = new LinkedHashMap<>();
        List<ObjectSpec.Pattern> patterns = new ArrayList<>();
        for (ObjectSpec.Properties rule : spec.rules()) {
            if (rule.othersAreGiven()) {
                return spec;
            }
            if (rule.written()) {
                rule.named().keySet().forEach(name -> named.put(name, Expr.ANY));
                rule.patterns().forEach(p -> patterns.add(new ObjectSpec.Pattern(p.names(), Expr.ANY)));
            }
        }
        return spec.and(ObjectSpec.properties(new ObjectSpec.Properties(named, patterns, others, true, true)));
    }
}
