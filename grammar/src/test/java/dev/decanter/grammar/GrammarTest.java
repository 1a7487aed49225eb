package dev.decanter.grammar;

import static dev.decanter.grammar.Node.anyOf;
import static dev.decanter.grammar.Node.choice;
import static dev.decanter.grammar.Node.optional;
import static dev.decanter.grammar.Node.rule;
import static dev.decanter.grammar.Node.sequence;
import static dev.decanter.grammar.Node.star;
import static dev.decanter.grammar.Node.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GrammarTest {

    @Test
    void printsAsEbnf() {
        Map<String, Node> rules = new LinkedHashMap<>();
        rules.put("item", choice(text("a\n\""), anyOf("xyz-]é"), new Node.Repeat(text("b"), 2, 1000)));
        rules.put(
                "root",
                sequence(
                        text("["),
                        optional(sequence(rule("item"), star(sequence(text(","), rule("item"))))),
                        text("]")));
        rules.put("odd", new Node.Except(star(Node.ANY), new Node.Both(text("x"), Node.NOTHING)));
        assertThat(new Grammar("root", rules)).hasToString("""
                root ::= "[" (item ("," item)*)? "]"
                item ::= "a\\n\\"" | [\\-\\]x-z\\xe9] | "b"{2,1000}
                odd ::= ([\\x00-\\ud7ff\\ue000-\\U0010ffff]*) - ("x" & [])
                """.replace(
                        "([\\x00-\\ud7ff\\ue000-\\U0010ffff]*)", "[\\x00-\\ud7ff\\ue000-\\U0010ffff]*"));
    }

    @Test
    void refusesWhatCannotBe() {
        assertThatThrownBy(() -> Grammar.of(rule("absent")))
                .isInstanceOf(GrammarException.class)
                .hasMessage("rule \"root\" refers to \"absent\", which the grammar does not define");
        assertThatThrownBy(() -> new Grammar("start", Map.of("root", Node.EMPTY)))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining("no rule \"start\"");
        assertThatThrownBy(() -> text("a\ud800"))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining("U+D800");
        assertThatThrownBy(() -> new Node.Repeat(Node.EMPTY, 3, 2)).isInstanceOf(GrammarException.class);
        Node deep = Node.EMPTY;
        for (int i = 0; i < Grammar.MAX_DEPTH; i++) {
            deep = star(deep);
        }
        Node tooDeep = deep;
        assertThatThrownBy(() -> Grammar.of(tooDeep))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining("deeper than");
    }

    @Test
    void setsOfCharactersHaveNoSurrogates() {
        CodePoints digits = CodePoints.range('0', '9');
        assertThat(digits.complement().complement()).isEqualTo(digits);
        assertThat(CodePoints.range(0xD000, 0xE001).size()).isEqualTo(0xD7FF - 0xD000 + 1 + 2);
        assertThat(CodePoints.NONE.complement()).isEqualTo(CodePoints.ALL);
        assertThat(CodePoints.where(c -> c >= '0' && c <= '9')).isEqualTo(digits);
        assertThat(CodePoints.where(c -> true)).isEqualTo(CodePoints.ALL);
        assertThat(CodePoints.of("cab").or(CodePoints.of("d"))).isEqualTo(CodePoints.range('a', 'd'));
        assertThat(digits.minus(CodePoints.of("5")).contains('5')).isFalse();
        assertThat(digits.minus(CodePoints.of("5")).size()).isEqualTo(9);
    }
}
