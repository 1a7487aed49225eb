package dev.decanter.grammar.json;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.grammar.GrammarException;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** A schema as it was given, and what {@code $ref}s in it refer to. Nothing outside the document is ever read. */
final class SchemaDocument {
    /** Characters of a schema at most. */
    static final int MAX_LENGTH = 4_000_000;

    private static final URI HERE = URI.create("schema:///");

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final Set<String> NO_SCHEMAS_INSIDE = Set.of("enum", "const", "default", "examples", "example");

    private final Place root;
    private final boolean referenceStandsAlone;
    private final Map<String, Place> resources = new HashMap<>();

    private SchemaDocument(JsonNode node) {
        root = new Place("", node, idOf(node, HERE));
        String dialect = node.path("$schema").asText("");
        referenceStandsAlone =
                dialect.contains("draft-04") || dialect.contains("draft-06") || dialect.contains("draft-07");
        resources.put(HERE.toString(), root);
        index();
    }

    /**
     * Reads a schema.
     *
     * @throws GrammarException if it is not JSON, names a key twice, or is neither an object nor a boolean
     */
    static SchemaDocument parse(String schema) {
        if (schema.length() > MAX_LENGTH) {
            throw new GrammarException(
                    "the JSON schema has " + schema.length() + " characters; at most " + MAX_LENGTH + " are taken");
        }
        JsonNode node;
        try {
            node = JSON.readTree(schema);
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null
                    ? ""
                    : " (line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr() + ")";
            throw new GrammarException("the JSON schema is not JSON: " + e.getOriginalMessage() + where, e);
        }
        if (!node.isObject() && !node.isBoolean()) {
            throw new GrammarException("a JSON schema is an object or true or false; this one is "
                    + (node.isMissingNode()
                            ? "empty"
                            : node.getNodeType().toString().toLowerCase(Locale.ROOT)));
        }
        return new SchemaDocument(node);
    }

    Place root() {
        return root;
    }

    /** Whether keywords beside {@code $ref} count for nothing, as in drafts 4 to 7. */
    boolean referenceStandsAlone() {
        return referenceStandsAlone;
    }

    private static URI idOf(JsonNode node, URI base) {
        String id = node.path("$id").asText("");
        if (id.isEmpty() || id.startsWith("#")) {
            return base;
        }
        try {
            return base.resolve(id);
        } catch (IllegalArgumentException e) {
            throw new GrammarException("JSON schema, #/$id: \"" + id + "\" is no URI");
        }
    }

    private void index() {
        Deque<Place> open = new ArrayDeque<>();
        open.add(root);
        while (!open.isEmpty()) {
            Place place = open.remove();
            JsonNode node = place.node();
            if (node.isObject()) {
                String id = node.path("$id").asText("");
                if (!id.isEmpty()) {
                    resources.put(place.base().toString(), place);
                }
                if (id.startsWith("#")) {
                    resources.put(withFragment(place.base(), id.substring(1)), place);
                }
                for (String keyword : new String[] {"$anchor", "$dynamicAnchor"}) {
                    String anchor = node.path(keyword).asText("");
                    if (!anchor.isEmpty()) {
                        resources.put(withFragment(place.base(), anchor), place);
                    }
                }
                node.fieldNames().forEachRemaining(key -> {
                    if (!NO_SCHEMAS_INSIDE.contains(key) && node.get(key).isContainerNode()) {
                        open.add(place.child(key));
                    }
                });
            } else {
                for (int i = 0; i < node.size(); i++) {
                    if (node.get(i).isContainerNode()) {
                        open.add(place.child(i));
                    }
                }
            }
        }
    }

    private static String withFragment(URI base, String fragment) {
        String text = base.toString();
        int hash = text.indexOf('#');
        return (hash < 0 ? text : text.substring(0, hash)) + "#" + fragment;
    }

    /**
     * What a reference leads to.
     *
     * @throws GrammarException if it leads out of the document or to nothing
     */
    Place resolve(Place from, String reference) {
        URI target;
        try {
            target = reference.startsWith("#")
                    ? URI.create(withFragment(from.base(), reference.substring(1)))
                    : from.base().resolve(reference);
        } catch (IllegalArgumentException e) {
            throw from.fault("$ref \"" + reference + "\" is no URI reference");
        }
        String text = target.toString();
        int hash = text.indexOf('#');
        String resource = hash < 0 ? text : text.substring(0, hash);
        String fragment = hash < 0 ? "" : text.substring(hash + 1);
        Place start = resources.get(resource);
        if (start == null) {
            start = resources.get(resource + "#");
        }
        if (start == null && resource.equals(root.base().toString())) {
            start = root;
        }
        if (start == null) {
            throw from.fault("$ref \"" + reference + "\" leads out of the schema, and nothing is fetched; put what it"
                    + " refers to under $defs and refer to it by \"#/$defs/…\"");
        }
        if (fragment.isEmpty()) {
            return start;
        }
        if (!fragment.startsWith("/")) {
            Place anchor = resources.get(resource + "#" + fragment);
            if (anchor == null) {
                throw from.fault("$ref \"" + reference + "\": no $anchor has that name");
            }
            return anchor;
        }
        return walk(start, fragment, from, reference);
    }

    private static Place walk(Place start, String fragment, Place from, String reference) {
        Place place = start;
        for (String part : fragment.substring(1).split("/", -1)) {
            String key = decoded(part, from, reference).replace("~1", "/").replace("~0", "~");
            JsonNode node = place.node();
            if (node.isObject() && node.has(key)) {
                place = place.child(key);
            } else if (node.isArray() && key.matches("0|[1-9][0-9]{0,8}") && Integer.parseInt(key) < node.size()) {
                place = place.child(Integer.parseInt(key));
            } else {
                throw from.fault(
                        "$ref \"" + reference + "\" leads to nothing: there is no \"" + key + "\" in " + place);
            }
        }
        return place;
    }

    private static String decoded(String part, Place from, String reference) {
        try {
            // Pluses stay: only forms write a space so.
            return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw from.fault("$ref \"" + reference + "\" has a bad percent escape");
        }
    }
}
