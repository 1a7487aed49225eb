package dev.decanter.export;

import dev.decanter.ir.DecanterException;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A folder that is written beside its place and moved there when it is complete, so that nobody ever sees half of it.
 *
 * <p>The place may be free, an empty folder, or an earlier export, which is replaced as a whole; a folder with anything
 * else in it is refused.
 */
final class OutputFolder implements AutoCloseable {
    /** Files that mean nothing beside a checkpoint or an export, but are copied or written by one. */
    static final List<String> COMPANIONS = List.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "chat_template.jinja",
            "chat_template.json",
            "vocab.json",
            "vocab.txt",
            "merges.txt",
            "tokenizer.model",
            "spiece.model",
            "sentencepiece.bpe.model");

    private static final Pattern WRITTEN = Pattern.compile("openvino_\\w+\\.(xml|bin|json)");

    private final Path target;
    private final Path work;
    private final Thread cleaner = new Thread(this::deleteWork, "export-cleaner");

    private OutputFolder(Path target, Path work) {
        this.target = target;
        this.work = work;
    }

    /** Makes the folder beside {@code out}; throws {@link ExportException} if it may not be written there. */
    static OutputFolder create(Path out) {
        try {
            Path target =
                    Files.exists(out) ? out.toRealPath() : out.toAbsolutePath().normalize();
            Path parent = target.getParent();
            if (parent == null) {
                throw new ExportException(out + ": the root folder cannot be an output folder");
            }
            requireReplaceable(target);
            Files.createDirectories(parent);
            Path work = parent.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".part");
            Files.createDirectory(work);
            OutputFolder folder = new OutputFolder(target, work);
            // an interrupted process would leave gigabytes in a hidden folder
            Runtime.getRuntime().addShutdownHook(folder.cleaner);
            return folder;
        } catch (IOException e) {
            throw new ExportException(out + ": the output folder cannot be made: " + DecanterException.reason(e), e);
        }
    }

    private static void requireReplaceable(Path target) throws IOException {
        if (!Files.exists(target)) {
            if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                throw new ExportException(
                        target + ": is a link that leads nowhere; remove it, or name another folder for the output");
            }
            return;
        }
        if (!Files.isDirectory(target)) {
            throw new ExportException(target + ": is a file; name a folder for the output");
        }
        try (Stream<Path> files = Files.list(target)) {
            List<String> foreign = files.filter(file -> !isExported(file))
                    .map(file -> file.getFileName().toString())
                    .sorted()
                    .toList();
            if (!foreign.isEmpty()) {
                throw new ExportException(target + ": the output folder has files that no export wrote ("
                        + foreign.getFirst() + "); name another folder, or empty this one");
            }
        }
    }

    private static boolean isExported(Path file) {
        String name = file.getFileName().toString();
        return Files.isRegularFile(file)
                && (COMPANIONS.contains(name) || WRITTEN.matcher(name).matches());
    }

    /** Where to write. */
    Path work() {
        return work;
    }

    /** Moves the folder to its place, and returns that. */
    Path commit() {
        Path old = work.resolveSibling(work.getFileName() + ".old");
        try {
            boolean replaces = Files.exists(target);
            if (replaces) {
                requireReplaceable(target);
                Files.move(target, old);
            }
            try {
                move(work, target);
            } catch (IOException e) {
                if (replaces) {
                    Files.move(old, target);
                }
                throw e;
            }
            if (replaces) {
                delete(old);
            }
            return target;
        } catch (IOException e) {
            throw new ExportException(
                    target + ": the finished folder cannot be moved into place: " + DecanterException.reason(e), e);
        }
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to);
        }
    }

    /** Removes what is not in place. */
    @Override
    public void close() {
        deleteWork();
        try {
            Runtime.getRuntime().removeShutdownHook(cleaner);
        } catch (IllegalStateException e) {
            // the JVM is going down and has run the hook
        }
    }

    private void deleteWork() {
        try {
            delete(work);
        } catch (IOException e) {
            throw new ExportException(
                    work + ": cannot be removed: " + DecanterException.reason(e) + "; remove it by hand", e);
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(folder)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
