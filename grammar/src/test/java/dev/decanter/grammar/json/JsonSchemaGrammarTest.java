package dev.decanter.grammar.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.grammar.CompiledGrammar;
import dev.decanter.grammar.GrammarException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Schemas as people write them, with the default options. */
class JsonSchemaGrammarTest {

    private static CompiledGrammar grammar(String schema) {
        return Judge.compile(JsonSchemaGrammar.of(schema));
    }

    private static void accepts(String schema, String... texts) {
        CompiledGrammar grammar = grammar(schema);
        for (String text : texts) {
            assertThat(Judge.objection(Judge.validator(schema), text)).as(text).isEmpty();
            assertThat(Judge.accepts(grammar, text)).as(text).isTrue();
        }
        for (int i = 0; i < 10; i++) {
            String text = Judge.sample(grammar, new Random(i), 20 * i);
            assertThat(Judge.objection(Judge.validator(schema), text)).as(text).isEmpty();
        }
    }

    private static void rejects(String schema, String... texts) {
        CompiledGrammar grammar = grammar(schema);
        for (String text : texts) {
            assertThat(Judge.accepts(grammar, text)).as(text).isFalse();
        }
    }

    @Test
    void toolParameters() {
        String schema = """
            {"type": "object",
             "properties": {
               "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
               "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
               "days": {"type": "integer", "minimum": 1, "maximum": 14, "default": 3}},
             "required": ["location"], "additionalProperties": false}""";
        accepts(
                schema,
                "{\"location\": \"San Francisco, CA\"}",
                "{\"location\": \"Zürich\", \"unit\": \"celsius\"}",
                "{\"location\":\"a \\\"b\\\"\",\"unit\":\"fahrenheit\",\"days\":14}",
                "{\"location\": \"\\u00e9\\ud83d\\ude00\", \"days\": 3}");
        rejects(
                schema,
                "{}",
                "{\"unit\": \"celsius\"}",
                "{\"location\": \"x\", \"days\": 15}",
                "{\"location\": \"x\", \"days\": 0}",
                "{\"location\": \"x\", \"days\": 1.5}",
                "{\"location\": \"x\", \"unit\": \"kelvin\"}",
                "{\"location\": \"x\", }",
                "{\"location\": \"\\ud83d\"}",
                "{\"location\": \"\\ud83dx\"}",
                "{\"location\": \"\\ude00\"}",
                "{\"location\": \"\\x\"}",
                "{\"location\": \"a\nb\"}",
                "{\"location\": \"x\"",
                "{\"location\": \"x\"} ",
                "{\"location\":  \"x\"}",
                "{\"location\": \"x\", \"other\": 1}");
    }

    @Test
    void nestedObjectsAndArrays() {
        accepts(
                """
            {"type": "object",
             "properties": {
               "name": {"type": "string", "minLength": 1, "maxLength": 40},
               "email": {"type": "string", "format": "email"},
               "born": {"type": "string", "format": "date"},
               "height": {"type": "number", "exclusiveMinimum": 0, "maximum": 3},
               "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
               "addresses": {"type": "array", "minItems": 1, "items": {
                 "type": "object",
                 "properties": {"street": {"type": "string"}, "zip": {"type": "string", "pattern": "^[0-9]{5}$"}},
                 "required": ["street", "zip"]}},
               "active": {"type": "boolean"},
               "manager": {"type": ["string", "null"]}},
             "required": ["name", "addresses", "active"]}""",
                "{\"name\": \"Ada\", \"addresses\": [{\"street\": \"High St 1\", \"zip\":"
                        + " \"01234\"}], \"active\": true}",
                "{\"name\": \"Ada\", \"email\": \"ada@example.org\", \"born\": \"2000-02-29\","
                        + " \"height\": 1.75, \"tags\": [],"
                        + " \"addresses\": [{\"street\": \"\", \"zip\": \"00000\"}, {\"street\": \"a\","
                        + " \"zip\": \"99999\"}],"
                        + " \"active\": false, \"manager\": null}");
    }

    @Test
    void recursionThroughDefinitions() {
        String schema = """
            {"$defs": {"node": {"type": "object", "properties": {
                 "value": {"type": "integer"},
                 "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}}, "required": ["value", "children"]}},
             "$ref": "#/$defs/node"}""";
        accepts(
                schema,
                "{\"value\": 1, \"children\": []}",
                "{\"value\": 1, \"children\": [{\"value\": 2, \"children\": [{\"value\": -3,"
                        + " \"children\": []}]}, {\"value\": 4,"
                        + " \"children\": []}]}");
        rejects(schema, "{\"value\": 1, \"children\": [{\"value\": 2}]}", "{\"value\": 1, \"children\": [1]}");
    }

