package dev.decanter.bench.peer;

import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.WeightCompression;
import dev.decanter.export.ExportReport;
import dev.decanter.export.Exporter;
import dev.decanter.export.ModelTransform;
import dev.decanter.export.WeightFormat;
import dev.decanter.ir.Model;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Exports a checkpoint, in fp16 or compressed in the same pass, and prints time and memory; the anonymous part is what comes on
 * top of mapped files.
 */
public final class ExportMemory {
    private ExportMemory() {}

    /** Arguments: checkpoint folder, IR folder; a compression mode and perhaps a group size. */
    public static void main(String[] arguments) throws IOException {
        try (AnonymousPeak peak = new AnonymousPeak()) {
            measure(arguments, peak);
        }
    }

    private static void measure(String[] arguments, AnonymousPeak peak) throws IOException {
        long start = System.nanoTime();
        Exporter.Builder exporter = Exporter.builder().tokenizer((checkpoint, folder) -> List.of());
        if (arguments.length > 2) {
            exporter.transform(new Compressed(arguments));
        } else {
            exporter.weightFormat(WeightFormat.FP16);
        }
        ExportReport report = exporter.build().export(Path.of(arguments[0]), Path.of(arguments[1]));
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                "exported %s as %s in %.1f s; peak RssAnon %d MB (sampled every %d ms); at the end %s MB; load %s%n",
                report.modelType(),
                report.weightFormat(),
                seconds,
                peak.megabytes(),
                AnonymousPeak.SAMPLE_MILLIS,
                ProcessMemory.now(),
                MachineLoad.averages());
    }

    private record Compressed(String weightFormat, WeightCompression compression) implements ModelTransform {
        Compressed(String[] arguments) {
            this(arguments[2], compression(arguments));
        }

        private static WeightCompression compression(String[] arguments) {
            WeightCompression.Builder builder =
                    WeightCompression.builder().mode(CompressionMode.valueOf(arguments[2].toUpperCase(Locale.ROOT)));
            if (arguments.length > 3) {
                builder.groupSize(Integer.parseInt(arguments[3]));
            }
            return builder.build();
        }

        @Override
        public void apply(Model model, Path folder) {
            compression.compress(model);
        }
    }
}
