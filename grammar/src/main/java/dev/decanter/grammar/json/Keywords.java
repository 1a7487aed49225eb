package dev.decanter.grammar.json;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.grammar.GrammarException;
import dev.decanter.grammar.Node;
import dev.decanter.grammar.Regex;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads keywords of a schema with their types and ranges, and those about numbers and strings with their meaning. */
final class Keywords {
    /** Least numbers of characters, items and properties that are taken. */
    static final int MAX_LEAST = 1_000_000;

    private static final int MAX_NUMBER_DIGITS = 400;

    private Keywords() {}

    /** A count from 0; absent if the keyword is. Beyond what a text can have it is without bound. */
    static Optional<Integer> count(Place place, String keyword) {
        if (!place.has(keyword)) {
            return Optional.empty();
        }
        JsonNode node = place.node().path(keyword);
        if (!node.isNumber() || node.decimalValue().signum() < 0 || !isInteger(node.decimalValue())) {
            throw place.fault(keyword + " must be an integer from 0, not " + node);
        }
        BigDecimal number = node.decimalValue();
        boolean huge = number.compareTo(BigDecimal.valueOf(Node.Repeat.UNBOUNDED)) >= 0;
        if (keyword.startsWith("min") && (huge || number.intValue() > MAX_LEAST)) {
            throw place.fault(keyword + " " + node + " asks for more than " + MAX_LEAST
                    + ", which no model writes in one answer; lower it");
        }
        return Optional.of(huge ? Node.Repeat.UNBOUNDED : number.intValue());
    }

    private static boolean isInteger(BigDecimal number) {
        return number.signum() == 0 || number.stripTrailingZeros().scale() <= 0;
    }

    /** Refuses a pair of counts that leaves nothing. */
    static void ordered(Place place, String low, int min, String high, int max) {
        if (min > max) {
            throw place.fault("no value can meet it: " + low + " is " + min + " and " + high + " is " + max);
        }
    }

    /** The object under a keyword; absent if the keyword is. */
    static Optional<Place> object(Place place, String keyword) {
        return container(place, keyword, "an object", place.node().path(keyword).isObject());
    }

    /** The array under a keyword; absent if the keyword is. */
    static Optional<Place> array(Place place, String keyword) {
        return container(place, keyword, "an array", place.node().path(keyword).isArray());
    }

    private static Optional<Place> container(Place place, String keyword, String kind, boolean fits) {
        if (!place.has(keyword)) {
            return Optional.empty();
        }
        if (!fits) {
            throw place.fault(keyword + " must be " + kind + ", not "
                    + shortened(place.node().path(keyword)));
        }
        return Optional.of(place.child(keyword));
    }

    /** The schema under a keyword; absent if the keyword is. */
    static Optional<Expr> schema(Place place, String keyword) {
        return place.has(keyword) ? Optional.of(schema(place.child(keyword))) : Optional.empty();
    }

    /** A place that must be a schema. */
    static Expr schema(Place place) {
        if (!place.node().isObject() && !place.node().isBoolean()) {
            throw place.fault("a schema must be an object or true or false, not " + shortened(place.node()));
        }
        return Expr.at(place);
    }

    /** The schemas of an array; none if the keyword is absent, which an empty array must not stand for. */
    static List<Expr> schemas(Place place, String keyword) {
        List<Expr> schemas = new ArrayList<>();
        array(place, keyword).ifPresent(list -> {
            if (list.node().isEmpty()) {
                throw place.fault(keyword + " is empty; it needs one schema at least");
            }
            for (int i = 0; i < list.node().size(); i++) {
                schemas.add(schema(list.child(i)));
            }
        });
        return schemas;
    }

    /** The texts of an array of strings. */
    static List<String> names(Place place, String keyword) {
        List<String> names = new ArrayList<>();
        array(place, keyword)
                .ifPresent(list -> list.node().forEach(name -> {
                    if (!name.isTextual()) {
                        throw place.fault(keyword + " must hold names, not " + shortened(name));
                    }
                    names.add(name.textValue());
                }));
        return names;
    }

