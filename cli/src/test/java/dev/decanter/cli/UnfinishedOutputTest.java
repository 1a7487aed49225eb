package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is left of an output whose process was killed, or whose disk was full. */
@EnabledOnOs(
        value = {OS.LINUX, OS.MAC},
        disabledReason = "uses signals and a shell")
class UnfinishedOutputTest {
    private static final int LAYERS = 4;
    private static final int SIGKILL = 137;

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path checkpoint;

    @BeforeAll
    static void write() throws IOException {
        checkpoint = Checkpoints.large(Cli.GOLDEN.resolve("llama-gqa").resolve("model"), shared.resolve("hf"), LAYERS);
    }

    /** This command in a JVM of its own. */
    private static List<String> command(Object... words) {
        String path = Stream.of(System.getProperty("jdk.module.path", ""), System.getProperty("java.class.path"))
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining(File.pathSeparator));
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                path,
                Main.class.getName()));
        for (Object word : words) {
            line.add(word.toString());
        }
        return line;
    }

    private Process start(List<String> line) throws IOException {
        return new ProcessBuilder(line)
                .redirectOutput(folder.resolve("stdout.txt").toFile())
                .redirectError(folder.resolve("stderr.txt").toFile())
                .start();
    }

    /** Kills once weights are on the disk, and says whether the process was still at it. */
    private boolean killedWhileWriting(Process process) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (process.isAlive() && System.nanoTime() < deadline) {
            try (Stream<Path> tree = Files.walk(folder, 2)) {
                if (tree.map(file -> file.toFile())
                        .anyMatch(file -> file.getPath().contains(".part" + File.separator)
                                && file.getName().contains("openvino_model.bin")
                                && file.length() > 0)) {
                    process.destroyForcibly();
                }
            } catch (UncheckedIOException e) {
                // a file went away while the folder was listed
            }
            Thread.sleep(1);
        }
        return process.waitFor() == SIGKILL;
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.startsWith("std"))
                    .sorted()
                    .toList();
        }
    }

    private void isNoModel(Path out) {
        assertThat(out).doesNotExist();
        Cli run = Cli.run("generate", "--model", out, "--prompt-ids", "1");
        assertThat(run.status()).isEqualTo(1);
        assertThat(run.err())
                .isEqualTo("decanter: --model " + out + " does not exist; name the folder that holds the model\n");
        for (String name : folder.toFile().list()) {
            assertThat(folder.resolve(name).resolve("openvino_model.xml")).doesNotExist();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"int8", "int4"})
    void aKilledExportLeavesNothingThatIsTakenForAModel(String format) throws Exception {
        Path out = folder.resolve("ov");
        Object[] words = {"export", "--model", checkpoint, "--weight-format", format, out};
        assertThat(killedWhileWriting(start(command(words)))).isTrue();
        assertThat(names()).hasSize(2).allMatch(name -> name.matches("\\.ov\\..*\\.(part|lock)"));
        isNoModel(out);
        Cli.done(words);
        assertThat(names()).containsExactly("ov");
        assertThat(Cli.done("generate", "--model", out, "--prompt-ids", "1", "--max-new-tokens", "1", "--json")
                        .json()
                        .get("token_ids"))
                .hasSize(1);
    }

    @Test
    void aKilledCompressionLeavesTheEarlierModel() throws Exception {
        Path base = shared.resolve("base");
        Cli.done("export", "--model", checkpoint, "--disable-convert-tokenizer", base);
        Path out = folder.resolve("ov");
        Cli.done("compress", base, out, "--mode", "int8_sym");
        byte[] before = Files.readAllBytes(out.resolve("openvino_model.xml"));
        assertThat(killedWhileWriting(start(command("compress", base, out, "--mode", "int4_sym"))))
                .isTrue();
        assertThat(names()).hasSize(3).contains("ov");
        assertThat(out.resolve("openvino_model.xml")).hasBinaryContent(before);
        Cli.done("compress", base, out, "--mode", "int4_sym");
        assertThat(names()).containsExactly("ov");
        assertThat(Cli.done("inspect", out).out()).contains("int4_sym, group size 128");
    }

    @Test
    void anInterruptedCompressionRemovesItsTraces() throws Exception {
        Process process =
                start(command("export", "--model", checkpoint, "--weight-format", "int4", folder.resolve("ov")));
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (process.isAlive() && names().size() < 2 && System.nanoTime() < deadline) {
            Thread.sleep(1);
        }
        process.destroy();
        assertThat(process.waitFor()).isNotZero();
        assertThat(names()).isEmpty();
        assertThat(folder.resolve("stderr.txt")).content().doesNotContain("Exception");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void aFullDiskIsSaidInOneLineAndLeavesNothing() throws Exception {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        String script =
                "mount -t tmpfs -o size=12m tmpfs \"$0\" || exit 99; \"$@\"; status=$?; ls -A \"$0\"; exit $status";
        List<String> line = new ArrayList<>(List.of("unshare", "-r", "-m", "sh", "-c", script, disk.toString()));
        line.addAll(command("export", "--model", checkpoint, "--weight-format", "int4", disk.resolve("ov")));
        Process process;
        try {
            process = start(line);
        } catch (IOException e) {
            assumeTrue(false, "no unshare here: " + e.getMessage());
            return;
        }
        int status = process.waitFor();
        String err = Files.readString(folder.resolve("stderr.txt"));
        assumeTrue(status != 99 && !err.startsWith("unshare"), "no file system of a test's own may be mounted here");
        assertThat(status).isEqualTo(1);
        assertThat(err.lines().filter(text -> text.startsWith("decanter: ")))
                .singleElement()
                .asString()
                .startsWith("decanter: " + disk)
                .endsWith(": cannot be written: No space left on device; free some disk space or name another output");
        assertThat(err).doesNotContain("Exception", "\tat ");
        assertThat(folder.resolve("stdout.txt")).content().doesNotContain("ov");
    }
}