    @Test
    void discriminatedUnions() {
        String schema = """
            {"type": "object", "properties": {"shapes": {"type": "array", "items": {"oneOf": [
                {"$ref": "#/$defs/Circle"}, {"$ref": "#/$defs/Rectangle"}]}}}, "required": ["shapes"],
             "$defs": {
               "Circle": {"type": "object", "title": "Circle", "properties": {
                  "kind": {"const": "circle", "title": "Kind"}, "radius": {"type": "number", "minimum": 0}},
                  "required": ["kind", "radius"], "additionalProperties": false},
               "Rectangle": {"type": "object", "properties": {
                  "kind": {"const": "rectangle"}, "width": {"type": "number"}, "height": {"type": "number"}},
                  "required": ["kind", "width", "height"], "additionalProperties": false}}}""";
        accepts(
                schema,
                "{\"shapes\": [{\"kind\": \"circle\", \"radius\": 2.5}, {\"kind\":"
                        + " \"rectangle\", \"width\": 1, \"height\":"
                        + " -2e3}]}");
        rejects(
                schema,
                "{\"shapes\": [{\"kind\": \"circle\", \"width\": 2.5}]}",
                "{\"shapes\": [{\"kind\": \"oval\"}]}");
    }

    @Test
    void whatPydanticWrites() {
        accepts(
                """
            {"$defs": {"Color": {"enum": ["red", "green"], "title": "Color", "type": "string"},
                       "Base": {"properties": {"id": {"format": "uuid", "title": "Id", "type": "string"}},
                                "required": ["id"], "title": "Base", "type": "object"}},
             "properties": {
               "base": {"allOf": [{"$ref": "#/$defs/Base"}], "description": "x"},
               "color": {"anyOf": [{"$ref": "#/$defs/Color"}, {"type": "null"}], "default": null},
               "scores": {"additionalProperties": {"type": "number"}, "title": "Scores", "type": "object"},
               "pair": {"maxItems": 2, "minItems": 2, "prefixItems": [{"type": "integer"}, {"type": "string"}],
                        "type": "array"},
               "when": {"format": "date-time", "type": "string"},
               "age": {"anyOf": [{"type": "integer"}, {"type": "string", "maxLength": 3}]}},
             "required": ["base", "pair"], "title": "M", "type": "object"}""",
                "{\"base\": {\"id\": \"01234567-89ab-CDEF-0123-456789abcdef\"}, \"pair\": [1, \"a\"]}",
                "{\"base\": {\"id\": \"01234567-89ab-CDEF-0123-456789abcdef\"}, \"color\": null,"
                        + " \"scores\": {\"a\": 1.5, \"b\":"
                        + " 0}, \"pair\": [1, \"a\"], \"when\": \"2024-05-06T07:08:09.123Z\", \"age\": \"x\"}",
                "{\"base\": {\"id\": \"01234567-89ab-CDEF-0123-456789abcdef\"}, \"color\":"
                        + " \"red\", \"pair\": [1, \"a\"]}");
    }

    @Test
    void strictLeavesOutWhatTheSchemaDoesNotMention() {
        String schema = "{\"properties\": {\"a\": {\"minimum\": 1}}, \"minProperties\": 1}";
        rejects(schema, "{\"b\": 1}", "{\"a\": \"text\"}", "[]");
        accepts(schema, "{\"a\": 1}");
        CompiledGrammar loose =
                Judge.compile(JsonSchemaGrammar.of(schema, JsonSchemaOptions.DEFAULT.withStrict(false)));
        assertThat(Judge.accepts(loose, "{\"a\": 1, \"b\": []}")).isTrue();
        assertThat(Judge.accepts(loose, "{\"a\": \"text\"}")).isTrue();
        assertThat(Judge.accepts(loose, "[]")).isTrue();
        rejects("{\"prefixItems\": [{\"type\": \"null\"}]}", "[null, 1]");
        accepts("{\"prefixItems\": [{\"type\": \"null\"}]}", "[null]", "[]");
    }

    @Test
    void whiteSpaceAsAsked() {
        String schema =
                "{\"properties\": {\"a\": {\"type\": \"array\", \"items\": {\"type\": \"null\"}}, \"b\": {\"type\":"
                        + " \"null\"}}}";
        String compact = "{\"a\":[null,null],\"b\":null}";
        String spaced = "{\"a\": [null, null], \"b\": null}";
        String pretty = "{\n  \"a\": [\n    null,\n    null\n  ],\n  \"b\": null\n}";
        CompiledGrammar tight = Judge.compile(
                JsonSchemaGrammar.of(schema, JsonSchemaOptions.DEFAULT.withWhitespace(Whitespace.COMPACT)));
        CompiledGrammar free = Judge.compile(
                JsonSchemaGrammar.of(schema, JsonSchemaOptions.DEFAULT.withWhitespace(Whitespace.upTo(5))));
        assertThat(Judge.accepts(tight, compact)).isTrue();
        assertThat(Judge.accepts(tight, spaced)).isFalse();
        accepts(schema, compact, spaced);
        rejects(schema, pretty, "{\"a\" : []}", "{ }");
        for (String text : new String[] {compact, spaced, pretty, "{ }", "{\"a\" : [ ]\t}"}) {
            assertThat(Judge.accepts(free, text)).as(text).isTrue();
        }
        assertThat(Judge.accepts(free, "{\"a\":      []}")).isFalse();
        assertThatThrownBy(() -> Whitespace.upTo(1000)).isInstanceOf(GrammarException.class);
    }

