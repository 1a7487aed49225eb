package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The flags of generate beyond plain sampling. */
class GenerateFlagsTest {
    private static final Path MODEL = Cli.GOLDEN.resolve("llama-gqa").resolve("model");
    private static final Path DEMO = Path.of("..", "demo", "model");

    @Test
    void beamsComeBestFirst() {
        Cli beams = Cli.done(
                "generate",
                "--model",
                MODEL,
                "--prompt",
                "One day",
                "--raw",
                "--max-new-tokens",
                6,
                "--json",
                "--num-beams",
                4,
                "--num-beam-groups",
                2,
                "--diversity-penalty",
                0.5,
                "--length-penalty",
                0.7,
                "--num-return-sequences",
                3,
                "--no-repeat-ngram-size",
                2,
                "--stop-criteria",
                "early");
        JsonNode sequences = beams.json().get("sequences");
        assertThat(sequences).hasSize(3);
        assertThat(sequences.get(0).get("score").asDouble())
                .isGreaterThanOrEqualTo(sequences.get(1).get("score").asDouble());
        assertThat(beams.json().get("text")).isEqualTo(sequences.get(0).get("text"));
    }

    @Test
    void severalAnswersArePrintedWithTheirScores() {
        Cli several = Cli.done(
                "generate",
                "--model",
                MODEL,
                "--prompt",
                "One day",
                "--raw",
                "--max-new-tokens",
                4,
                "--do-sample",
                "--num-return-sequences",
                2);
        assertThat(several.out().lines().filter(line -> line.startsWith("[score -")))
                .hasSize(2);
    }

    @Test
    void draftsChangeNothingAndAdaptersDo() {
        Object[] plain = {"generate", "--model", MODEL, "--prompt-ids", "1,302,341", "--max-new-tokens", 8, "--json"};
        JsonNode ids = Cli.done(plain).json().get("token_ids");
        assertThat(Cli.done(and(plain, "--draft-model", MODEL, "--num-assistant-tokens", 3))
                        .json()
                        .get("token_ids"))
                .isEqualTo(ids);
        assertThat(Cli.done(and(plain, "--num-assistant-tokens", 3, "--max-ngram-size", 2))
                        .json()
                        .get("token_ids"))
                .isEqualTo(ids);
        Path adapter = Cli.GOLDEN.resolve("llama-lora").resolve("adapter");
        assertThat(Cli.done(and(plain, "--lora", adapter + ":0.5")).json().get("token_ids"))
                .isNotEqualTo(ids);
        assertThat(Cli.done(and(plain, "--lora", adapter + ":0")).json().get("token_ids"))
                .isEqualTo(ids);
    }

    private static Object[] and(Object[] first, Object... more) {
        Object[] all = java.util.Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        return all;
    }

    @Test
    void aModelWithoutEyesRefusesImages() {
        Cli image = Cli.run("generate", "--model", MODEL, "--prompt", "What is this?", "--image", "cat.png");
        assertThat(image.status()).isEqualTo(1);
        assertThat(image.err()).contains("the model sees no images");
    }

    @Test
    void weightsAndPlanAreKeptForTheNextStart(@TempDir Path folder) throws Exception {
        Path cache = folder.resolve("cache");
        // what is only just written has no stamp to go by
        Thread.sleep(2_100);
        Object[] command = {"generate", "--model", DEMO, "--prompt", "Hello", "--max-new-tokens", 8, "--json"};
        JsonNode plain = Cli.done(command).json().get("token_ids");
        assertThat(Cli.done(and(command, "--cache-dir", cache)).json().get("token_ids"))
                .isEqualTo(plain);
        assertThat(cache).isDirectoryContaining("glob:**.decanter").isDirectoryContaining("glob:**.decanter-plan");
        assertThat(Cli.done(and(command, "--cache-dir", cache)).json().get("token_ids"))
                .isEqualTo(plain);
    }

    @Test
    void answersHaveTheShapeThatIsAskedFor(@TempDir Path folder) throws Exception {
        String schema = """
                {"type": "object", "required": ["a", "b"], "additionalProperties": false,
                 "properties": {"a": {"type": "integer"}, "b": {"enum": ["x", "y"]}}}""";
        Path file = Files.writeString(folder.resolve("schema.json"), schema);
        for (Object given : new Object[] {schema, file}) {
            Cli json = Cli.done(
                    "generate",
                    "--model",
                    DEMO,
                    "--prompt",
                    "Hello",
                    "--do-sample",
                    "--temperature",
                    1,
                    "--seed",
                    3,
                    "--max-new-tokens",
                    60,
                    "--json-schema",
                    given);
            JsonNode answer = BaseCommand.JSON.readTree(json.out());
            assertThat(answer.get("a").isIntegralNumber()).isTrue();
            assertThat(answer.get("b").asText()).isIn("x", "y");
        }
        Object[] prompt = {"generate", "--model", DEMO, "--prompt", "Hello"};
        assertThat(Cli.done(and(prompt, "--regex", "(ab){3}c")).out().strip()).isEqualTo("abababc");
        Path grammar = Files.writeString(folder.resolve("g.ebnf"), "root ::= \"yes\" | \"no\"\n");
        assertThat(Cli.done(and(prompt, "--grammar", grammar)).out().strip()).isIn("yes", "no");
        assertThat(Cli.run(and(prompt, "--grammar", grammar, "--regex", "a")).status())
                .isEqualTo(2);
    }
}
