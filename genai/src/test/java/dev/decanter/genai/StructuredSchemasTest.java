package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The demo model, which has never seen JSON, at temperature 1 under schemas of many kinds. */
class StructuredSchemasTest {
    private static final List<String> SCHEMAS = List.of("""
            {"type": "object", "properties": {
               "location": {"type": "string", "minLength": 2}, "unit": {"enum": ["celsius", "fahrenheit"]},
               "days": {"type": "integer", "minimum": 1, "maximum": 14}}, "required": ["location", "days"]}""", """
            {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {
               "name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
               "required": ["name", "children"], "additionalProperties": false}}}""", """
            {"type": "array", "minItems": 1, "items": {"oneOf": [
               {"type": "object", "properties": {"kind": {"const": "circle"}, "radius": {"type": "number", "exclusiveMinimum": 0}},
                "required": ["kind", "radius"]},
               {"type": "object", "properties": {"kind": {"const": "box"}, "sides": {"type": "array", "items": {"type": "number"},
                "minItems": 3, "maxItems": 3}}, "required": ["kind", "sides"]}]}}""", """
            {"type": "object", "properties": {
               "id": {"type": "string", "format": "uuid"}, "when": {"type": "string", "format": "date-time"},
               "mail": {"type": "string", "format": "email"}}, "required": ["id", "when", "mail"]}""", """
            {"type": "object", "additionalProperties": {"type": ["number", "null", "boolean"]}, "minProperties": 1}""", """
            {"type": "object", "properties": {
               "code": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]+$", "maxLength": 8},
               "days": {"type": "array", "items": {"enum": ["Mon", "Tue", "Wed", "Thu"]}, "uniqueItems": true, "minItems": 2},
               "price": {"type": "number", "minimum": 0.5, "maximum": 99.99, "multipleOf": 0.01}},
               "required": ["code", "days", "price"]}""", """
            {"type": "object", "properties": {"paid": {"type": "boolean"}, "sum": {"type": "integer"}, "by": {"type": "string"}},
               "required": ["paid"], "if": {"properties": {"paid": {"const": true}}}, "then": {"required": ["sum", "by"]},
               "else": {"properties": {"by": false}}}""", """
            {"type": "object"}""", """
            {"anyOf": [{"type": "null"}, {"type": "string", "not": {"pattern": "a"}, "maxLength": 20},
               {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": false, "minItems": 2}]}""", """
            true""");

    /** The schema of which even the shortest answer is long. */
    private static final int LONG = 3;

    @Test
    void answersAreValidHundredTimesOfHundred() throws JsonProcessingException {
        SchemaRegistry registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
        List<Schema> validators = SCHEMAS.stream().map(registry::getSchema).toList();
        JsonMapper json = JsonMapper.builder()
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .build();
        try (LLMPipeline pipeline = new LLMPipeline(TestData.demo(), "CPU")) {
            for (int seed = 0; seed < 100; seed++) {
                int which = seed % SCHEMAS.size();
                GenerationConfig config = pipeline.generationConfig().toBuilder()
                        .structuredOutput(new StructuredOutputConfig.JsonSchema(SCHEMAS.get(which)))
                        .maxNewTokens(which == LONG ? 120 : 64)
                        .doSample(true)
                        .temperature(1)
                        .seed(seed)
                        .build();
                String text = pipeline.generate("Tell me about the sea.", config, Streamer.NONE)
                        .text();
                assertThat(validators
                                .get(which)
                                .validate(
                                        json.readTree(text),
                                        context -> context.executionConfig(c -> c.formatAssertionsEnabled(true))))
                        .as("seed %d, schema %s: %s", seed, SCHEMAS.get(which), text)
                        .isEmpty();
            }
        }
    }
}
