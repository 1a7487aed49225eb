package dev.decanter.grammar.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.grammar.GrammarException;
import java.io.IOException;
import java.io.InputStream;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is no schema, what nothing meets, what cannot be guaranteed, and what would take for ever. */
@Timeout(20)
class JsonSchemaRefusalTest {

    private static void refused(String schema, String message) {
        assertThatThrownBy(() -> Judge.compile(JsonSchemaGrammar.of(schema)))
                .as(schema.substring(0, Math.min(schema.length(), 200)))
                .isInstanceOf(GrammarException.class)
                .hasMessage(message);
    }

    @Test
    void namesKeywordAndPlace() throws IOException {
        JsonNode cases;
        try (InputStream in = JsonSchemaRefusalTest.class.getResourceAsStream("refused.json")) {
            cases = Judge.JSON.readTree(in);
        }
        assertThat(cases).hasSizeGreaterThan(30);
        for (JsonNode refusal : cases) {
            refused(
                    refusal.get("schema").toString(),
                    "JSON schema, " + refusal.get("message").asText());
        }
    }

    @Test
    void namesThePatternThatCannotBeRead() {
        assertThatThrownBy(() -> JsonSchemaGrammar.of("{\"properties\": {\"a\": {\"pattern\": \"(?=x)\"}}}"))
                .isInstanceOf(GrammarException.class)
                .hasMessageStartingWith("JSON schema, #/properties/a: pattern \"(?=x)\": ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"a": 1            | the JSON schema is not JSON: Unexpected end-of-input
            {"a": 1} x         | the JSON schema is not JSON
            {"a": 1, "a": 2}   | the JSON schema is not JSON: Duplicate field 'a'
            [1]                | a JSON schema is an object or true or false; this one is array
            ``                 | a JSON schema is an object or true or false; this one is empty
            """)
    void saysWhatIsNoSchema(String text, String message) {
        assertThatThrownBy(() -> JsonSchemaGrammar.of(text))
                .isInstanceOf(GrammarException.class)
                .hasMessageStartingWith(message);
    }

    @Test
    void takesLargeSchemasInReasonableTime() {
        String words =
                IntStream.range(0, 10_000).mapToObj(i -> "\"word " + i + "\"").collect(Collectors.joining(","));
        assertThat(Judge.accepts(Judge.compile(JsonSchemaGrammar.of("{\"enum\": [" + words + "]}")), "\"word 9999\""))
                .isTrue();
        String properties = IntStream.range(0, 1000)
                .mapToObj(i -> "\"p" + i + "\": {\"type\": \"integer\"}")
                .collect(Collectors.joining(","));
        assertThat(Judge.accepts(
                        Judge.compile(JsonSchemaGrammar.of("{\"properties\": {" + properties + "}}")),
                        "{\"p7\": 1, \"p998\": 2}"))
                .isTrue();
        assertThat(Judge.accepts(
                        Judge.compile(JsonSchemaGrammar.of("{\"type\": \"string\", \"maxLength\": 1000000000}")),
                        "\"a\""))
                .isTrue();
    }

    @Test
    void endsOnSchemasThatExplode() {
        String nested = "{\"items\": ".repeat(5000) + "{}" + "}".repeat(5000);
        assertThatThrownBy(() -> JsonSchemaGrammar.of(nested))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining("nesting depth");

        String chain = IntStream.range(0, 3000)
                .mapToObj(i -> "\"d" + i + "\": {\"$ref\": \"#/$defs/d" + (i + 1) + "\"}")
                .collect(Collectors.joining(","));
        refused(
                "{\"$ref\": \"#/$defs/d0\", \"$defs\": {" + chain + ", \"d3000\": {}}}",
                "JSON schema, #/$defs/d399: schemas refer to schemas more than 400 deep");

        // Each conjunct doubles the number of alternatives.
        String doubling = IntStream.range(0, 40)
                .mapToObj(i -> "{\"anyOf\": [{\"required\": [\"a" + i + "\"]}, {\"required\": [\"b" + i + "\"]}]}")
                .collect(Collectors.joining(","));
        refused(
                "{\"type\": \"object\", \"allOf\": [" + doubling + "]}",
                "JSON schema, #: the schema has more than 1000 combinations of alternatives; make its enum, anyOf and"
                        + " oneOf lists shorter");

        String counted =
                IntStream.range(0, 400).mapToObj(i -> "\"p" + i + "\": {}").collect(Collectors.joining(","));
        refused(
                "{\"properties\": {" + counted + "}, \"minProperties\": 200}",
                "JSON schema, #: to count 400 properties takes more than 20000 states; leave minProperties and"
                        + " maxProperties out");

        assertThatThrownBy(() -> JsonSchemaGrammar.of(
                        "{\"pattern\": \"^(a|aa|b)*a(a|b){5000}$\", \"not\": {\"pattern\": \"b{7}\"}}"))
                .isInstanceOf(GrammarException.class)
                .hasMessageStartingWith("JSON schema, #: the expression has too many states");
    }
}
