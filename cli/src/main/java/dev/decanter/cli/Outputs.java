package dev.decanter.cli;

import dev.decanter.export.OutputFolder;
import dev.decanter.ir.DecanterException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Writes beside the place and moves what is finished. */
final class Outputs {
    private Outputs() {}

    /**
     * Lets {@code writer} fill a hidden folder, whose files then go to {@code target}. Other files that are in {@code target}
     * stay there.
     */
    static void folder(Path target, Consumer<Path> writer) {
        try (OutputFolder folder = OutputFolder.into(target)) {
            writer.accept(folder.work());
            folder.commit();
        }
    }

    /** Writes a text file as a whole or not at all. */
    static void file(Path target, String text) {
        Path work = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            try {
                Files.writeString(work, text);
                Files.move(work, target, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(work);
            }
        } catch (IOException e) {
            throw new CommandFailure(target + ": cannot be written: " + DecanterException.reason(e), e);
        }
    }

    /** Removes the entries of {@code folder} but one. */
    static void keepOnly(Path folder, Path entry) throws IOException {
        for (Path other : list(folder)) {
            if (!other.equals(entry)) {
                delete(other);
            }
        }
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> tree = Files.walk(folder)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
