package dev.decanter.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegexTest {
    private static final Vocabulary BYTES = MatcherPropertyTest.vocabulary(new Random(1), "ab\"");

    private static boolean matches(String expression, String text) {
        return matches(Regex.matching(expression), text);
    }

    private static boolean matches(Node node, String text) {
        GrammarMatcher matcher =
                CompiledGrammar.compile(Grammar.of(node), BYTES).matcher();
        return matcher.accept(text) && matcher.isComplete();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "",
                "a|b|",
                "(a|b)*a.{3}",
                "[^a]+",
                "[a-cé-ü-]{2,}",
                "\\d+(\\.\\d{1,3})?",
                "\\w\\W\\s\\S",
                "(?:ab)?(?<n>c)",
                "x*?y+?",
                "[\\d\\-x]+",
                "\\x41\\u00e9\\t",
                "\\p{L}+\\p{Nd}*",
                "\\P{L}",
                "[\\p{Lu}_]+",
                "a{2}b{,}",
                "a{,2}",
                "{",
                "a{x",
                "^(a|b)$",
                "^a|b$",
                "(^a|b)c",
                "\\$\\^\\.",
                "(?i)aBc1",
                "(?s).",
                ".",
                "[.]",
                "[\\]\\[]",
                "\\cA",
                "\\p{IsGreek}+",
                "(a*)*b",
                "(a?){3}a{3}",
                "((a|b){1,2}c){2,40}",
                "[^\\n]",
                "\\/",
                "[+--]+",
                "é+",
                "😀|[😀-😃]"
            })
    void agreesWithJava(String expression) {
        Pattern java = Pattern.compile(expression.replace("{,2}", "{0,2}").replaceAll("\\{(?=,}|x|$)", "\\\\{"));
        CompiledGrammar compiled = CompiledGrammar.compile(Grammar.of(Regex.matching(expression)), BYTES);
        Random random = new Random(7);
        String alphabet = "aaabbccxyz019AB.-_ \t\néüΩ😀😁{},$^[]\"";
        int[] points = alphabet.codePoints().toArray();
        List<String> texts = new ArrayList<>(List.of("", "abc", "aBc1", "ABC1", "Aé\t", "a{x", "aab", "$^.", "\u0001"));
        for (int i = 0; i < 300; i++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(7); n > 0; n--) {
                text.appendCodePoint(points[random.nextInt(points.length)]);
            }
            texts.add(text.toString());
        }
        for (int i = 0; i < 50; i++) {
            texts.add(walk(compiled, random));
        }
        for (String text : texts) {
            GrammarMatcher matcher = compiled.matcher();
            assertThat(matcher.accept(text) && matcher.isComplete())
                    .as("%s against \"%s\"", expression, text)
                    .isEqualTo(java.matcher(text).matches());
        }
    }

    /** A text made by choosing at random what is allowed. */
    static String walk(CompiledGrammar grammar, Random random) {
        GrammarMatcher matcher = grammar.matcher();
        java.io.ByteArrayOutputStream text = new java.io.ByteArrayOutputStream();
        long[] bits = new long[grammar.vocabulary().maskLength()];
        for (int left = 40 + matcher.leastBytes(); !matcher.isFinished(); left--) {
            if (matcher.isComplete() && (left <= 0 || random.nextInt(4) == 0)) {
                break;
            }
            matcher.mask(bits, left);
            int[] allowed = MatcherPropertyTest.allowed(bits);
            if (allowed.length == 0) {
                break;
            }
            int token = allowed[random.nextInt(allowed.length)];
            assertThat(matcher.accept(token)).isTrue();
            text.writeBytes(grammar.vocabulary().bytes(token));
        }
        assertThat(matcher.isComplete()).isTrue();
        return text.toString(java.nio.charset.StandardCharsets.UTF_8);
    }

    @Property(tries = 300)
    void randomExpressionsAgreeWithJava(@ForAll long seed) {
        Random random = new Random(seed);
        String expression = expression(random, 4);
        CompiledGrammar compiled = CompiledGrammar.compile(Grammar.of(Regex.matching(expression)), BYTES);
        // Java has one more line break than JavaScript, U+0085
        Pattern java = Pattern.compile(expression.replace(".", "[^\\n\\r\\u2028\\u2029]"));
        for (int i = 0; i < 10; i++) {
            assertThat(walk(compiled, random)).matches(java);
        }
        for (int i = 0; i < 60; i++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(8); n > 0; n--) {
                text.append("abé".charAt(random.nextInt(3)));
            }
            GrammarMatcher matcher = compiled.matcher();
            assertThat(matcher.accept(text.toString()) && matcher.isComplete())
                    .as("%s against \"%s\"", expression, text)
                    .isEqualTo(java.matcher(text).matches());
        }
    }

    private static String expression(Random random, int depth) {
        String[] atoms = {"a", "b", "é", "[ab]", "[^a\\n]", "\\w", ".", "(?:)"};
        return switch (random.nextInt(depth == 0 ? 1 : 7)) {
            case 0 -> atoms[random.nextInt(atoms.length)];
            case 1, 2, 3 -> expression(random, depth - 1) + expression(random, depth - 1);
            case 4 -> "(" + expression(random, depth - 1) + "|" + expression(random, depth - 1) + ")";
            case 5 -> "(?:" + expression(random, depth - 1) + ")" + "*+?".charAt(random.nextInt(3));
            default -> {
                int min = random.nextInt(4);
                yield "(" + expression(random, depth - 1) + "){" + min + "," + (min + random.nextInt(30)) + "}";
            }
        };
    }

    @ParameterizedTest
    @CsvSource({
        "a.c, xxabcxx, true",
        "^a, ba, false",
        "^a, ab, true",
        "a$, ba, true",
        "a$, ab, false",
        "^a|b$, axx, true",
        "^a|b$, xab, true",
        "^a|b$, xax, false",
        "(^a|b)c, xbcx, true",
        "(^a|b)c, xacx, false"
    })
    void findsInsideATextForJsonSchema(String expression, String text, boolean found) {
        assertThat(Pattern.compile(expression).matcher(text).find()).isEqualTo(found);
        assertThat(matches(Regex.found(expression), text)).isEqualTo(found);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "(?=a)b; character 1; lookahead",
                "a(?<!b); character 2; lookbehind",
                "(a)\\1; character 4; references back",
                "\\bword; character 1; \\b",
                "a++; character 3; possessive",
                "a**; character 3; nothing to repeat",
                "*a; character 1; nothing to repeat",
                "(a; character 1; not closed",
                "a); character 2; closes nothing",
                "[a; character 1; not closed",
                "[z-a]; character 2; backwards",
                "a{3,2}; character 2; below the least",
                "\\q; character 1; no escape",
                "\\p{Nonsense}; character 1; no property",
                "a(?m)b; character 2; kind of group",
                "a^b; character 1; not inside",
                "\\ud800; character 1; surrogate",
                "a{99999999999}; character 3; too large",
                "\\x4; character 1; 2 hexadecimal digits",
                "[[:alpha:]]; character 2; POSIX"
            })
    void saysWhereAndWhatIsWrong(String expression, String place, String message) {
        assertThatThrownBy(() -> Regex.matching(expression))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining(place + ":")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void nestingIsBounded() {
        assertThatThrownBy(() -> Regex.matching("(".repeat(100_000) + "a" + ")".repeat(100_000)))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining("nested deeper");
        assertThat(matches("(".repeat(150) + "a" + ")*".repeat(150), "aaa")).isTrue();
    }

    /** Expressions that make backtracking or eager automata explode: they work, or fail clearly, in bounded time. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "(a{1000}){1000}",
                "(a{0,1000}){0,1000}",
                "((a{0,30}){0,30}){0,30}",
                "(a|a)*b",
                "(a*)*b",
                "(a|aa){1000,2000}",
                "(.*a.{40}|.*b.{41})",
                "(a?){1000}a{1000}",
                "((((a{50}){50}){50}){50}){50}",
                "(x+x+)+y",
                "(.{0,500}a){0,500}",
                "(\\p{L}{1,100} ?){1,1000}",
                "((ab?){1,90}c?){2,90}"
            })
    void explosionsAreBounded(String expression) {
        assertTimeoutPreemptively(Duration.ofSeconds(15), () -> {
            long[] bits = new long[BYTES.maskLength()];
            try {
                GrammarMatcher matcher = CompiledGrammar.compile(Grammar.of(Regex.matching(expression)), BYTES)
                        .matcher();
                for (int i = 0; i < 300 && !matcher.isFinished(); i++) {
                    matcher.mask(bits);
                    assertThat(matcher.accept("a")
                                    || matcher.accept("x")
                                    || matcher.accept("c")
                                    || matcher.isComplete())
                            .isTrue();
                }
            } catch (GrammarException e) {
                assertThat(e).hasMessageMatching(".*(too many ways|never comes to an end).*");
            }
        });
    }
}
