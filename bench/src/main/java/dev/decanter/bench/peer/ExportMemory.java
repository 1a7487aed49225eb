package dev.decanter.bench.peer;

import dev.decanter.export.ExportReport;
import dev.decanter.export.Exporter;
import dev.decanter.export.WeightFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** Exports a checkpoint in fp16 and prints time and memory; the anonymous part is what comes on top of mapped files. */
public final class ExportMemory {
    private static final long SAMPLE_MILLIS = 5;

    private ExportMemory() {}

    /** Arguments: checkpoint folder, IR folder. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        AtomicLong peak = new AtomicLong();
        Thread sampler = Thread.ofPlatform().daemon().start(() -> {
            try {
                while (!Thread.interrupted()) {
                    peak.accumulateAndGet(ProcessMemory.anonymous(), Math::max);
                    Thread.sleep(SAMPLE_MILLIS);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        long start = System.nanoTime();
        ExportReport report = Exporter.builder()
                .weightFormat(WeightFormat.FP16)
                .tokenizer((checkpoint, folder) -> List.of())
                .build()
                .export(Path.of(arguments[0]), Path.of(arguments[1]));
        double seconds = (System.nanoTime() - start) / 1e9;
        sampler.interrupt();
        sampler.join();
        System.out.printf(
                "exported %s in %.1f s; peak RssAnon %d MB (sampled every %d ms); at the end %s MB; load %s%n",
                report.modelType(), seconds, peak.get(), SAMPLE_MILLIS, ProcessMemory.now(), MachineLoad.averages());
    }
}
