package dev.decanter.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Exports give the numbers that PyTorch and Transformers gave for the golden models. */
class GoldenTest {
    /** What acceptance asks for; the reference's own f32 and f64 differ by up to 3e-5 here. */
    private static final float LOGITS_BOUND = 2e-4f;

    @TempDir
    Path folder;

    static Stream<Arguments> models() {
        return TestData.MODELS.stream()
                .flatMap(model -> Runner.DEVICES.stream()
                        .flatMap(device ->
                                Stream.of(Arguments.of(model, device, true), Arguments.of(model, device, false))));
    }

    @ParameterizedTest(name = "{0} on {1}, stateful {2}")
    @MethodSource("models")
    void logitsAndGreedyIdsAreThoseOfTransformers(String name, String device, boolean stateful) throws IOException {
        Path out = folder.resolve("ov");
        Exporter.builder()
                .weightFormat(WeightFormat.FP32)
                .stateful(stateful)
                .build()
                .export(TestData.checkpoint(name), out);
        JsonNode golden = TestData.json(TestData.golden(name).resolve("golden.json"));
        for (JsonNode test : golden.get("cases")) {
            int[] prompt = ints(test.get("input_ids"));
            float[][] expected = npy(
                    TestData.golden(name).resolve(test.get("prompt_logits_file").asText()));
            try (Runner runner = Runner.open(out, device, 1)) {
                float[][] logits = runner.append(prompt)[0];
                for (int t = 0; t < prompt.length; t++) {
                    assertThat(logits[t])
                            .describedAs("position %d", t)
                            .containsExactly(expected[t], within(LOGITS_BOUND));
                }
                JsonNode ids = test.get("greedy").get("new_ids");
                assertThat(runner.greedyAfter(logits, ids.size())).isEqualTo(list(ids));
            }
        }
    }

    /** f16 weights are exact in f16 storage, so that the ids must not change. */
    @ParameterizedTest
    @FieldSource("dev.decanter.export.Runner#DEVICES")
    void f16CheckpointsAreExactInF16(String device) {
        Path out = folder.resolve("ov");
        Exporter.builder().build().export(TestData.checkpoint("llama-gqa"), out);
        JsonNode test = TestData.json(TestData.golden("llama-gqa").resolve("golden.json"))
                .get("cases")
                .get(1);
        try (Runner runner = Runner.open(out, device, 1)) {
            JsonNode ids = test.get("greedy").get("new_ids");
            assertThat(runner.greedy(ints(test.get("input_ids")), ids.size())).isEqualTo(list(ids));
        }
    }

    private static int[] ints(JsonNode array) {
        return list(array).stream().mapToInt(Integer::intValue).toArray();
    }

    private static List<Integer> list(JsonNode array) {
        List<Integer> out = new ArrayList<>();
        array.forEach(element -> out.add(element.asInt()));
        return out;
    }

    /** A matrix of f32 in NumPy's format 1.0. */
    private static float[][] npy(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int headerEnd = 10 + bytes.getShort(8);
        String header = new String(bytes.array(), 10, headerEnd - 10, java.nio.charset.StandardCharsets.US_ASCII);
        String[] dims = header.replaceAll(".*'shape': \\((\\d+), (\\d+)\\).*\\s*", "$1 $2")
                .split(" ", -1);
        float[][] out = new float[Integer.parseInt(dims[0])][Integer.parseInt(dims[1])];
        bytes.position(headerEnd);
        for (float[] row : out) {
            bytes.asFloatBuffer().get(row);
            bytes.position(bytes.position() + 4 * row.length);
        }
        return out;
    }
}
