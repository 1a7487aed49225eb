package dev.decanter.grammar.json;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.grammar.GrammarException;
import java.net.URI;

/**
 * A place in a schema document. Equal if the place is.
 *
 * @param pointer JSON pointer from the document's root
 * @param base what references in the node are relative to: {@code $id}s of the node and of those around it
 */
record Place(String pointer, JsonNode node, URI base) {

    /** A part of the node: the value of a key. */
    Place child(String key) {
        JsonNode value = node.get(key);
        if (value == null) {
            throw new IllegalArgumentException(key);
        }
        return new Place(pointer + "/" + key.replace("~", "~0").replace("/", "~1"), value, base(value, base));
    }

    /** A part of the node: an item. */
    Place child(int index) {
        JsonNode value = node.get(index);
        return new Place(pointer + "/" + index, value, base(value, base));
    }

    boolean has(String key) {
        return node.has(key);
    }

    private static URI base(JsonNode value, URI base) {
        JsonNode id = value.isObject() ? value.get("$id") : null;
        if (id == null || !id.isTextual() || id.textValue().startsWith("#")) {
            return base;
        }
        try {
            return base.resolve(id.textValue());
        } catch (IllegalArgumentException e) {
            return base;
        }
    }

    /** An error at this place; the message begins with the place. */
    GrammarException fault(String message) {
        return new GrammarException("JSON schema, #" + pointer + ": " + message);
    }

    /** An error from below the level of places, which do not know where they are, with the place. */
    GrammarException located(GrammarException e) {
        String message = String.valueOf(e.getMessage());
        return message.startsWith("JSON schema")
                ? e
                : new GrammarException("JSON schema, #" + pointer + ": " + message, e);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Place place && pointer.equals(place.pointer);
    }

    @Override
    public int hashCode() {
        return pointer.hashCode();
    }

    @Override
    public String toString() {
        return "#" + pointer;
    }
}
