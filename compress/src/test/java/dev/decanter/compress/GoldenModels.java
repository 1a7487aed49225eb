package dev.decanter.compress;

import dev.decanter.export.Exporter;
import dev.decanter.export.WeightFormat;
import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.TokenizerConverter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The golden models of the project's test data as IR folders, exported once. */
public final class GoldenModels {
    private static final Map<String, Path> EXPORTED = new ConcurrentHashMap<>();

    private GoldenModels() {}

    public static Path checkpoint(String model) {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("testdata"))) {
            folder = folder.getParent();
            if (folder == null) {
                throw new IllegalStateException("testdata is not in any folder above the working one");
            }
        }
        return folder.resolve("testdata/golden").resolve(model).resolve("model");
    }

    /** In f32, without tokenizer. */
    public static Path graph(String model, boolean stateful) {
        return EXPORTED.computeIfAbsent(model + (stateful ? "" : "-stateless"), name -> {
            Path target = Path.of("target", "golden-ir", name).toAbsolutePath();
            Exporter.builder()
                    .weightFormat(WeightFormat.FP32)
                    .stateful(stateful)
                    .tokenizer((from, to) -> List.of())
                    .build()
                    .export(checkpoint(model), target);
            return target;
        });
    }

    /** In f32, with tokenizer. */
    public static Path whole(String model) {
        return EXPORTED.computeIfAbsent(model + "-whole", name -> {
            Path target = Path.of("target", "golden-ir", name).toAbsolutePath();
            Exporter.builder()
                    .weightFormat(WeightFormat.FP32)
                    .tokenizer((from, to) -> TokenizerConverter.convert(from, to, ConversionOptions.DEFAULT))
                    .build()
                    .export(checkpoint(model), target);
            return target;
        });
    }
}
