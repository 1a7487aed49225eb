package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.decanter.grammar.GrammarException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Structured output of the demo model. */
class StructuredOutputTest {
    private static final String SCHEMA = """
            {"type": "object", "additionalProperties": false,
             "properties": {
               "name": {"type": "string", "maxLength": 30},
               "age": {"type": "integer", "minimum": 0, "maximum": 150},
               "color": {"enum": ["red", "green", "blue"]},
               "tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}, "maxItems": 4},
               "home": {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"type": ["string", "null"]}},
                        "required": ["city"]}},
             "required": ["name", "age", "color"]}""";

    private static final Schema VALIDATOR = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(SCHEMA);

    private static LLMPipeline pipeline;

    @BeforeAll
    static void load() {
        pipeline = new LLMPipeline(TestData.demo(), "CPU");
    }

    @AfterAll
    static void close() {
        pipeline.close();
    }

    private static GenerationConfigBuilder config(StructuredOutputConfig format) {
        return pipeline.generationConfig().toBuilder().structuredOutput(format).maxNewTokens(60);
    }

    private static String answer(GenerationConfig config) {
        return pipeline.generate("Tell me about the capital of France.", config, Streamer.NONE)
                .text();
    }

    private static void assertValid(String text) throws JsonProcessingException {
        JsonNode json = JsonMapper.builder()
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build()
                .readTree(text);
        assertThat(VALIDATOR.validate(json)).as(text).isEmpty();
    }

    @Test
    void jsonOfASchemaHundredTimesOfHundred() throws JsonProcessingException {
        for (int seed = 0; seed < 100; seed++) {
            // From so few tokens that there is hardly a choice to more than are wanted.
            GenerationConfig config = config(new StructuredOutputConfig.JsonSchema(SCHEMA))
                    .maxNewTokens(40 + seed)
                    .doSample(true)
                    .temperature(1)
                    .seed(seed)
                    .build();
            assertValid(answer(config));
        }
    }

    @Test
    void everyWayOfDecodingKeepsToIt() throws JsonProcessingException {
        var format = new StructuredOutputConfig.JsonSchema(SCHEMA);
        assertValid(answer(config(format).build()));
        assertValid(answer(config(format).minNewTokens(30).build()));
        assertValid(answer(
                config(format).repetitionPenalty(1.3f).noRepeatNgramSize(12).build()));
        assertValid(answer(config(format).numAssistantTokens(4).maxNgramSize(3).build()));
        GenerationConfig beams =
                config(format).numBeams(3).numReturnSequences(3).build();
        for (GeneratedSequence sequence :
                pipeline.generate("Who is it?", beams, Streamer.NONE).sequences()) {
            assertValid(sequence.text());
        }
        GenerationConfig several =
                config(format).doSample(true).numReturnSequences(4).build();
        for (GenerationResult result : pipeline.generate(List.of("Who?", "What is the color of the sea?"), several)) {
            for (GeneratedSequence sequence : result.sequences()) {
                assertValid(sequence.text());
            }
        }
    }

