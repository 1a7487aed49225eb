package dev.decanter.bench.peer;

import dev.decanter.export.ExportReport;
import dev.decanter.export.Exporter;
import dev.decanter.export.WeightFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Exports a checkpoint in fp16 and prints time and memory; the anonymous part is what comes on top of mapped files. */
public final class ExportMemory {
    private ExportMemory() {}

    /** Arguments: checkpoint folder, IR folder. */
    public static void main(String[] arguments) throws IOException {
        try (AnonymousPeak peak = new AnonymousPeak()) {
            measure(arguments, peak);
        }
    }

    private static void measure(String[] arguments, AnonymousPeak peak) throws IOException {
        long start = System.nanoTime();
        ExportReport report = Exporter.builder()
                .weightFormat(WeightFormat.FP16)
                .tokenizer((checkpoint, folder) -> List.of())
                .build()
                .export(Path.of(arguments[0]), Path.of(arguments[1]));
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
                "exported %s in %.1f s; peak RssAnon %d MB (sampled every %d ms); at the end %s MB; load %s%n",
                report.modelType(),
                seconds,
                peak.megabytes(),
                AnonymousPeak.SAMPLE_MILLIS,
                ProcessMemory.now(),
                MachineLoad.averages());
    }
}
