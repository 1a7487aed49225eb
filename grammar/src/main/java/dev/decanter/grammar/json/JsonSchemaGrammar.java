package dev.decanter.grammar.json;

import dev.decanter.grammar.Grammar;

/**
 * JSON schemas as grammars, for generation that cannot but be valid.
 *
 * <p>Every text of the grammar is JSON (RFC 8259) and valid under the schema. The converse does not hold: a schema
 * leaves more ways to write a value than a model needs, and some that it had better not take. What is narrower:
 *
 * <ul>
 *   <li>Properties come in the order in which the schema names them, those that are only required after them,
 *       additional ones last. A declared property comes once; names of additional properties are not kept different
 *       from one another.
 *   <li>White space is bounded, {@link Whitespace}.
 *   <li>Numbers without bounds have up to 15 digits before and after the point and exponents of up to two digits; with
 *       bounds there is no exponent. Integers have no fraction. Strings under pattern, format, enum or const, and names
 *       of properties, are escaped only where they must be.
 *   <li>Formats are written in a common form: {@code uri} with {@code scheme://host}, {@code email} without quoted
 *       parts and so on.
 *   <li>{@link JsonSchemaOptions#strict} decides about what the schema does not mention.
 *   <li>{@code contains} with {@code maxItems}: the items that are looked for come first. {@code uniqueItems} over more
 *       than six values: they come in the order of the list.
 * </ul>
 *
 * <p>Known keywords, of drafts 4 to 2020-12: {@code type enum const}; {@code minimum maximum exclusiveMinimum
 * exclusiveMaximum multipleOf}; {@code minLength maxLength pattern format}; {@code items prefixItems additionalItems
 * minItems maxItems uniqueItems contains minContains unevaluatedItems}; {@code properties patternProperties
 * additionalProperties required propertyNames minProperties maxProperties dependentRequired dependentSchemas
 * dependencies unevaluatedProperties}; {@code allOf anyOf oneOf not if then else}; {@code $ref} inside the document by
 * pointer, {@code $anchor} or {@code $id}, recursion included; {@code true} and {@code false}.
 *
 * <p>A keyword that cannot be guaranteed is refused, with its place: {@code maxContains}, {@code $dynamicRef}, {@code
 * $recursiveRef}, {@code $ref} to elsewhere, {@code uniqueItems} over anything but listed values, unknown formats,
 * patterns that no automaton can tell, branches of {@code oneOf} and conditions of {@code if} and {@code not} that
 * cannot be told apart. So are schemas that nothing meets, and schemas too large.
 *
 * <p>Ignored, as the specification says: {@code title description default examples $comment deprecated readOnly
 * writeOnly contentEncoding contentMediaType contentSchema}, {@code nullable} unless {@link JsonSchemaOptions#nullable}
 * is set, the formats {@code float double decimal binary password}, and all keywords that the specification does not
 * have ({@code x-…}).
 */
public final class JsonSchemaGrammar {
    private JsonSchemaGrammar() {}

    /**
     * The grammar of a schema with the {@linkplain JsonSchemaOptions#DEFAULT default options}.
     *
     * @param schema a JSON text
     * @throws dev.decanter.grammar.GrammarException if the schema is not JSON, has no value, or asks for what cannot be
     *     guaranteed; the message has the place as a JSON pointer
     */
    public static Grammar of(String schema) {
        return of(schema, JsonSchemaOptions.DEFAULT);
    }

    /** The grammar of a schema; see {@link #of(String)}. */
    public static Grammar of(String schema, JsonSchemaOptions options) {
        SchemaDocument document = SchemaDocument.parse(schema);
        return new Emitter(new Unfolder(document, options), options).grammar(Expr.at(document.root()));
    }

    /** The grammar of any JSON object: what {@code response_format: json_object} asks for. */
    public static Grammar object(JsonSchemaOptions options) {
        return of("{\"type\": \"object\"}", options);
    }

    /** The grammar of any JSON text. */
    public static Grammar any(JsonSchemaOptions options) {
        return of("true", options);
    }
}
