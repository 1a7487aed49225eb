package dev.decanter.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What we write, OpenVINO must read: only known operations, versions and attributes. */
class AllowedOpsTest {
    private static final Pattern TAG = Pattern.compile("<(layer|data) ([^>]*)>");
    private static final Pattern ATTRIBUTE = Pattern.compile("([\\w-]+)=\"([^\"]*)\"");

    @TempDir
    Path folder;

    private static Map<String, Set<String>> allowed() throws IOException {
        Map<String, Set<String>> out = new HashMap<>();
        InputStream resource = Objects.requireNonNull(AllowedOpsTest.class.getResourceAsStream("/allowed-ops.txt"));
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(resource, StandardCharsets.UTF_8))) {
            for (String line : lines.lines().filter(l -> !l.startsWith("#")).toList()) {
                List<String> words = List.of(line.split(" ", -1));
                out.put(words.get(0) + " " + words.get(1), Set.copyOf(words.subList(2, words.size())));
            }
        }
        return out;
    }

    private static void assertAllowed(Path xml) throws IOException {
        Map<String, Set<String>> allowed = allowed();
        Matcher tags = TAG.matcher(Files.readString(xml));
        String layer = "";
        int layers = 0;
        while (tags.find()) {
            Map<String, String> attributes = new HashMap<>();
            Matcher pairs = ATTRIBUTE.matcher(tags.group(2));
            while (pairs.find()) {
                attributes.put(pairs.group(1), pairs.group(2));
            }
            if (tags.group(1).equals("layer")) {
                layer = attributes.get("type") + " " + attributes.get("version");
                assertThat(allowed).containsKey(layer);
                layers++;
            } else {
                assertThat(Objects.requireNonNull(allowed.get(layer)))
                        .describedAs(layer)
                        .containsAll(attributes.keySet());
            }
        }
        assertThat(layers).isGreaterThan(100);
    }

    private void assertExportsAllowed(Path checkpoint) throws IOException {
        for (WeightFormat format : WeightFormat.values()) {
            for (boolean stateful : new boolean[] {true, false}) {
                Path out = folder.resolve("ov-" + format + stateful);
                Exporter.builder()
                        .weightFormat(format)
                        .stateful(stateful)
                        .build()
                        .export(checkpoint, out);
                assertAllowed(out.resolve("openvino_model.xml"));
            }
        }
    }

    @ParameterizedTest
    @FieldSource("dev.decanter.export.TestData#MODELS")
    void goldenModels(String name) throws IOException {
        assertExportsAllowed(TestData.checkpoint(name));
    }

    static Stream<SyntheticCheckpoint> variants() {
        return Stream.of(
                new SyntheticCheckpoint("llama").with("rope_scaling", Map.of("type", "dynamic", "factor", 2.0)),
                new SyntheticCheckpoint("llama").with("rope_scaling", Map.of("type", "yarn", "factor", 2.0)),
                new SyntheticCheckpoint("llama")
                        .with("partial_rotary_factor", 0.5)
                        .with("attention_bias", true),
                new SyntheticCheckpoint("llama").with("hidden_act", "gelu"),
                new SyntheticCheckpoint("llama").with("hidden_act", "relu"),
                new SyntheticCheckpoint("qwen3")
                        .with("use_sliding_window", true)
                        .with("max_window_layers", 1));
    }

    @ParameterizedTest
    @MethodSource("variants")
    void configurationsThatGoldenModelsDoNotHave(SyntheticCheckpoint checkpoint) throws IOException {
        checkpoint.write(folder);
        assertExportsAllowed(folder);
    }
}
