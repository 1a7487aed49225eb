package dev.decanter.cpu.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.decanter.cpu.CpuDevice;
import dev.decanter.cpu.compile.DecoderThreadsTest;
import dev.decanter.cpu.machine.MachineAttention;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrWriter;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.UnpreparedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A JVM without the Vector API, which runs what was kept for machine code alone and says of the rest that it cannot. */
class StartKeptTest {
    private static final int HIDDEN = 256;

    @TempDir
    Path temporary;

    /** Digests of the outputs of a long prompt, whose attention is in tiles where there are any, and of a token after it. */
    private static List<String> run(Path xml, Path cacheDir) {
        Map<String, String> properties = Map.of(CpuDevice.CACHE_DIR, cacheDir.toString());
        List<String> results = new ArrayList<>();
        try (CompiledModel model = Core.create().compileModel(xml, "CPU", properties);
                InferRequest request = model.createInferRequest()) {
            Random random = new Random(1);
            request.setTensor("beam_idx", Tensor.ofInts(Shape.of(1), 0));
            for (int rows : new int[] {150, 1}) {
                float[] x = new float[rows * HIDDEN];
                for (int i = 0; i < x.length; i++) {
                    x[i] = (float) random.nextGaussian();
                }
                request.setTensor("x", Tensor.ofFloats(Shape.of(1, rows, HIDDEN), x));
                request.infer();
                Digest digest = new Digest();
                digest.add(Arrays.toString(request.outputs().getFirst().toFloats()));
                results.add(digest.hex());
            }
        }
        return results;
    }

    private String runKept(Path xml, Path cacheDir) throws Exception {
        Path output = temporary.resolve("output");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-D" + CpuDevice.START + "=kept",
                        "-cp",
                        CacheDirTest.classPath(),
                        Main.class.getName(),
                        xml.toString(),
                        cacheDir.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        process.waitFor();
        return Files.readString(output, StandardCharsets.UTF_8);
    }

    private Path write() throws IOException, InterruptedException {
        Path xml = temporary.resolve("model.xml");
        IrWriter.write(DecoderThreadsTest.decoder(7), xml);
        // what is only just written has no stamp to go by
        Thread.sleep(KnownContent.TICK.toMillis() + 100);
        return xml;
    }

    @Test
    void runsWhatWasKept() throws Exception {
        Path xml = write();
        Path folder = temporary.resolve("cache");
        assertThat(runKept(xml, folder)).contains(UnpreparedException.class.getName(), "was started without");
        // in a process of the default width, as a user's is
        List<String> expected = run(xml, folder);
        try (Stream<Path> kept = Files.list(folder)) {
            assertThat(kept.map(Path::toString)).anyMatch(name -> name.endsWith(".decanter-plan"));
        }
        boolean same = System.getProperty("decanter.cpu.vector", "").isEmpty()
                && MachineAttention.tiles().isPresent();
        String found = runKept(xml, folder);
        if (same) {
            assertThat(found.lines()).containsExactlyElementsOf(expected);
        } else {
            assertThat(found).contains(UnpreparedException.class.getName());
        }
    }

    @Test
    void refusesWhatWasNotKept() throws Exception {
        Path xml = write();
        System.setProperty(CpuDevice.START, "kept");
        try {
            assertThatExceptionOfType(UnpreparedException.class)
                    .isThrownBy(() -> run(xml, temporary.resolve("cache")))
                    .withMessageContaining(CpuDevice.START);
        } finally {
            System.clearProperty(CpuDevice.START);
        }
    }

    /** What another process does. */
    static final class Main {
        private Main() {}

        /** Takes the model and the cache's folder; prints the outputs' digests. */
        public static void main(String[] args) {
            run(Path.of(args[0]), Path.of(args[1])).forEach(System.out::println);
        }
    }
}
