package dev.decanter.grammar;

/**
 * Reads regular expressions, in what ECMAScript (the flavour of JSON schema) and Python have in common.
 *
 * <p>Supported: classes, {@code .} (no line break), {@code \d \w \s} and their negations, {@code \p{…}} (categories, and scripts as
 * {@code Script=…}), escapes {@code \t \n \r \f \v \0 \cX \xHH}, and {@code u} behind a backslash with four digits or braces, groups with and without names, alternatives,
 * quantifiers (lazy ones mean the same here), {@code ^} and {@code $} at the ends, {@code (?i)} for ASCII letters and {@code (?s)} at the
 * beginning. Digits and letters are those of ASCII. White space is that of ASCII, and what is not white space has no Unicode white space
 * either, so that every flavour agrees with a text made here.
 *
 * <p>Refused, because no automaton can follow them or flavours disagree: back references, conditions on what is around (lookahead,
 * lookbehind, {@code \b}), possessive quantifiers and atomic groups, flags other than those above.
 */
public final class Regex {
    private Regex() {}

    /**
     * The texts that match as a whole.
     *
     * @throws GrammarException with the place, if the expression is wrong or not supported
     */
    public static Node matching(String expression) {
        return new RegexReader(expression).read(false);
    }

    /**
     * The texts in which a match is found, as {@code pattern} in JSON schema means it: anything may come before and after, where the
     * expression does not say {@code ^} or {@code $}.
     *
     * @throws GrammarException with the place, if the expression is wrong or not supported
     */
    public static Node found(String expression) {
        return new RegexReader(expression).read(true);
    }
}
