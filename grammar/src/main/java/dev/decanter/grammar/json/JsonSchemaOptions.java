package dev.decanter.grammar.json;

import dev.decanter.grammar.GrammarException;
import dev.decanter.grammar.Node;
import java.util.List;

/**
 * How a schema becomes a grammar. Every choice leads to texts that are valid under the schema; they differ in which
 * valid texts the model may write.
 *
 * @param whitespace white space between tokens; {@link Whitespace#SPACED} by default
 * @param strict whether objects with {@code properties} or {@code patternProperties} have no others unless
 *     {@code additionalProperties} says so, arrays with {@code prefixItems} end after them unless {@code items} says
 *     so, and a schema without {@code type} whose keywords speak of some types means only those ({@code {"minimum": 1}}
 *     is a number). True by default: what the schema does not mention is rarely wanted. With false, the specification's
 *     view: all else is free.
 * @param nullable whether {@code "nullable": true} beside a {@code type} allows {@code null}, as OpenAPI 3.0 says.
 *     False by default: JSON schema does not know the keyword, and a validator would reject the null.
 * @param maxStringLength code points at most in a string without {@code maxLength}, {@code enum}, {@code pattern} or
 *     {@code format}; {@link Node.Repeat#UNBOUNDED} by default. A bound keeps weak models from writing one string until
 *     their tokens are spent. A {@code minLength} above it wins.
 * @param maxItems items at most in an array without {@code maxItems}, and additional properties at most in an object
 *     without {@code maxProperties}; {@link Node.Repeat#UNBOUNDED} by default
 */
public record JsonSchemaOptions(
        Whitespace whitespace, boolean strict, boolean nullable, int maxStringLength, int maxItems) {

    /** The defaults named above. */
    public static final JsonSchemaOptions DEFAULT =
            new JsonSchemaOptions(Whitespace.SPACED, true, false, Node.Repeat.UNBOUNDED, Node.Repeat.UNBOUNDED);

    /** Checks the bounds. */
    public JsonSchemaOptions {
        if (maxStringLength < 0 || maxItems < 0) {
            throw new GrammarException("maxStringLength and maxItems must not be negative; they are " + maxStringLength
                    + " and " + maxItems);
        }
    }

    /** With other white space. */
    public JsonSchemaOptions withWhitespace(Whitespace policy) {
        return new JsonSchemaOptions(policy, strict, nullable, maxStringLength, maxItems);
    }

    /** Strict or not. */
    public JsonSchemaOptions withStrict(boolean only) {
        return new JsonSchemaOptions(whitespace, only, nullable, maxStringLength, maxItems);
    }

    /** With OpenAPI's {@code nullable} or without. */
    public JsonSchemaOptions withNullable(boolean known) {
        return new JsonSchemaOptions(whitespace, strict, known, maxStringLength, maxItems);
    }

    /** With a bound for strings that have none. */
    public JsonSchemaOptions withMaxStringLength(int codePoints) {
        return new JsonSchemaOptions(whitespace, strict, nullable, codePoints, maxItems);
    }

    /** With a bound for arrays and maps that have none. */
    public JsonSchemaOptions withMaxItems(int items) {
        return new JsonSchemaOptions(whitespace, strict, nullable, maxStringLength, items);
    }

    /** What stands between members. */
    Node separator() {
        return Members.joined(List.of(whitespace.inside(), Node.text(","), whitespace.afterSeparator()));
    }
}
