package dev.decanter.bench.peer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Command lines of Java processes with this one's classes and the launcher's settings. */
final class JavaProcess {
    private JavaProcess() {}

    /** Runs {@code main} of these classes; {@code options} are the JVM's. */
    static List<String> command(List<String> options, Class<?> main, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(java().toString());
        // as ./decanter starts it
        command.addAll(List.of("-XX:+UseSerialGC", "-Xms64m", "-Xshare:auto"));
        command.addAll(List.of("--add-modules", "jdk.incubator.vector,dev.decanter.cpu"));
        command.add("--enable-native-access=ALL-UNNAMED,dev.decanter.cpu,dev.decanter.assembler");
        command.addAll(options);
        command.addAll(List.of("-p", System.getProperty("jdk.module.path")));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        return command;
    }

    /** The running JVM's {@code java}. */
    static Path java() {
        return Path.of(ProcessHandle.current().info().command().orElseThrow());
    }

    /** Runs a command to its end; what it prints goes to {@code log}. */
    static void run(List<String> command, Path log) throws IOException, InterruptedException {
        int status = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start()
                .waitFor();
        if (status != 0) {
            throw new IOException("a process ended with status " + status + ", see " + log);
        }
    }
}