    static String shortened(JsonNode node) {
        String text = node.toString();
        return text.length() > 60 ? text.substring(0, 60) + "…" : text;
    }

    /** What minimum, maximum, exclusiveMinimum, exclusiveMaximum and multipleOf say. */
    static NumberSpec numbers(Place place) {
        NumberSpec spec = NumberSpec.ANY;
        // Draft 4 has flags beside the bounds where later ones have bounds.
        boolean above = place.node().path("exclusiveMinimum").asBoolean(false);
        boolean below = place.node().path("exclusiveMaximum").asBoolean(false);
        Optional<BigDecimal> minimum = number(place, "minimum");
        Optional<BigDecimal> maximum = number(place, "maximum");
        if (minimum.isPresent()) {
            spec = spec.and(NumberSpec.atLeast(minimum.get(), above));
        }
        if (maximum.isPresent()) {
            spec = spec.and(NumberSpec.atMost(maximum.get(), below));
        }
        if (!place.node().path("exclusiveMinimum").isBoolean()) {
            Optional<BigDecimal> bound = number(place, "exclusiveMinimum");
            spec = bound.isPresent() ? spec.and(NumberSpec.atLeast(bound.get(), true)) : spec;
        }
        if (!place.node().path("exclusiveMaximum").isBoolean()) {
            Optional<BigDecimal> bound = number(place, "exclusiveMaximum");
            spec = bound.isPresent() ? spec.and(NumberSpec.atMost(bound.get(), true)) : spec;
        }
        Optional<BigDecimal> multiple = number(place, "multipleOf");
        if (multiple.isPresent()) {
            if (multiple.get().signum() <= 0) {
                throw place.fault("multipleOf must be above 0, not " + multiple.get());
            }
            spec = spec.and(NumberSpec.multiplesOf(multiple.get()));
        }
        return spec;
    }

    private static Optional<BigDecimal> number(Place place, String keyword) {
        if (!place.has(keyword)) {
            return Optional.empty();
        }
        JsonNode node = place.node().path(keyword);
        if (!node.isNumber()) {
            throw place.fault(keyword + " must be a number, not " + shortened(node));
        }
        return Optional.of(number(place, keyword, node));
    }

    /** A number of reasonable length. */
    static BigDecimal number(Place place, String keyword, JsonNode node) {
        BigDecimal number = node.decimalValue();
        if (Math.abs((long) number.scale()) > MAX_NUMBER_DIGITS || number.precision() > MAX_NUMBER_DIGITS) {
            throw place.fault(keyword + " has a number of more than " + MAX_NUMBER_DIGITS + " digits; round it");
        }
        return number;
    }

    /** What minLength, maxLength, pattern and format say. Formats of numbers are not meant. */
    static StringSpec strings(Place place) {
        int min = count(place, "minLength").orElse(0);
        int max = count(place, "maxLength").orElse(Node.Repeat.UNBOUNDED);
        StringSpec spec = StringSpec.length(min, max);
        if (place.has("pattern")) {
            JsonNode pattern = place.node().path("pattern");
            if (!pattern.isTextual()) {
                throw place.fault("pattern must be a text, not " + shortened(pattern));
            }
            spec = spec.and(StringSpec.of(pattern(place, pattern.textValue())));
        }
        String format = place.node().path("format").asText("");
        if (!format.isEmpty() && !Formats.isAnnotation(format)) {
            if (!Formats.isKnown(format)) {
                throw place.fault("format \"" + format + "\" cannot be guaranteed; known are " + Formats.names()
                        + "; use a pattern, or leave it out");
            }
            spec = spec.and(StringSpec.format(format));
        }
        return spec;
    }

    /** The texts in which a pattern occurs. */
    static Node pattern(Place place, String pattern) {
        try {
            return Regex.found(pattern);
        } catch (GrammarException e) {
            throw new GrammarException(
                    "JSON schema, " + place + ": pattern " + JsonText.quote(pattern) + ": " + e.getMessage(), e);
        }
    }
}
