package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.tokenizers.EncodeOptions;
import dev.decanter.tokenizers.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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

    private static final String CONFIG = """
            {"bos_token": {"content": "<s>"}, "chat_template": %s}
            """;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"default\": \"{{ bos_token }}D\", \"tool_use\": \"T{{ tools | length }}\"}",
                "[{\"name\": \"tool_use\", \"template\": \"T{{ tools | length }}\"},"
                        + " {\"name\": \"default\", \"template\": \"{{ bos_token }}D\"}]",
            })
    void toolsChooseTheirTemplate(String templates, @TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), CONFIG.formatted(templates));
        ChatTemplate template = ChatTemplate.find(folder, Optional.empty()).orElseThrow();
        assertThat(template.names()).containsExactlyInAnyOrder("default", "tool_use");
        assertThat(template.source()).isEqualTo("{{ bos_token }}D");
        assertThat(template.render(new ChatHistory().user("Hi"), true)).isEqualTo("<s>D");
        ChatHistory withTools = new ChatHistory().user("Hi").toolsOfJson("[{\"name\": \"f\"}]");
        assertThat(template.render(withTools, true)).isEqualTo("T1");
    }

    @Test
    void filesReplaceTheConfigurationsTemplates(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), CONFIG.formatted("\"C\""));
        assertThat(ChatTemplate.find(folder, Optional.empty()).orElseThrow().source())
                .isEqualTo("C");
        Files.writeString(folder.resolve("chat_template.jinja"), "J");
        assertThat(ChatTemplate.find(folder, Optional.empty()).orElseThrow().source())
                .isEqualTo("J");
        Files.createDirectory(folder.resolve("additional_chat_templates"));
        Files.writeString(folder.resolve("additional_chat_templates/tool_use.jinja"), "{{ raise_exception('no') }}");
        ChatTemplate template = ChatTemplate.find(folder, Optional.empty()).orElseThrow();
        assertThat(template.render(new ChatHistory().user("Hi"), true)).isEqualTo("J");
        ChatHistory withTools = new ChatHistory().user("Hi").toolsOfJson("[{\"name\": \"f\"}]");
        assertThatThrownBy(() -> template.render(withTools, true))
                .isInstanceOf(GenerationException.class)
                .hasMessage(folder.resolve("chat_template.jinja") + ", tool_use: no");
    }

    @Test
    void severalTemplatesNeedADefault(@TempDir Path folder) throws IOException {
        Files.writeString(
                folder.resolve("tokenizer_config.json"), CONFIG.formatted("{\"rag\": \"R\", \"tool_use\": \"T\"}"));
        ChatTemplate template = ChatTemplate.find(folder, Optional.empty()).orElseThrow();
        assertThatThrownBy(() -> template.render(new ChatHistory().user("Hi"), true))
                .hasMessageContaining("has several chat templates and no default: [rag, tool_use]");
        Files.writeString(folder.resolve("tokenizer_config.json"), CONFIG.formatted("{\"default\": 7}"));
        assertThatThrownBy(() -> ChatTemplate.find(folder, Optional.empty()))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("chat_template must be a text");
    }

    @Test
    void historiesHaveImagesAndToolAnswers() {
        ChatHistory history = new ChatHistory().user("What?", 2).tool("c1", "f", "42");
        history.extraContext("enable_thinking", false);
        String source =
                "{% for m in messages %}{{ m.role }}:{{ m.name }}:{{ m.content }};{% endfor %}{{ enable_thinking }}";
        assertThat(ChatTemplate.of("test", source, Map.of()).render(history, true))
                .isEqualTo(
                        "user::[{'type': 'image'}, {'type': 'image'}, {'type': 'text', 'text': 'What?'}];tool:f:42;False");
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
    void writesJsonAsPython() {
        assertThat(render("{{ tools[0] | tojson }}"))
                .isEqualTo("{\"name\": \"f\", \"n\": 1.5, \"flag\": true, \"none\": null, \"text\": \"ü\\\"\\n\"}");
        assertThat(render("{{ {'a': [1, 2]} | tojson(indent=2) }}")).isEqualTo("{\n  \"a\": [\n    1,\n    2\n  ]\n}");
    }

    @Test
    void knowsTheTime() {
        assertThat(render("{{ strftime_now('%Y') }}")).matches("2\\d\\d\\d");
    }
}
