package dev.decanter.ir.file;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** Real models, which are not part of the project: in the folder that {@code decanter.shared} names, or beside. */
public final class SharedFiles {
    private SharedFiles() {}

    public static Optional<Path> real() {
        String named = System.getProperty("decanter.shared", System.getenv("DECANTER_SHARED"));
        Stream<Path> places = named != null
                ? Stream.of(Path.of(named))
                : Stream.of(Path.of("../shared"), Path.of("../../shared"), Path.of("../../../shared"));
        return places.map(p -> p.resolve("real")).filter(Files::isDirectory).findFirst();
    }

    /** All XML files that look like IR, sorted. */
    static List<Path> irFiles() {
        Path real = real().orElse(null);
        if (real == null) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(real)) {
            return files.filter(p ->
                            Objects.requireNonNull(p.getFileName()).toString().endsWith(".xml"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
