package dev.decanter.genai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.export.Exporter;
import dev.decanter.export.WeightFormat;
import dev.decanter.runtime.Core;
import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.TokenizerConverter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Finds the test data at the project's root, and exports its models once. */
final class TestData {
    private static final Map<String, Path> EXPORTED = new ConcurrentHashMap<>();

    private TestData() {}

    static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("testdata"))) {
            folder = folder.getParent();
            if (folder == null) {
                throw new IllegalStateException("testdata is not in any folder above the working one");
            }
        }
        return folder;
    }

    /** The checkpoint of a golden model. */
    static Path checkpoint(String model) {
        return root().resolve("testdata/golden").resolve(model).resolve("model");
    }

    /** The numbers of a golden model. */
    static JsonNode golden(String model) {
        return json(checkpoint(model).resolveSibling("golden.json"));
    }

    static JsonNode json(Path file) {
        try {
            return JsonMapper.builder().build().readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A golden model as an IR folder with tokenizer, in f32. */
    static Path exported(String model, boolean stateful) {
        return EXPORTED.computeIfAbsent(model + (stateful ? "" : "-stateless"), name -> {
            Path target = Path.of("target", "golden-ir", name).toAbsolutePath();
            return export(checkpoint(model), target, stateful);
        });
    }

    /** A pipeline in the device's exact mode: what is held to golden numbers must not carry the rounding of fast products and caches. */
    static LLMPipeline exact(Path folder, String device) {
        Core core = Core.create();
        return new LLMPipeline(folder, core, device, core.accurateProperties(device));
    }

    /** The demo model as an IR folder. */
    static Path demo() {
        return EXPORTED.computeIfAbsent(
                "demo",
                name -> export(
                        root().resolve("demo/model"),
                        Path.of("target", "demo-ir").toAbsolutePath(),
                        true));
    }

    static Path export(Path checkpoint, Path target, boolean stateful) {
        Exporter.builder()
                .weightFormat(WeightFormat.FP32)
                .stateful(stateful)
                .tokenizer((from, to) -> TokenizerConverter.convert(from, to, ConversionOptions.DEFAULT))
                .build()
                .export(checkpoint, target);
        return target;
    }

    static long[] longs(JsonNode array) {
        long[] values = new long[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).longValue();
        }
        return values;
    }

    static float[] floats(JsonNode array) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).floatValue();
        }
        return values;
    }
}
