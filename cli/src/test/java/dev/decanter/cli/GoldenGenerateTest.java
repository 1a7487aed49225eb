package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@code export --weight-format fp32}, then {@code generate --prompt-ids … --json}: the greedy ids of PyTorch exactly, its
 * logits closely. The pom runs this class once more at each narrower vector width.
 */
class GoldenGenerateTest {
    private static final double LOGIT_TOLERANCE = 2e-4;
    private static final String WIDTH = "decanter.cpu.vector";

    @TempDir
    static Path exports;

    static Stream<Arguments> runs() {
        // the width concerns the CPU device only
        List<String> devices = System.getProperty(WIDTH) == null ? List.of("CPU", "REFERENCE") : List.of("CPU");
        return Stream.of("llama-gqa", "llama3-rope-tied", "mistral-swa", "qwen2", "qwen3")
                .flatMap(model -> Stream.of(true, false)
                        .flatMap(stateful -> devices.stream().map(device -> Arguments.of(model, stateful, device))));
    }

    @ParameterizedTest(name = "{0}, stateful {1}, {2}")
    @MethodSource("runs")
    void givesTheIdsOfPyTorch(String model, boolean stateful, String device) {
        Path folder = export(model, stateful);
        JsonNode cases =
                Cli.read(Cli.GOLDEN.resolve(model).resolve("golden.json")).get("cases");
        assertThat(cases).isNotEmpty();
        for (JsonNode golden : cases) {
            JsonNode expected = golden.get("greedy").get("new_ids");
            JsonNode logits = golden.get("logits_last");
            JsonNode result = Cli.done(
                            "generate",
                            "--model",
                            folder,
                            "--device",
                            device,
                            "--json",
                            "--ignore-eos",
                            "--prompt-ids",
                            ids(golden.get("input_ids")),
                            "--max-new-tokens",
                            expected.size(),
                            "--logits",
                            logits.size())
                    .json();
            assertThat(result.get("token_ids")).as(golden.get("id").asText()).isEqualTo(expected);
            assertThat(result.get("finish_reason").asText()).isEqualTo("length");
            assertThat(result.get("argmax")).isEqualTo(golden.get("argmax"));
            assertThat(result.get("logits")).hasSize(logits.size());
            for (int i = 0; i < logits.size(); i++) {
                assertThat(result.get("logits").get(i).asDouble())
                        .isCloseTo(logits.get(i).asDouble(), within(LOGIT_TOLERANCE));
            }
        }
    }

    private static Path export(String model, boolean stateful) {
        Path folder = exports.resolve(model + (stateful ? "" : "-stateless"));
        if (!Files.exists(folder)) {
            List<Object> words = new ArrayList<>(
                    List.of("export", "--model", Cli.GOLDEN.resolve(model).resolve("model")));
            words.addAll(List.of(folder, "--weight-format", "fp32", "--disable-convert-tokenizer"));
            if (!stateful) {
                words.add("--disable-stateful");
            }
            Cli.done(words.toArray());
        }
        return folder;
    }

    private static String ids(JsonNode array) {
        return array.valueStream().map(JsonNode::asText).collect(Collectors.joining(","));
    }
}
