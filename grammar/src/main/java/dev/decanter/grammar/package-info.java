/**
 * What a text may be, and which token may come next: grammars, the matcher that runs them over a vocabulary, and their
 * notations (regular expressions, EBNF).
 */
@NullMarked
package dev.decanter.grammar;

import org.jspecify.annotations.NullMarked;
