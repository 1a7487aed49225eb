package dev.decanter.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Renders the chat templates of published models, and compares with what Transformers rendered. The templates belong to others
 * and are found in the folder that {@code decanter.shared} names, by their hashes.
 */
class PublishedTemplatesTest {
    private static final Map<String, String> SOURCES = new HashMap<>();
    private static final List<JsonNode> EXPECTED = Rendered.lines("expected-renderings.jsonl.gz");

    @BeforeAll
    static void readTemplates() throws IOException {
        Path real = shared().resolve("real");
        if (!Files.isDirectory(real)) {
            return;
        }
        try (Stream<Path> files = Files.walk(real, 3)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                switch (file.getFileName().toString()) {
                    case "chat_template.jinja" -> add(Files.readString(file));
                    case "tokenizer_config.json", "chat_template.json" -> addAll(Rendered.json(file));
                    case "tokenizer_configs.json" -> Rendered.json(file).forEach(PublishedTemplatesTest::addAll);
                    default -> {}
                }
            }
        }
    }

    private static Path shared() {
        String named = System.getProperty("decanter.shared", System.getenv("DECANTER_SHARED"));
        return named == null ? Path.of("../../shared") : Path.of(named);
    }

    /** One template, or several by name, or several with names. */
    private static void addAll(JsonNode configuration) {
        JsonNode template = configuration.path("chat_template");
        if (template.isTextual()) {
            add(template.textValue());
        }
        template.forEach(one ->
                add(one.isTextual() ? one.textValue() : one.path("template").asText()));
    }

    private static void add(String source) {
        SOURCES.put(sha256(source), source);
    }

    private static String sha256(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            StringBuilder hex = new StringBuilder();
            for (byte b : hash) {
                hex.append(String.format("%02x", b));
            }
            return hex.toString();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static List<JsonNode> models() {
        return EXPECTED.subList(1, EXPECTED.size());
    }

    @Test
    void allTemplatesAreThere() {
        assumeTrue(!SOURCES.isEmpty(), "no published templates: set decanter.shared to the folder with real/");
        assertThat(SOURCES.keySet())
                .containsAll(
                        models().stream().map(one -> one.get("sha256").asText()).toList());
    }

    @ParameterizedTest
    @MethodSource("models")
    void rendersAsTransformers(JsonNode expected) {
        assumeTrue(!SOURCES.isEmpty(), "no published templates: set decanter.shared to the folder with real/");
        String origin =
                expected.get("model").asText() + " " + expected.get("template").asText();
        JinjaTemplate template =
                new JinjaTemplate(origin, SOURCES.get(expected.get("sha256").asText()));
        JsonNode conversations = EXPECTED.getFirst().get("conversations");
        List<String> compared = new ArrayList<>();
        conversations.properties().forEach(conversation -> {
            for (boolean prompt : new boolean[] {true, false}) {
                String name = conversation.getKey() + (prompt ? "+" : "-");
                Map<String, Object> variables = variables(expected, conversation.getValue());
                variables.put("add_generation_prompt", prompt);
                compare(template, origin, variables, expected.get("results").get(name), name);
                compared.add(name);
            }
        });
        assertThat(compared).hasSize(expected.get("results").size());
    }

    private static Map<String, Object> variables(JsonNode expected, JsonNode conversation) {
        Map<String, Object> variables = new LinkedHashMap<>();
        expected.get("tokens")
                .properties()
                .forEach(token -> variables.put(token.getKey(), token.getValue().asText()));
        variables.put("tools", null);
        variables.put("documents", null);
        conversation.properties().forEach(entry -> {
            if (entry.getKey().equals("extra")) {
                entry.getValue()
                        .properties()
                        .forEach(one -> variables.put(one.getKey(), Rendered.value(one.getValue())));
            } else {
                variables.put(entry.getKey(), Rendered.value(entry.getValue()));
            }
        });
        return variables;
    }

    private static void compare(
            JinjaTemplate template, String origin, Map<String, Object> variables, JsonNode expected, String name) {
        if (expected.has("text")) {
            assertThat(template.render(variables, Rendered.CLOCK))
                    .as(name)
                    .isEqualTo(expected.get("text").asText());
        } else if (expected.has("refusal")) {
            assertThatThrownBy(() -> template.render(variables, Rendered.CLOCK))
                    .as(name)
                    .isInstanceOf(TemplateException.class)
                    .hasMessage(origin + ": " + expected.get("refusal").asText());
        } else {
            // Python's own message, behind the name of the exception's class
            String error = expected.get("error").asText();
            assertThatThrownBy(() -> template.render(variables, Rendered.CLOCK))
                    .as(name)
                    .isInstanceOf(TemplateException.class)
                    .hasMessageMatching("(?s)\\Q" + origin + "\\E, line \\d+: \\Q"
                            + error.substring(error.indexOf(": ") + 2) + "\\E");
        }
    }
}