    @Test
    void boundsForWhatHasNone() {
        JsonSchemaOptions bounded =
                JsonSchemaOptions.DEFAULT.withMaxStringLength(3).withMaxItems(2);
        CompiledGrammar any = Judge.compile(JsonSchemaGrammar.any(bounded));
        assertThat(Judge.accepts(any, "[\"abc\", {\"a\": 1, \"b\": 2}]")).isTrue();
        assertThat(Judge.accepts(any, "[\"abcd\"]")).isFalse();
        assertThat(Judge.accepts(any, "[1, 2, 3]")).isFalse();
        assertThat(Judge.accepts(any, "{\"a\": 1, \"b\": 2, \"c\": 3}")).isFalse();
        CompiledGrammar own = Judge.compile(JsonSchemaGrammar.of(
                "{\"type\": \"array\", \"items\": {\"type\": \"string\", \"minLength\": 5}, \"minItems\": 3}",
                bounded));
        assertThat(Judge.accepts(own, "[\"abcde\", \"abcde\", \"abcde\"]")).isTrue();
    }

    @Test
    void nullableOnRequest() {
        String schema = "{\"type\": \"string\", \"nullable\": true}";
        CompiledGrammar open =
                Judge.compile(JsonSchemaGrammar.of(schema, JsonSchemaOptions.DEFAULT.withNullable(true)));
        assertThat(Judge.accepts(open, "null")).isTrue();
        rejects(schema, "null");
    }

    @Test
    void anyObject() {
        CompiledGrammar object = Judge.compile(JsonSchemaGrammar.object(JsonSchemaOptions.DEFAULT));
        for (String text : new String[] {"{}", "{\"a\": {\"b\": [1, -2.5e-7, \"\\n\", null, true, []]}, \"\": {}}"}) {
            assertThat(Judge.accepts(object, text)).as(text).isTrue();
        }
        for (String text : new String[] {
            "[]", "1", "{\"a\"}", "{\"a\": 01}", "{\"a\": .5}", "{a: 1}", "{\"a\": 1,}", "{\"a\": NaN}"
        }) {
            assertThat(Judge.accepts(object, text)).as(text).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "date",
                "time",
                "date-time",
                "duration",
                "email",
                "idn-email",
                "hostname",
                "idn-hostname",
                "ipv4",
                "ipv6",
                "uuid",
                "uri",
                "iri",
                "uri-reference",
                "iri-reference",
                "uri-template",
                "json-pointer",
                "relative-json-pointer"
            })
    void formatsAsTheValidatorTakesThem(String format) {
        String schema = "{\"type\": \"string\", \"format\": \"" + format + "\"}";
        CompiledGrammar grammar = grammar(schema);
        for (int i = 0; i < 30; i++) {
            String text = Judge.sample(grammar, new Random(i), i);
            assertThat(Judge.objection(Judge.validator(schema), text)).as(text).isEmpty();
        }
    }

    @Test
    void formatsInTheirCommonForm() {
        accepts("{\"format\": \"date\"}", "\"2024-02-29\"", "\"2000-02-29\"", "\"1999-12-31\"");
        rejects("{\"format\": \"date\"}", "\"2023-02-29\"", "\"1900-02-29\"", "\"2024-13-01\"", "\"2024-04-31\"");
        accepts("{\"format\": \"date-time\"}", "\"2024-02-29T23:59:59Z\"", "\"2024-02-29T00:00:00.5+02:00\"");
        accepts("{\"format\": \"email\"}", "\"jo.doe+x@mail.example.com\"");
        accepts("{\"format\": \"uri\"}", "\"https://example.com/a/b?c=d#e\"", "\"http://www.example.org:8080/\"");
        accepts("{\"format\": \"ipv4\"}", "\"255.0.10.1\"");
        rejects("{\"format\": \"ipv4\"}", "\"256.0.0.1\"", "\"01.2.3.4\"");
        accepts("{\"format\": \"ipv6\"}", "\"::1\"", "\"2001:db8::ff00:42:8329\"");
        accepts("{\"format\": \"duration\"}", "\"P3DT4H\"", "\"PT0S\"", "\"P2W\"");
        rejects("{\"format\": \"duration\"}", "\"P\"", "\"PT\"", "\"P1YT\"");
        accepts("{\"type\": \"integer\", \"format\": \"int32\"}", "2147483647", "-2147483648");
        rejects("{\"type\": \"integer\", \"format\": \"int32\"}", "2147483648");
    }
}
