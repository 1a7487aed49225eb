package dev.decanter.cpu.cache;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Tells builds of a module apart, because another build may lay weights in another way. */
final class CodeVersion {
    private CodeVersion() {}

    /** Of this module. */
    static Optional<String> find() throws IOException {
        return find(CodeVersion.class);
    }

    /** Of the jar, the classes or the run-time image that a class is from; empty if that cannot be found out. */
    static Optional<String> find(Class<?> type) throws IOException {
        var source = type.getProtectionDomain().getCodeSource();
        if (source == null || source.getLocation() == null) {
            return Optional.empty();
        }
        try {
            URI location = source.getLocation().toURI();
            Path path = location.getScheme().equals("jrt")
                    ? Path.of(System.getProperty("java.home"), "lib", "modules")
                    : Path.of(location);
            return Optional.of(Files.isDirectory(path) ? classes(path) : file(path));
        } catch (URISyntaxException | IllegalArgumentException | java.nio.file.FileSystemNotFoundException e) {
            return Optional.empty();
        }
    }

    private static String file(Path path) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        return attributes.size() + " " + attributes.lastModifiedTime();
    }

    private static String classes(Path folder) throws IOException {
        Digest digest = new Digest();
        List<Path> files;
        try (Stream<Path> all = Files.walk(folder)) {
            files = all.filter(path -> path.toString().endsWith(".class"))
                    .sorted()
                    .toList();
        }
        for (Path path : files) {
            digest.add(folder.relativize(path).toString());
            digest.add(file(path));
        }
        return digest.hex();
    }
}
