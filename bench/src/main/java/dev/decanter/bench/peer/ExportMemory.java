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
import java.util.Optional;

/**
 * Exports a checkpoint, in fp16 or compressed in the same pass, and prints time and memory; the anonymous part is what comes on
 * top of mapped files.
 */
public final class ExportMemory {
    private ExportMemory() {}

    /** Arguments: checkpoint folder, IR folder; a compression mode and perhaps a group size. */
    public static void main(String[] arguments) throws IOException {
        export(
                Path.of(arguments[0]),
                Path.of(arguments[1]),
                arguments.length > 2
                        ? Optional.of(CompressionMode.valueOf(arguments[2].toUpperCase(Locale.ROOT)))
                        : Optional.empty(),
                arguments.length > 3 ? Optional.of(Integer.valueOf(arguments[3])) : Optional.empty());
    }

    /** Exports in f16 or, if there is a mode, compressed; without a group size with the mode's own. */
    static void export(Path checkpoint, Path ir, Optional<CompressionMode> mode, Optional<Integer> groupSize)
            throws IOException {
        long start = System.nanoTime();
        Exporter.Builder exporter = Exporter.builder().tokenizer((_, _) -> List.of());
        mode.ifPresentOrElse(
                given -> exporter.transform(Compressed.by(given, groupSize)),
                () -> exporter.weightFormat(WeightFormat.FP16));
        try (AnonymousPeak peak = new AnonymousPeak()) {
            report(exporter.build().export(checkpoint, ir), (System.nanoTime() - start) / 1e9, peak);
        }
    }

    private static void report(ExportReport report, double seconds, AnonymousPeak peak) throws IOException {
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
        static Compressed by(CompressionMode mode, Optional<Integer> groupSize) {
            WeightCompression.Builder builder = WeightCompression.builder().mode(mode);
            groupSize.ifPresent(builder::groupSize);
            return new Compressed(mode.name().toLowerCase(Locale.ROOT), builder.build());
        }

        @Override
        public void apply(Model model, Path folder) {
            compression.compress(model);
        }
    }
}
