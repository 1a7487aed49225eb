package dev.decanter.grammar.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.List;
import java.util.Random;

/** Random schemas over a few names and values, so that keywords meet each other. */
final class RandomSchemas {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final List<String> NAMES = List.of("a", "b", "id", "x-y", "n\"q");
    private static final List<String> PATTERNS = List.of(
            "^a", "b$", "[0-9]+", "^[a-c]{1,3}$", "^(x|yz)*$", "\\\\", "^[^\"]{2}$", "é|漢", "^.{0,4}$", "\\d{2}");
    private static final List<String> FORMATS =
            List.of("date", "time", "date-time", "uuid", "ipv4", "ipv6", "duration", "email", "hostname", "uri");

    private final Random random;

    RandomSchemas(long seed) {
        random = new Random(seed);
    }

    ObjectNode schema() {
        ObjectNode root = object(3);
        ObjectNode defs = root.putObject("$defs");
        for (int i = 0; i < 3; i++) {
            defs.set("d" + i, any(2));
        }
        return root;
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    private <T> T one(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private JsonNode any(int depth) {
        int kind = random.nextInt(depth > 0 ? 20 : 9);
        return switch (kind) {
            case 0, 1 -> number();
            case 2, 3, 4 -> string();
            case 5 -> node("type", one(List.of("boolean", "null", "integer", "number", "string")));
            case 6 -> enumeration();
            case 7 -> chance(30) ? BooleanNode.TRUE : node("$ref", "#/$defs/d" + random.nextInt(3));
            case 8 -> chance(50) ? node("const", "c") : number();
            case 9, 10, 11 -> object(depth);
            case 12, 13 -> array(depth);
            case 14 -> list("anyOf", any(depth - 1), any(depth - 1));
            case 15 -> list("allOf", object(depth - 1), object(depth - 1));
            case 16 -> list("oneOf", any(depth - 1), any(depth - 1));
            case 17 -> conditional(depth);
            case 18 -> {
                ObjectNode types = NODES.objectNode();
                types.putArray("type").add("string").add("integer").add("null");
                if (chance(50)) {
                    types.set("not", any(0));
                }
                yield string(number(types));
            }
            default -> list("allOf", any(depth - 1), any(depth - 1));
        };
    }

    private static ObjectNode node(String key, String value) {
        return NODES.objectNode().put(key, value);
    }

    private static ObjectNode list(String key, JsonNode... schemas) {
        ObjectNode node = NODES.objectNode();
        ArrayNode list = node.putArray(key);
        for (JsonNode schema : schemas) {
            list.add(schema);
        }
        return node;
    }

    private ObjectNode number() {
        return number(node("type", chance(50) ? "integer" : "number"));
    }

    private ObjectNode number(ObjectNode node) {
        BigDecimal low = BigDecimal.valueOf(random.nextInt(4000) - 2000, random.nextInt(3));
        if (chance(50)) {
            node.put(chance(30) ? "exclusiveMinimum" : "minimum", low);
        }
        if (chance(50)) {
            node.put(
                    chance(30) ? "exclusiveMaximum" : "maximum",
                    low.add(BigDecimal.valueOf(random.nextInt(3000), random.nextInt(3))));
        }
        if (chance(15)) {
            node.put(
                    "multipleOf",
                    one(List.of(
                            BigDecimal.valueOf(3),
                            BigDecimal.TEN,
                            new BigDecimal("0.5"),
                            new BigDecimal("0.01"),
                            BigDecimal.valueOf(7))));
        }
        return node;
    }

    private ObjectNode string() {
        return string(node("type", "string"));
    }

    private ObjectNode string(ObjectNode node) {
        int min = random.nextInt(4);
        if (chance(25)) {
            node.put("minLength", min);
        }
        if (chance(25)) {
            node.put("maxLength", min + random.nextInt(6));
        }
        if (chance(25)) {
            node.put("pattern", one(PATTERNS));
        }
        if (chance(15)) {
            node.put("format", one(FORMATS));
        }
        return node;
    }

    private ObjectNode enumeration() {
        ObjectNode node = NODES.objectNode();
        ArrayNode values = node.putArray("enum");
        List<JsonNode> all = List.of(
                NODES.textNode("a"),
                NODES.textNode("b\n"),
                NODES.numberNode(7),
                NODES.numberNode(new BigDecimal("-2.5")),
                NODES.nullNode(),
                NODES.booleanNode(true),
                NODES.arrayNode().add(1).add("x"),
                NODES.objectNode().put("a", 1).put("b", "y"));
        all.stream().filter(value -> chance(40)).forEach(values::add);
        return values.isEmpty() ? node("const", "only") : node;
    }

    private ObjectNode object(int depth) {
        ObjectNode node = NODES.objectNode();
        if (chance(90)) {
            node.put("type", "object");
        }
        ObjectNode properties = NODES.objectNode();
        for (String name : NAMES) {
            if (chance(40)) {
                properties.set(name, any(depth - 1));
            }
        }
        if (!properties.isEmpty()) {
            node.set("properties", properties);
        }
        if (chance(60)) {
            ArrayNode required = node.putArray("required");
            NAMES.stream().filter(name -> chance(30)).forEach(required::add);
        }
        if (chance(40)) {
            node.set("additionalProperties", chance(50) ? BooleanNode.FALSE : any(depth - 1));
        }
        if (chance(15)) {
            node.putObject("patternProperties").set(one(PATTERNS), any(depth - 1));
        }
        if (chance(15)) {
            node.put("minProperties", random.nextInt(3));
        }
        if (chance(15)) {
            node.put("maxProperties", 1 + random.nextInt(4));
        }
        if (chance(8)) {
            node.set("propertyNames", string(NODES.objectNode()));
        }
        if (chance(8)) {
            node.putObject("dependentRequired").putArray(one(NAMES)).add(one(NAMES));
        }
        if (chance(8)) {
            node.putObject("dependentSchemas").set(one(NAMES), object(0));
        }
        if (chance(8)) {
            node.set("unevaluatedProperties", chance(60) ? BooleanNode.FALSE : any(0));
            node.set("anyOf", list("x", object(0), object(0)).get("x"));
        }
        if (chance(8)) {
            node.set("not", chance(50) ? requiring(one(NAMES)) : object(0));
        }
        return node;
    }

    private static ObjectNode requiring(String name) {
        ObjectNode node = NODES.objectNode();
        node.putArray("required").add(name);
        return node;
    }

    private ObjectNode array(int depth) {
        ObjectNode node = node("type", "array");
        if (chance(80)) {
            node.set("items", any(depth - 1));
        }
        if (chance(25)) {
            ArrayNode first = node.putArray("prefixItems");
            first.add(any(depth - 1)).add(any(depth - 1));
        }
        int min = random.nextInt(3);
        if (chance(30)) {
            node.put("minItems", min);
        }
        if (chance(40)) {
            node.put("maxItems", min + random.nextInt(4));
        }
        if (chance(10)) {
            node.put("uniqueItems", true);
        }
        if (chance(12)) {
            node.set("contains", any(0));
        }
        return node;
    }

    private ObjectNode conditional(int depth) {
        ObjectNode node = NODES.objectNode();
        node.put("type", "object");
        String name = one(NAMES);
        node.putObject("properties").set(name, enumeration());
        ObjectNode condition = node.putObject("if");
        condition.putObject("properties").putObject(name).put("const", "a");
        if (chance(50)) {
            condition.putArray("required").add(name);
        }
        node.set("then", object(depth - 1));
        if (chance(60)) {
            node.set("else", object(depth - 1));
        }
        return node;
    }
}
