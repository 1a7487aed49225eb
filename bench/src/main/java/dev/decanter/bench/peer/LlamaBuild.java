package dev.decanter.bench.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/** A folder with one of llama.cpp's builds for CPUs, where llama.cpp has no other to choose. */
final class LlamaBuild {
    private static final String PREFIX = "libggml-cpu-";

    private LlamaBuild() {}

    /** Copies the libraries of {@code from}, of those for CPUs the one called {@code name}, such as {@code zen4}. */
    static Path only(Path from, String name, Path to) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(from)) {
            files = all.filter(file -> file.getFileName().toString().startsWith("lib"))
                    .toList();
        }
        boolean known = files.stream().anyMatch(file -> build(file).equals(name));
        if (!known) {
            throw new IllegalArgumentException("no library " + PREFIX + name + " in " + from + "; there are "
                    + files.stream()
                            .map(LlamaBuild::build)
                            .filter(build -> !build.isEmpty())
                            .sorted()
                            .toList());
        }
        Files.createDirectories(to);
        for (Path file : files) {
            String build = build(file);
            if (build.isEmpty() || build.equals(name)) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        return to;
    }

    /** {@code zen4} of {@code libggml-cpu-zen4.so}; empty for other files. */
    static String build(Path file) {
        String name = file.getFileName().toString();
        int dot = name.indexOf('.');
        return name.startsWith(PREFIX) && dot > 0 ? name.substring(PREFIX.length(), dot) : "";
    }
}
