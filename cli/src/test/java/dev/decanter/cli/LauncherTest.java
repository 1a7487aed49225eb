package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** How {@code ./decanter} refuses a JDK, before it builds or starts anything. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "decanter.cmd is the launcher there")
class LauncherTest {

    @TempDir
    Path folder;

    private record Outcome(int status, String out, String err) {}

    private Outcome launch(Path java) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(Path.of("..", "decanter").toAbsolutePath().toString(), "--version");
        builder.environment().put("DECANTER_JAVA", java.toString());
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        Process process = builder.directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return new Outcome(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private Path fakeJdk(String version) throws IOException {
        Path bin = Files.createDirectories(folder.resolve("jdk").resolve("bin"));
        for (String tool : new String[] {"java", "javac"}) {
            Path file = Files.writeString(bin.resolve(tool), "#!/bin/sh\nexit 0\n");
            assertThat(file.toFile().setExecutable(true)).isTrue();
        }
        Files.writeString(folder.resolve("jdk").resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        return folder.resolve("jdk");
    }

    @Test
    void refusesAnOldJdkThatWasAskedFor() throws Exception {
        Path jdk = fakeJdk("24.0.2");
        Outcome outcome = launch(jdk);
        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err())
                .isEqualTo("decanter: DECANTER_JAVA=" + jdk
                        + " is not a JDK 25 or newer; point it to the folder of one\n");
    }

    @Test
    void refusesAFolderThatIsNoJdk() throws Exception {
        Outcome outcome = launch(folder.resolve("nothing-here"));
        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.err()).startsWith("decanter: DECANTER_JAVA=").hasLineCount(1);
    }
}
