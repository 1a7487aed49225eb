package dev.decanter.cpu.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.cpu.CpuDevice;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The property, from the outside. */
class CacheDirTest {
    @TempDir
    Path temporary;

    /** Compiles and runs the model; returns its outputs' bytes. */
    private static List<String> run(Path xml, String cacheDir) {
        Map<String, String> properties = Map.of(CpuDevice.CACHE_DIR, cacheDir);
        List<String> results = new ArrayList<>();
        try (CompiledModel model = Core.create().compileModel(xml, "CPU", properties);
                InferRequest request = model.createInferRequest()) {
            float[] x = new float[512];
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) Math.sin(i);
            }
            request.setTensor("x", Tensor.ofFloats(Shape.of(1, x.length), x));
            request.infer();
            for (var output : model.outputs()) {
                MemorySegment y = request.tensor(output.name()).memory();
                results.add(HexFormat.of().formatHex(y.toArray(ValueLayout.JAVA_BYTE)));
            }
        }
        return results;
    }

    private static Map<Path, FileTime> times(Path folder) throws IOException {
        Map<Path, FileTime> times = new HashMap<>();
        try (Stream<Path> all = Files.list(folder)) {
            for (Path path :
                    all.filter(p -> p.toString().endsWith(CompileCache.ENDING)).toList()) {
                times.put(path, Files.getLastModifiedTime(path));
            }
        }
        return times;
    }

    @Test
    void givesTheSameResults() throws IOException {
        Path xml = Compiles.write(temporary, 1);
        List<String> plain = run(xml, "");
        Path folder = temporary.resolve("deep/cache");
        assertThat(run(xml, folder.toString())).isEqualTo(plain);
        Map<Path, FileTime> written = times(folder);
        assertThat(written).hasSize(1);
        assertThat(run(xml, folder.toString())).isEqualTo(plain);
        assertThat(times(folder)).isEqualTo(written);
    }

    @Test
    void hasNoCacheByDefault() {
        assertThat(Core.create().deviceProperties("CPU")).containsEntry(CpuDevice.CACHE_DIR, "");
    }

    /** Processes that all begin without a cache, in one folder. */
    @Test
    void processesMayShareAFolder() throws IOException, InterruptedException, URISyntaxException {
        Path xml = Compiles.write(temporary, 1);
        Path folder = temporary.resolve("cache");
        List<Process> processes = new ArrayList<>();
        // another width of vectors would sum in another order
        String vectors = System.getProperty("decanter.cpu.vector", "");
        for (int i = 0; i < 2; i++) {
            processes.add(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "--add-modules=jdk.incubator.vector",
                            "--enable-native-access=ALL-UNNAMED",
                            "-Ddecanter.cpu.vector=" + vectors,
                            "-cp",
                            classPath(),
                            Main.class.getName(),
                            xml.toString(),
                            folder.toString())
                    .redirectErrorStream(true)
                    .start());
        }
        String expected = String.join(" ", run(xml, ""));
        for (Process process : processes) {
            String output =
                    new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(output).isZero();
            assertThat(output).contains(expected);
        }
        Map<Path, FileTime> written = times(folder);
        assertThat(written).hasSize(1);
        assertThat(String.join(" ", run(xml, folder.toString()))).isEqualTo(expected);
        try (Stream<Path> all = Files.list(folder)) {
            assertThat(all.map(Path::toString)).noneMatch(name -> name.endsWith(".tmp"));
        }
    }

    /** Where the classes of all modules that the other process needs are. */
    static String classPath() throws URISyntaxException {
        Set<String> places = new LinkedHashSet<>();
        for (Class<?> type : List.of(
                Main.class,
                CpuDevice.class,
                Core.class,
                Shape.class,
                dev.decanter.assembler.Assembler.class,
                AbstractThrowableAssert.class,
                Test.class)) {
            places.add(Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString());
        }
        return String.join(java.io.File.pathSeparator, places);
    }

    /** What another process does. */
    static final class Main {
        private Main() {}

        /** Takes the model and the cache's folder; prints the outputs' bytes. */
        public static void main(String[] args) {
            Core core = Core.create();
            if (!core.availableDevices().contains("CPU")) {
                core.addDevice(new CpuDevice());
            }
            System.out.println(String.join(" ", run(Path.of(args[0]), args[1])));
        }
    }
}
