/**
 * JSON schemas as grammars: {@link dev.decanter.grammar.json.JsonSchemaGrammar}.
 *
 * <p>A schema is unfolded one level at a time into what it allows of each JSON type ({@code Values}); the parts of
 * arrays and objects stay unevaluated expressions over places of the schema ({@code Expr}). On that level {@code allOf}
 * is an intersection, {@code anyOf} a union and {@code not} a complement, recursion needs no care, and two branches of
 * {@code oneOf} can be asked whether they overlap. {@code Emitter} then writes a grammar.
 */
@NullMarked
package dev.decanter.grammar.json;

import org.jspecify.annotations.NullMarked;
