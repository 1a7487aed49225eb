package dev.decanter.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** A model that really learnt something tells its story as llama2.c lets it. Needs a folder that is not in the project. */
class Stories260KTest {
    @TempDir
    Path folder;

    private Path shared;

    @BeforeEach
    void find() {
        shared = TestData.shared("real/lm-stories260K");
        assumeTrue(Files.isDirectory(shared), "lm-stories260K is not there; set decanter.shared to run this test");
    }

    @ParameterizedTest
    @FieldSource("dev.decanter.export.Runner#DEVICES")
    void theIdsAreThoseOfLlama2c(String device) throws IOException {
        Llama2cConverter.convert(shared.resolve("stories260K.bin"), shared.resolve("tok512.bin"), folder);
        Path out = folder.resolve("ov");
        Exporter.builder().weightFormat(WeightFormat.FP32).build().export(folder, out);
        JsonNode expected = TestData.json(shared.resolve("expected_greedy.json"));
        List<Integer> ids = new ArrayList<>();
        expected.get("ids").forEach(id -> ids.add(id.asInt()));
        try (Runner runner = Runner.open(out, device, 1)) {
            float[] first = runner.append(new int[] {1})[0][0];
            for (int i = 0; i < first.length; i++) {
                assertThat(first[i])
                        .isCloseTo((float) expected.get("logits_pos0").get(i).asDouble(), within(2e-4f));
            }
        }
        try (Runner runner = Runner.open(out, device, 1)) {
            assertThat(runner.greedy(new int[] {1}, ids.size())).isEqualTo(ids);
        }
    }
}
