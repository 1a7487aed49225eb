package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.tokenizers.EncodeOptions;
import dev.decanter.tokenizers.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTest {
    static Stream<Arguments> conversations() {
        return Stream.of("llama-gqa", "llama3-rope-tied", "mistral-swa", "qwen2", "qwen3")
                .flatMap(model -> {
                    JsonNode chat = TestData.golden(model).get("chat");
                    return StreamSupport.stream(chat.spliterator(), false).map(one -> Arguments.of(model, one));
                });
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void rendersWhatTransformersRenders(String model, JsonNode expected) {
        Path folder = TestData.exported(model, true);
        try (Tokenizer tokenizer = Tokenizer.load(folder)) {
            ChatTemplate template =
                    ChatTemplate.find(folder, Optional.of(tokenizer)).orElseThrow();
            ChatHistory history = ChatHistory.ofJson(expected.get("messages").toString());
            boolean prompt = expected.get("add_generation_prompt").asBoolean();
            if (expected.has("text")) {
                String text = template.render(history, prompt);
                assertThat(text).isEqualTo(expected.get("text").asText());
                long[] ids = tokenizer
                        .encode(List.of(text), EncodeOptions.DEFAULT.withAddSpecialTokens(false))
                        .inputIds()
                        .toLongs();
                assertThat(ids).isEqualTo(TestData.longs(expected.get("ids")));
            } else {
                assertThatThrownBy(() -> template.render(history, prompt))
                        .isInstanceOf(GenerationException.class)
                        .hasMessageEndingWith(": " + expected.get("error").asText());
            }
        }
    }

    @Test
    void rendersTheDemoModelsTemplate() {
        Path folder = TestData.root().resolve("demo/model");
        ChatTemplate template = ChatTemplate.find(folder, Optional.empty()).orElseThrow();
        ChatHistory history = new ChatHistory()
                .system(" Be brief. ")
                .user("Hi")
                .assistant("Hello.")
                .user("2 + 2?");
        assertThat(template.render(history, true))
                .isEqualTo("<|begin|><|system|>Be brief.<|end|><|user|>Hi<|end|><|assistant|>Hello.<|end|>"
                        + "<|user|>2 + 2?<|end|><|assistant|>");
        assertThatThrownBy(() -> template.render(new ChatHistory().add("critic", "No."), true))
                .isInstanceOf(GenerationException.class)
                .hasMessageEndingWith(": The roles are system, user and assistant.");
    }

    private static String render(String source) {
        ChatHistory history = new ChatHistory().user("{{ 6 * 7 }}").assistant("a b");
        history.toolsOfJson("""
                [{"name": "f", "n": 1.5, "flag": true, "none": null, "text": "ü\\"\\n"}]
                """);
        return ChatTemplate.of("test", source, Map.of("bos_token", "<s>")).render(history, true);
    }

    @Test
    void textOfMessagesIsNotRun() {
        assertThat(render("{{ messages[0].content }}")).isEqualTo("{{ 6 * 7 }}");
    }

    @Test
    void trimsBlocksAsTransformersDoes() {
        assertThat(render("""
                a
                  {% if true %}
                b
                  {% endif %}
                c
                """)).isEqualTo("a\nb\nc");
    }

    @Test
    void knowsPythonsMethods() {
        assertThat(render("{{ 'abc'.startswith('ab') and 'abc'.endswith('bc') }}"))
                .isEqualToIgnoringCase("true");
        assertThat(render("{{ '  x y '.strip() }}|{{ 'xxa'.lstrip('x') }}|{{ 'a,b'.split(',')[1] }}"))
                .isEqualTo("x y|a|b");
        assertThat(render("{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}"))
                .isEqualTo("a=1;b=2;");
        assertThat(render("{{ [1, 2, 3][::-1] }} {{ 'abc'[1:] }} {{ (1, 'a') }} {{ {'k': None} }}"))
                .isEqualTo("[3, 2, 1] bc (1, 'a') {'k': None}");
        assertThat(render("{{ messages | map(attribute='role') | join(', ') }} {{ 7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }}"))
                .isEqualTo("user, assistant 3 2 3.5");
        assertThat(render("{% macro f(a, b='x') %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }}{{ f(2, b=3) }}"))
                .isEqualTo("1x23");
        assertThat(render("{% for x in [1, 2, 3, 4] if x is even %}{{ loop.index }}:{{ x }}"
                        + "{% if not loop.last %},{% endif %}{% else %}none{% endfor %}"))
                .isEqualTo("1:2,2:4");
        assertThat(render("{% for x in [1, 2, 3] %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}"))
                .isEqualTo("13");
        assertThat(render("{%- set x -%} a {%- endset -%} {{ x }} {#- c -#} b {% raw %}{{ r }}{% endraw %}"))
                .isEqualTo("ab {{ r }}");
        assertThat(render("{{ 'x' in absent }}{{ absent }}{{ absent is defined }}"))
                .isEqualTo("FalseFalse");
        assertThat(render("{{ messages[-1]['role'] }} {{ messages[1:] | length }}"))
                .isEqualTo("assistant 1");
        assertThat(render("{{ messages[0].get('name', 'nobody') }}")).isEqualTo("nobody");
        assertThat(render("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}"
                        + "{{ ns.n }}"))
                .isEqualTo("2");
    }

    @Test
    void writesJsonAsPython() {
        assertThat(render("{{ tools[0] | tojson }}"))
                .isEqualTo("{\"name\": \"f\", \"n\": 1.5, \"flag\": true, \"none\": null, \"text\": \"ü\\\"\\n\"}");
        assertThat(render("{{ {'a': [1, 2]} | tojson(indent=2) }}")).isEqualTo("{\n  \"a\": [\n    1,\n    2\n  ]\n}");
    }

    @Test
    void knowsTheTime() {
        assertThat(render("{{ strftime_now('%Y') }}")).matches("2\\d\\d\\d");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}x{% endfor %}{% endfor %}"
                        + "{% endfor %}",
                "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
                "{{ ''.getClass().forName('java.lang.Runtime') }}",
                "{{ messages.getClass() }}",
                "{{ messages.append(1) }}",
                "{{ 'x' * 999999999 }}",
                "{% set n = namespace(x='x') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
                "{{ range(99999999) }}",
                "{% include 'file:/etc/passwd' %}",
                "{% import 'file:/etc/passwd' as x %}",
                "{% if %}",
                "{{ 'a' ",
            })
    void refusesWhatIsWrongOrHarmful(String source) {
        assertThatThrownBy(() -> render(source))
                .isInstanceOf(GenerationException.class)
                .hasMessageStartingWith("test");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{{ messages.class }}", "{{ ''.class }}", "{{ messages[0].class }}"})
    void showsNothingOfJava(String source) {
        assertThat(render(source)).isEmpty();
    }
}
