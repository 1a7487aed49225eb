package dev.decanter.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Templates put together at random from everything that Jinja has, with what Jinja2 made of them: text, refusal or error. */
class RandomTemplatesTest {
    @Test
    @SuppressWarnings("unchecked") // JSON objects are maps by name
    void rendersAsJinja() {
        List<JsonNode> lines = Rendered.lines("random-templates.jsonl.gz");
        Map<String, Object> variables =
                (Map<String, Object>) Rendered.value(lines.getFirst().get("variables"));
        assertThat(lines).hasSizeGreaterThan(2000);
        for (JsonNode line : lines.subList(1, lines.size())) {
            String source = line.get("template").asText();
            JinjaTemplate template = new JinjaTemplate("random", source);
            if (line.has("text")) {
                assertThat(template.render(variables, Rendered.CLOCK))
                        .as(source)
                        .isEqualTo(line.get("text").asText());
            } else {
                String message = line.has("refusal")
                        ? line.get("refusal").asText()
                        : line.get("error").asText();
                assertThatThrownBy(() -> template.render(variables, Rendered.CLOCK))
                        .as(source)
                        .isInstanceOf(TemplateException.class)
                        .hasMessageEndingWith(": " + message);
            }
        }
    }
}
