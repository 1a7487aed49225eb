package dev.decanter.grammar;

/**
 * Reads grammars in the EBNF that XGrammar and llama.cpp (GBNF) share:
 *
 * <pre>{@code
 * root   ::= object "\n"?            # the text is what root says
 * object ::= "{" (pair ("," pair)*)? "}"
 * pair   ::= name ":" [0-9]{1,8}
 * name   ::= [a-z_] [^:,{}\x00-\x1f]*
 * }</pre>
 *
 * <p>Texts stand in double or single quotes; sets of characters in brackets, negated with {@code ^}; {@code .} is any character.
 * Escapes are {@code \n \r \t \0}, a backslash before one of {@code \ " ' [ ] - ^ / .}, and {@code x}, {@code u} or {@code U} behind a
 * backslash with 2, 4 or 8 hexadecimal digits. Quantifiers are {@code ? * + {m} {m,} {,n} {m,n}}. Alternatives may be empty. A rule ends
 * where the next one begins.
 */
public final class Ebnf {
    private Ebnf() {}

    /** As {@link #parse(String, String)}, beginning with the rule {@code root}. */
    public static Grammar parse(String source) {
        return parse(source, "root");
    }

    /**
     * Reads a grammar.
     *
     * @param root the rule of the whole text
     * @throws GrammarException with line and column, if the notation is wrong, or a rule is missing or there twice
     */
    public static Grammar parse(String source, String root) {
        return new EbnfReader(source).grammar(root);
    }
}
