package dev.decanter.cpu.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.decanter.cpu.CpuDevice;
import dev.decanter.ir.Model;
import dev.decanter.ir.Shape;
import dev.decanter.ir.SourceFile;
import dev.decanter.ir.file.IrReader;
import dev.decanter.ir.file.IrWriter;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.ModelSource;
import dev.decanter.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model whose graph was kept is not read again, and computes the same; whatever is wrong with what was kept, it is read. */
class PlanCacheTest {
    @TempDir
    static Path models;

    @TempDir
    Path folder;

    private final AtomicInteger reads = new AtomicInteger();
    private Path xml;
    private List<String> expected;

    @BeforeAll
    static void write() throws IOException, InterruptedException {
        for (String name : List.of("same", "rewritten", "edited")) {
            Path path = Compiles.write(Files.createDirectory(models.resolve(name)), 1);
            assumeThat(SourceFile.of(path).stamp())
                    .as("stamps of this file system")
                    .isPresent();
        }
        waitForStamps();
    }

    /** What is only just written has no stamp to go by. */
    private static void waitForStamps() throws InterruptedException {
        Thread.sleep(KnownContent.TICK.toMillis() + 100);
    }

    private void compileOnce(String model) {
        xml = models.resolve(model).resolve("model.xml");
        expected = run("recipe", Map.of());
        assertThat(reads.getAndSet(0)).isEqualTo(1);
    }

    /** Names, types and bytes of the outputs. */
    private List<String> run(String recipe, Map<String, String> properties) {
        Map<String, String> all = new java.util.HashMap<>(properties);
        all.put(CpuDevice.CACHE_DIR, folder.toString());
        ModelSource source = ModelSource.of(xml, recipe, model -> {
            reads.incrementAndGet();
            return model;
        });
        List<String> results = new ArrayList<>();
        try (CompiledModel model = Core.create().compileModel(source, "CPU", all);
                InferRequest request = model.createInferRequest()) {
            results.add(model.toString() + model.rtInfo());
            float[] x = new float[512];
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) Math.sin(i);
            }
            request.setTensor("x", Tensor.ofFloats(Shape.of(1, x.length), x));
            request.infer();
            for (var output : model.outputs()) {
                results.add(output
                        + HexFormat.of()
                                .formatHex(
                                        request.tensor(output.name()).memory().toArray(ValueLayout.JAVA_BYTE)));
            }
        }
        return results;
    }

    private void check(int wantedReads) {
        assertThat(run("recipe", Map.of())).isEqualTo(expected);
        assertThat(reads.getAndSet(0)).as("reads").isEqualTo(wantedReads);
    }

    private Path file(String ending) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(path -> path.toString().endsWith(ending))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void isNotReadAgain() {
        compileOnce("same");
        check(0);
        check(0);
    }

    @Test
    void isReadIfAnythingIsOtherwise() throws IOException, InterruptedException {
        compileOnce("rewritten");
        run("another recipe", Map.of());
        assertThat(reads.getAndSet(0)).isEqualTo(1);
        run("recipe", Map.of(CpuDevice.KV_CACHE_PRECISION, "f32"));
        assertThat(reads.getAndSet(0)).isEqualTo(1);
        run("recipe", Map.of(CpuDevice.EXECUTION_MODE, "ACCURACY"));
        assertThat(reads.getAndSet(0)).isEqualTo(1);
        check(0);
        // another model under the same name
        Model other = Compiles.model(2);
        IrWriter.write(other, xml);
        waitForStamps();
        List<String> results = run("recipe", Map.of());
        assertThat(reads.getAndSet(0)).isEqualTo(1);
        assertThat(results).isNotEqualTo(expected);
        expected = results;
        check(0);
    }

    @Test
    void isReadAfterItsWeightsAloneChanged() throws IOException {
        compileOnce("edited");
        Path bin = IrReader.weightsPath(xml);
        byte[] bytes = Files.readAllBytes(bin);
        for (int i = 0; i < bytes.length; i += 2) {
            bytes[i] ^= 1;
        }
        Files.write(bin, bytes);
        assertThat(run("recipe", Map.of())).isNotEqualTo(expected);
        assertThat(reads.get()).isEqualTo(1);
    }

    @Test
    void damageAnywhereMakesItAnew() throws IOException {
        compileOnce("same");
        Path plan = file(".decanter-plan");
        Random random = new Random(5);
        for (int i = 0; i < 12; i++) {
            byte[] bytes = Files.readAllBytes(plan);
            bytes[i < 6 ? random.nextInt(60) : random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(plan, bytes);
            check(1);
            check(0);
        }
        byte[] bytes = Files.readAllBytes(plan);
        for (int length : new int[] {0, 7, 39, 100, bytes.length - 1}) {
            Files.write(plan, java.util.Arrays.copyOf(bytes, length));
            check(1);
            check(0);
        }
    }

    @Test
    void damagedOrLostWeightsAreMended() throws IOException {
        compileOnce("same");
        Path entry = file(CompileCache.ENDING);
        byte[] bytes = Files.readAllBytes(entry);
        bytes[bytes.length / 2] ^= 4;
        Files.write(entry, bytes);
        // the graph was kept, and the damaged region is filled from the model's file
        check(0);
        check(1);
        check(0);
        Files.delete(entry);
        check(1);
        check(0);
    }
}
