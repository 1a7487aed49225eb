package dev.decanter.grammar.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.grammar.CompiledGrammar;
import dev.decanter.grammar.GrammarException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Cases in the layout of the JSON Schema Test Suite, most of them after its cases for draft 2020-12. What is invalid
 * must not be accepted; what is valid must be, but for what a case says it is stricter in.
 */
class SuiteTest {
    private static final JsonSchemaOptions LOOSE = JsonSchemaOptions.DEFAULT.withStrict(false);

    @ParameterizedTest
    @ValueSource(strings = {"scalars", "arrays", "objects", "applicators", "references"})
    void acceptsWhatIsValid(String file) throws IOException {
        JsonNode groups;
        try (InputStream in = SuiteTest.class.getResourceAsStream("suite/" + file + ".json")) {
            groups = Judge.JSON.readTree(in);
        }
        int checked = 0;
        for (JsonNode group : groups) {
            String schema = group.get("schema").toString();
            String name = group.get("description").asText();
            if (group.has("refused")) {
                assertThatThrownBy(() -> JsonSchemaGrammar.of(schema, LOOSE))
                        .as(name)
                        .isInstanceOf(GrammarException.class)
                        .hasMessageContaining(group.get("refused").asText());
                checked++;
                continue;
            }
            CompiledGrammar grammar;
            try {
                grammar = Judge.compile(JsonSchemaGrammar.of(schema, LOOSE));
            } catch (RuntimeException e) {
                throw new AssertionError(name, e);
            }
            for (JsonNode test : group.get("tests")) {
                String text = test.get("data").toString();
                boolean valid = test.get("valid").asBoolean();
                assertThat(Judge.objection(Judge.validator(schema), text).isEmpty())
                        .as("the case itself: %s, %s", name, text)
                        .isEqualTo(valid);
                assertThat(Judge.accepts(grammar, text))
                        .as("%s: %s", name, text)
                        .isEqualTo(valid && !test.has("stricter"));
                checked++;
            }
            for (int i = 0; i < 8; i++) {
                String text = Judge.sample(grammar, new Random(i), 10 + 10 * i);
                assertThat(Judge.objection(Judge.validator(schema), text))
                        .as("%s: %s", name, text)
                        .isEmpty();
            }
        }
        assertThat(checked).isGreaterThan(30);
    }
}
