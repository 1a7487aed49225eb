package dev.decanter.cpu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What the operating system says of this machine; where it says nothing, what the JVM knows. */
final class CpuInfo {
    private static final Path CPUINFO = Path.of("/proc/cpuinfo");

    private CpuInfo() {}

    static String modelName() {
        return lines("model name").findFirst().orElseGet(() -> System.getProperty("os.arch") + " processor");
    }

    /** Cores, not hardware threads, as far as known; never more than the JVM may use. */
    static int physicalCores() {
        int available = Runtime.getRuntime().availableProcessors();
        Set<String> cores = new HashSet<>();
        String[] packages = lines("physical id").toArray(String[]::new);
        String[] ids = lines("core id").toArray(String[]::new);
        for (int i = 0; i < Math.min(packages.length, ids.length); i++) {
            cores.add(packages[i] + ":" + ids[i]);
        }
        return cores.isEmpty() ? available : Math.min(available, cores.size());
    }

    /** The processor's instruction sets as the system lists them; empty where it does not. */
    static String features() {
        return Stream.concat(lines("flags"), lines("Features")).findFirst().orElse("");
    }

    static long memoryBytes() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean bean
                ? bean.getTotalMemorySize()
                : Runtime.getRuntime().maxMemory();
    }

    /** Values of a field of /proc/cpuinfo, one a processor; none on other systems. */
    private static Stream<String> lines(String field) {
        return Optional.of(CPUINFO).filter(Files::isReadable).stream()
                .flatMap(path -> read(path).lines())
                .filter(line -> line.startsWith(field) && line.indexOf(':') > 0)
                .map(line -> line.substring(line.indexOf(':') + 1).strip());
    }

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
