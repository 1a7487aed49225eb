package dev.decanter.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JinjaTemplateTest {
    private static final TemplateLimits SMALL = new TemplateLimits(100_000, 100_000, Duration.ofSeconds(5));

    private static String render(String source) {
        Map<String, Object> variables =
                new HashMap<>(Map.of("messages", List.of(Map.of("role", "user", "content", "Hi"))));
        variables.put("nothing", null);
        return new JinjaTemplate("test", source).render(variables, Rendered.CLOCK);
    }

    @ParameterizedTest
    @Timeout(20)
    @ValueSource(
            strings = {
                "{{ range(10 ** 9) }}",
                "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
                "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
                "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
                "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
                "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                "{{ 'a' * 10 ** 9 }}",
                "{{ 10 ** 9 * 'a' }}",
                "{{ [1] * 10 ** 9 }}",
                "{{ 2 ** (10 ** 9) }}",
                "{{ (9 ** 9) ** (9 ** 9) }}",
                "{{ 10 ** 9999 }}",
                "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
                "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
                "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
                "{% set n = namespace(x=[]) %}{% for i in range(99999) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x }}",
                "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
                "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x | tojson }}",
                "{% set n = namespace(x=1) %}{% set n.x = n %}{{ n }}",
                "{{ 'aaaa' | replace('', 'b' * 90000) }}",
                "{{ 'a'.center(10 ** 9) }}{{ 'a' | center(10 ** 9) }}",
                "{{ '%999999999d' % 1 }}",
                "{{ '{:999999999}'.format(1) }}",
                "{{ ('a\\n' * 9000) | indent(9000) }}",
                "{{ ('a,' * 40000).split(',') | join('x' * 90000) }}",
                "{{ [[1] * 90000] | tojson(indent=90000) }}",
                "{{ 'a\\tb'.expandtabs(10 ** 9) }}",
                "{{ 'x' | batch(10 ** 9, 1) | list }}",
                "{{ [1] | slice(10 ** 9) | list }}",
            })
    void endsInBoundedTimeAndSpace(String source) {
        JinjaTemplate template = new JinjaTemplate("test", source, SMALL);
        assertThatThrownBy(() -> template.render(Map.of()))
                .isInstanceOf(TemplateException.class)
                .hasMessageStartingWith("test")
                .message()
                .hasSizeLessThan(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "[", "-", "not ", "{1:", "1 if ", "1 + (", "x[", "f(", "x | f("})
    void refusesDeepNesting(String open) {
        for (int depth : new int[] {300, 100_000}) {
            assertThatThrownBy(() -> render("{{ " + open.repeat(depth)))
                    .isInstanceOf(TemplateException.class)
                    .hasMessageStartingWith("test");
        }
    }

    @Test
    void refusesDeepBlocksAndLongChains() {
        for (String open : List.of("{% if 1 %}", "{% for a in [1] %}", "{% with %}", "{% if 1 %}{% elif 1 %}")) {
            assertThatThrownBy(() -> render(open.repeat(5000)))
                    .isInstanceOf(TemplateException.class)
                    .hasMessageStartingWith("test");
        }
        assertThatThrownBy(() -> render("{{ 1" + " + 1".repeat(200_000) + " }}"))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("nested too deep");
        assertThat(render("{{ 'a'" + " ~ 'a'".repeat(10_000) + " }}")).hasSize(10_001);
    }

    @Test
    @Timeout(20)
    void stopsAtItsTime() {
        TemplateLimits limits = new TemplateLimits(Long.MAX_VALUE, 1 << 20, Duration.ofMillis(200));
        String source = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
        assertThatThrownBy(() -> new JinjaTemplate("test", source, limits).render(Map.of()))
                .isInstanceOf(TemplateException.class)
                .hasMessage("test, line 1: the template takes longer than 200 ms");
    }

    @Test
    void checksLimits() {
        assertThatThrownBy(() -> new TemplateLimits(0, 1, Duration.ofSeconds(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new TemplateLimits(1, 1L << 40, Duration.ofSeconds(1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ ''.getClass().forName('java.lang.Runtime') }}",
                "{{ ''.__class__.__mro__ }}",
                "{{ messages.__init__.__globals__ }}",
                "{{ ''.__class__() }}",
                "{{ messages.append(1) }}",
                "{{ messages[0].update({}) }}",
                "{{ messages[0].pop('role') }}",
                "{{ messages[0].setdefault('x', 1) }}",
                "{% include 'file:/etc/passwd' %}",
                "{% import 'file:/etc/passwd' as x %}",
                "{% from 'x' import y %}",
                "{% extends 'x' %}",
                "{% do messages %}",
                "{{ 'x'.encode() }}",
                "{{ '{0.__class__.__mro__}'.format(1) }}",
            })
    void refusesWhatIsHarmful(String source) {
        assertThatThrownBy(() -> render(source))
                .isInstanceOf(TemplateException.class)
                .hasMessageStartingWith("test, line 1: ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{{ messages.class }}", "{{ ''.class }}", "{{ ''.__class__ }}", "{{ messages[0].getClass }}"})
    void showsNothingOfJava(String source) {
        assertThat(render(source)).isEmpty();
    }

    private static void assertWrong(String source, String message) {
        assertThatThrownBy(() -> render(source)).as(source).hasMessage("test, " + message);
    }

    @Test
    void saysWhatIsWrongAndWhere() {
        assertWrong("a{% if %}", "line 1: Expected an expression, got 'end of statement block'");
        assertWrong("a\n\n{{ x y }}", "line 3: expected token 'end of print statement', got 'y'");
        assertWrong(
                "{% for a in b %}\n{% endif %}",
                "line 2: Encountered unknown tag 'endif'. Jinja was looking for the following tags: 'else' or 'endfor'.");
        assertWrong("{{ 'abc }}", "line 1: unexpected char \"'\"");
        assertWrong("{{ (1] }}", "line 1: unexpected ']', expected ')'");
        assertWrong("\n{# never ends", "line 2: Missing end of comment tag");
        assertWrong("{% raw %}", "line 1: Missing end of raw directive");
        assertWrong("{{ 1 | nosuch }}", "line 1: No filter named 'nosuch'.");
        assertWrong("{% if 1 %}\n{{ 1 is nosuch }}{% endif %}", "line 2: No test named 'nosuch' found.");
        assertWrong("{{ nothing.x.y }}", "line 1: 'None' has no attribute 'x'");
        assertWrong("{{ absent.x }}", "line 1: 'absent' is undefined");
        assertWrong("{{ 'a' + 1 }}", "line 1: can only concatenate str (not \"int\") to str");
        assertWrong("{% break %}", "line 1: 'break' outside loop");
        assertWrong("{{ a is b is c }}", "line 1: You cannot chain multiple tests with is");
        assertWrong("{{ f(a=1, 2) }}", "line 1: invalid syntax for function call expression");
        assertWrong(
                "{% if 1 %}",
                "line 1: Unexpected end of template. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'.");
        assertWrong("{{ \"\\xZ\" }}", "line 1: a string has a malformed escape");
    }

    @Test
    void passesOnARefusal() {
        assertThatThrownBy(() ->
                        render("{% for m in messages %}\n{{ raise_exception('No ' ~ m.role ~ '!') }}{% endfor %}"))
                .isInstanceOf(TemplateException.class)
                .hasMessage("test: No user!");
    }

    @Test
    void textOfVariablesIsNotRun() {
        assertThat(new JinjaTemplate("test", "{{ a }}").render(Map.of("a", "{{ 6 * 7 }}")))
                .isEqualTo("{{ 6 * 7 }}");
    }

    @Test
    void wrongTemplatesMatterWhenRendered() {
        JinjaTemplate template = new JinjaTemplate("test", "{% if");
        assertThat(template.source()).isEqualTo("{% if");
        assertThatThrownBy(() -> template.render(Map.of())).isInstanceOf(TemplateException.class);
    }

    @Test
    void takesNumbersOfAnySize() {
        Map<String, Object> variables = Map.of(
                "i", 7, "l", 7L, "f", 0.5f, "d", 1e22, "b", new java.math.BigInteger("123456789012345678901234567890"));
        assertThat(new JinjaTemplate("test", "{{ [i, l, f, d, b] | tojson }} {{ b + 1 }}").render(variables))
                .isEqualTo("[7, 7, 0.5, 1e+22, 123456789012345678901234567890] 123456789012345678901234567891");
    }

    @Test
    void emptyTemplatesAreEmpty() {
        assertThat(new JinjaTemplate("test", "").render(Collections.emptyMap())).isEmpty();
        assertThat(new JinjaTemplate("test", "\n").render(Collections.emptyMap()))
                .isEmpty();
    }
}