    @Test
    void promptLookupChangesNothing() {
        var format = new StructuredOutputConfig.JsonSchema(SCHEMA);
        assertThat(answer(config(format).numAssistantTokens(4).maxNgramSize(3).build()))
                .isEqualTo(answer(config(format).build()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\\d{4}-\\d{2}-\\d{2}",
                "(Paris|London), (the )?capital",
                "[A-Z][a-z]{3,8}( [a-z]{2,8}){2,6}\\.",
                "é+",
                "😀{2}"
            })
    void regularExpressions(String expression) {
        for (int seed = 0; seed < 5; seed++) {
            GenerationResult result = pipeline.generate(
                    "When was it?",
                    config(new StructuredOutputConfig.Regex(expression))
                            .doSample(true)
                            .seed(seed)
                            .build(),
                    Streamer.NONE);
            assertThat(result.text()).matches(expression);
            assertThat(result.metrics().grammarCompileDuration().mean()).isNotNegative();
        }
    }

    @Test
    void grammars() {
        var sum = new StructuredOutputConfig.Grammar("root ::= n (\" + \" n)+\nn ::= [1-9] [0-9]? | \"(\" root \")\"");
        for (int seed = 0; seed < 20; seed++) {
            String text = answer(
                    config(sum).maxNewTokens(24).doSample(true).seed(seed).build());
            assertThat(text).matches("[0-9+() ]+").contains(" + ");
            assertThat(text.chars().filter(c -> c == '(').count())
                    .isEqualTo(text.chars().filter(c -> c == ')').count());
        }
    }

    @Test
    void partsTogether() {
        var call = new StructuredOutputConfig.Tag(
                "<call>", new StructuredOutputConfig.JsonSchema("{\"enum\": [1, 2]}"), "</call>");
        var tags = new StructuredOutputConfig.TriggeredTags(List.of("<call>"), List.of(call), true, false);
        for (int seed = 0; seed < 10; seed++) {
            assertThat(answer(config(tags)
                            .maxNewTokens(40)
                            .doSample(true)
                            .seed(seed)
                            .build()))
                    .matches("(?s)((?!<call>).)*(<call>[12]</call>((?!<call>).)*)+");
        }
        var letter = new StructuredOutputConfig.Concat(List.of(
                new StructuredOutputConfig.ConstString("Dear "),
                new StructuredOutputConfig.Union(List.of(
                        new StructuredOutputConfig.Regex("[A-Z][a-z]+"),
                        new StructuredOutputConfig.ConstString("all"))),
                new StructuredOutputConfig.ConstString("! "),
                new StructuredOutputConfig.JsonSchema("{\"type\": \"boolean\"}"),
                new StructuredOutputConfig.AnyText()));
        assertThat(answer(config(letter).build())).matches("(?s)Dear ([A-Z][a-z]+|all)! (true|false).*");
    }

    @Test
    void saysWhatCannotBe() {
        assertThatThrownBy(() -> answer(config(new StructuredOutputConfig.JsonSchema(SCHEMA))
                        .maxNewTokens(2)
                        .build()))
                .isInstanceOf(GenerationException.class)
                .hasMessageMatching(
                        "the shortest answer of the structured output takes \\d+ tokens, but there may be 2;.*");
        assertThatThrownBy(() -> answer(config(new StructuredOutputConfig.Regex("a{2"))
                        .noStopTokenIds()
                        .build()))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("stop token");
        assertThatThrownBy(() ->
                        answer(config(new StructuredOutputConfig.Regex("(a")).build()))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining("not closed");
        assertThatThrownBy(() -> answer(
                        config(new StructuredOutputConfig.JsonSchema("{")).build()))
                .isInstanceOf(GrammarException.class);
        assertThatThrownBy(() -> config(new StructuredOutputConfig.AnyText())
                        .ignoreEos(true)
                        .build())
                .isInstanceOf(GenerationException.class);
        assertThatThrownBy(() -> new StructuredOutputConfig.TriggeredTags(List.of("<a>"), List.of()))
                .isInstanceOf(GenerationException.class);
    }

    @Test
    void aFileMayAskForIt(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("generation_config.json");
        Files.writeString(file, "{\"structured_output_config\": {\"json_schema\": {\"type\": \"null\"}}}");
        assertThat(GenerationConfig.read(file).structuredOutput())
                .contains(new StructuredOutputConfig.JsonSchema("{\"type\":\"null\"}"));
        Files.writeString(file, "{\"structured_output_config\": {\"regex\": \"a\", \"grammar\": \"root ::= \"}}");
        assertThatThrownBy(() -> GenerationConfig.read(file))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("it must have one");
    }

    @Test
    void theShortestAnswerIsReachedWhenThereIsRoomForNothingElse() throws JsonProcessingException {
        String message = "";
        try {
            answer(config(new StructuredOutputConfig.JsonSchema(SCHEMA))
                    .maxNewTokens(1)
                    .build());
        } catch (GenerationException e) {
            message = e.getMessage();
        }
        int least = Integer.parseInt(message.replaceAll(".*takes (\\d+) tokens.*", "$1"));
        assertValid(answer(config(new StructuredOutputConfig.JsonSchema(SCHEMA))
                .maxNewTokens(least)
                .build()));
    }

    @Test
    void tokensAreWhatTheTextGets() {
        List<byte[]> bytes = pipeline.tokenizer().orElseThrow().tokenBytes(false);
        long[] ids = pipeline.tokenizer().orElseThrow().encodeToIds("Naïve café: 日本 😀!\n", false);
        var text = new java.io.ByteArrayOutputStream();
        for (long id : ids) {
            text.writeBytes(bytes.get((int) id));
        }
        assertThat(text.toString(StandardCharsets.UTF_8)).isEqualTo("Naïve café: 日本 😀!\n");
    }
}
