package dev.decanter.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EbnfTest {
    private static final Vocabulary BYTES = MatcherPropertyTest.vocabulary(new Random(1), "ab[]{}\",:");

    /** llama.cpp's grammar of JSON. */
    static final String JSON = """
            root   ::= object
            value  ::= object | array | string | number | ("true" | "false" | "null") ws

            object ::=
              "{" ws (
                        string ":" ws value
                ("," ws string ":" ws value)*
              )? "}" ws

            array  ::=
              "[" ws (
                        value
                ("," ws value)*
              )? "]" ws

            string ::=
              "\\"" (
                [^"\\\\\\x7F\\x00-\\x1F] |
                "\\\\" (["\\\\bfnrt] | "u" [0-9a-fA-F]{4}) # escapes
              )* "\\"" ws

            number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws

            # Optional space: by convention, applied in this grammar after literal chars when allowed
            ws ::= | " " | "\\n" [ \\t]{0,20}
            """;

    private static boolean matches(String grammar, String text) {
        GrammarMatcher matcher =
                CompiledGrammar.compile(Ebnf.parse(grammar), BYTES).matcher();
        return matcher.accept(text) && matcher.isComplete();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "{}; true",
                "{\"a\": [1, -2.5e+1, true, null, {\"b\":\"\\u00e9é😀\\n\"}]} ; true",
                "[1]; false",
                "{\"a\" 1}; false",
                "{\"a\":01}; false",
                "{\"a\":\"\\x\"}; false",
                "{\"a\":{\"a\":{\"a\":{\"a\":[[[[[[]]]]]]}}}}; true",
                "{\"a\":[}]; false",
                "{,}; false"
            })
    void readsLlamaCppsJson(String text, boolean valid) {
        assertThat(matches(JSON, text)).isEqualTo(valid);
    }

    @Test
    void nestsAsDeepAsTheTextDoes() {
        GrammarMatcher matcher =
                CompiledGrammar.compile(Ebnf.parse(JSON), BYTES).matcher();
        long[] bits = new long[BYTES.maskLength()];
        assertThat(matcher.accept("{\"a\":" + "[".repeat(20_000))).isTrue();
        matcher.mask(bits);
        assertThat(matcher.accept("]".repeat(19_999))).isTrue();
        assertThat(matcher.accept("]]")).isFalse();
        assertThat(matcher.isComplete()).isFalse();
        assertThat(matcher.accept("]}")).isTrue();
        assertThat(matcher.isComplete()).isTrue();
        matcher.rollback(1);
        assertThat(matcher.leastBytes()).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "root ::= \"a\" | 'b' ; b; true",
                "root ::= | \"a\"; ``; true",
                "root ::= (\"a\" | )\"b\"; b; true",
                "root ::= [^a-c\\]]+ ; xyz; true",
                "root ::= [^a-c\\]]+ ; ]; false",
                "root ::= [a-]{2,3} ; a-; true",
                "root ::= . . ; é😀; true",
                "root ::= \"\\x41\\u00e9\\U0001F600\" ; Aé😀; true",
                "root ::= expr expr ::= expr \"+\" term | term term ::= [0-9] | \"(\" expr \")\"; (1+2)+3; true",
                "root ::= expr expr ::= expr \"+\" term | term term ::= [0-9] | \"(\" expr \")\"; 1+; false",
                "root ::= e e ::= e \"+\" e | \"a\"; a+a+a; true",
                "root ::= \"a\" root | \"\"; aaa; true",
                "root ::= \"a\" root \"b\" | \"\"; aaabbb; true",
                "root ::= \"a\" root \"b\" | \"\"; aaabb; false",
                "root ::= \"x\"{2,}; x; false",
                "root ::= \"x\"{,2}; xx; true"
            })
    void meansWhatItSays(String grammar, String text, boolean valid) {
        assertThat(matches(grammar, text)).isEqualTo(valid);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "root ::= rule; line 1, column 10; rule \"rule\" is not defined",
                "root ::= \"a; line 1, column 10; not closed",
                "root ::= \"a\" ); line 1, column 14; closes nothing",
                "root ::= (\"a\" ; line 1, column 10; not closed",
                "root ::= * ; line 1, column 10; nothing to repeat",
                "root = \"a\"; line 1, column 1; a rule is expected",
                "root ::= \"a\" root ::= \"b\"; line 1, column 14; defined twice",
                "root ::= [z-a]; line 1, column 11; backwards",
                "root ::= \"\\q\"; line 1, column 11; no escape",
                "root ::= \"a\"{3,1}; line 1, column 13; below the least",
                "root ::= % ; line 1, column 10; unexpected",
                "start ::= \"a\"; no rule \"root\"; start"
            })
    void saysWhereAndWhatIsWrong(String grammar, String place, String message) {
        assertThatThrownBy(() -> Ebnf.parse(grammar))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining(place)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
        assertThatThrownBy(() -> Ebnf.parse("# one\r\n\n  root ::= \"a\"\n   two ::= oops"))
                .hasMessage("grammar, line 4, column 12: rule \"oops\" is not defined");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "root ::= a a ::= b \"x\" | \"y\" b ::= a \"z\" | \"w\"; begins with itself",
                "root ::= \"\" root? \"a\" | root2 root2 ::= [b]* root2 \"c\"; begins with itself",
                "root ::= root; never comes to an end",
                "root ::= \"a\" root; never comes to an end"
            })
    void refusesWhatCannotBeRun(String grammar, String message) {
        assertThatThrownBy(() -> CompiledGrammar.compile(Ebnf.parse(grammar), BYTES))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining(message);
    }

    @Property(tries = 300)
    void whatIsPrintedReadsTheSame(@ForAll long seed) {
        Grammar grammar = new RandomGrammars(seed, "ab]^é-\\\"").grammar();
        String printed = grammar.toString();
        if (printed.contains(" & ") || printed.contains(" - ")) {
            return;
        }
        Grammar read;
        try {
            read = Ebnf.parse(printed);
        } catch (GrammarException e) {
            throw new AssertionError(printed, e);
        }
        assertThat(RandomGrammars.texts(read, 3)).isEqualTo(RandomGrammars.texts(grammar, 3));
    }
}
