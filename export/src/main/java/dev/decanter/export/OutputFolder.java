package dev.decanter.export;

import dev.decanter.ir.DecanterException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * An output that is written to a hidden folder beside its place and moved there when it is complete, so that nobody ever
 * takes half of it for a model, however the process ends.
 *
 * <pre>{@code
 * try (OutputFolder folder = OutputFolder.replacing(out)) {
 *     IrWriter.write(model, folder.work().resolve("openvino_model.xml"));
 *     folder.commit();
 * }
 * }</pre>
 *
 * <p>Beside {@code ov} the hidden folder is {@code .ov.<uuid>.part}, with a locked file {@code .ov.<uuid>.lock}. A process that was
 * killed leaves both; the lock is free then, and the next output to the same place removes them. Without {@link #commit} nothing
 * changes at the place.
 */
public final class OutputFolder implements AutoCloseable {
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
    private static final String PART = ".part";
    private static final String OLD = ".old";
    private static final String LOCK = ".lock";
    private static final int CLEANER_TRIES = 40;
    private static final long CLEANER_PAUSE_MS = 25;

    private final Path target;
    private final boolean replaces;
    private final Set<String> own;
    private final Path lockFile;
    private final FileChannel lock;
    private final Path work;
    private final Path old;
    private final Thread cleaner = new Thread(this::deleteQuietly, "output-cleaner");

    private OutputFolder(Path target, boolean replaces, Set<String> own, Path stem) throws IOException {
        this.target = target;
        this.replaces = replaces;
        this.own = own;
        lockFile = stem.resolveSibling(stem.getFileName() + LOCK);
        work = stem.resolveSibling(stem.getFileName() + PART);
        old = stem.resolveSibling(stem.getFileName() + OLD);
        lock = locked(lockFile);
        try {
            Files.createDirectory(work);
        } catch (IOException e) {
            lock.close();
            Files.deleteIfExists(lockFile);
            throw e;
        }
    }

    /** The process's death frees the lock, which a note of its number in a file would not tell. */
    private static FileChannel locked(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try {
            channel.tryLock();
        } catch (IOException e) {
            // a file system without locks: the leftovers of a killed process look like those of a living one, and stay
        }
        return channel;
    }

    /** As {@link #replacing(Path, Collection)}, where only files that an export writes may be replaced. */
    public static OutputFolder replacing(Path out) {
        return replacing(out, List.of());
    }

    /**
     * The whole folder {@code out} is the output: a free place, an empty folder, or an earlier output, which is replaced.
     *
     * @param names files that may be replaced besides those that an export writes
     * @throws ExportException if there is anything else at {@code out}, or nothing may be written beside it
     */
    public static OutputFolder replacing(Path out, Collection<String> names) {
        try {
            Path target =
                    Files.exists(out) ? out.toRealPath() : out.toAbsolutePath().normalize();
            Path parent = target.getParent();
            if (parent == null) {
                throw new ExportException(out + ": the root folder cannot be an output folder");
            }
            Set<String> own = Set.copyOf(names);
            requireReplaceable(target, own);
            return begin(target, true, own, parent, target.getFileName());
        } catch (IOException e) {
            throw new ExportException(out + ": the output folder cannot be made: " + DecanterException.reason(e), e);
        }
    }

    /**
     * The files go into the folder {@code out}, where other files stay.
     *
     * @throws ExportException if {@code out} is a file, or nothing may be written beside it
     */
    public static OutputFolder into(Path out) {
        Path target = out.toAbsolutePath().normalize();
        if (Files.exists(target) && !Files.isDirectory(target)) {
            throw new ExportException(out + ": is a file; name a folder for the output");
        }
        try {
            // the parent of a link's own place may be another disk
            Path real = Files.exists(target) ? target.toRealPath() : target;
            Path parent = real.getParent();
            if (parent == null) {
                throw new ExportException(out + ": the root folder cannot be an output folder");
            }
            return begin(real, false, Set.of(), parent, real.getFileName());
        } catch (IOException e) {
            throw new ExportException(out + ": cannot be written: " + DecanterException.reason(e), e);
        }
    }

    /**
     * The files go beside {@code file}, which is one of them: an XML with its BIN.
     *
     * @throws ExportException if nothing may be written there
     */
    public static OutputFolder beside(Path file) {
        Path place = file.toAbsolutePath().normalize();
        Path parent = place.getParent();
        if (parent == null || Files.isDirectory(place)) {
            throw new ExportException(file + ": is a folder; name a file for the output");
        }
        try {
            return begin(parent, false, Set.of(), parent, place.getFileName());
        } catch (IOException e) {
            throw new ExportException(file + ": cannot be written: " + DecanterException.reason(e), e);
        }
    }

    private static OutputFolder begin(Path target, boolean replaces, Set<String> own, Path parent, Path name)
            throws IOException {
        Files.createDirectories(parent);
        removeLeftovers(parent, name, target);
        OutputFolder folder =
                new OutputFolder(target, replaces, own, parent.resolve("." + name + "." + UUID.randomUUID()));
        // an interrupted process would leave gigabytes in a hidden folder
        Runtime.getRuntime().addShutdownHook(folder.cleaner);
        return folder;
    }

    /** Removes what killed processes left; an output that one had moved away, and nothing put in its place, comes back. */
    private static void removeLeftovers(Path parent, Path name, Path target) throws IOException {
        Pattern lockName = Pattern.compile("(\\." + Pattern.quote(name.toString()) + "\\.[0-9a-f-]{36})\\" + LOCK);
        List<Path> files;
        try (Stream<Path> list = Files.list(parent)) {
            files = list.toList();
        }
        for (Path file : files) {
            Matcher matcher = lockName.matcher(file.getFileName().toString());
            if (matcher.matches() && isFree(file)) {
                Path moved = parent.resolve(matcher.group(1) + OLD);
                if (Files.exists(moved) && !Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                    Files.move(moved, target);
                }
                delete(moved);
                delete(parent.resolve(matcher.group(1) + PART));
                Files.deleteIfExists(file);
            }
        }
    }

    private static boolean isFree(Path lockFile) {
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.WRITE)) {
            return channel.tryLock() != null;
        } catch (IOException | OverlappingFileLockException e) {
            return false;
        }
    }

    private static void requireReplaceable(Path target, Set<String> own) throws IOException {
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
            List<String> foreign = files.filter(file -> !isExported(file, own))
                    .map(file -> file.getFileName().toString())
                    .sorted()
                    .toList();
            if (!foreign.isEmpty()) {
                throw new ExportException(target + ": the output folder has files that no export wrote ("
                        + foreign.getFirst() + "); name another folder, or empty this one");
            }
        }
    }

    private static boolean isExported(Path file, Set<String> own) {
        String name = file.getFileName().toString();
        return Files.isRegularFile(file)
                && (COMPANIONS.contains(name) || WRITTEN.matcher(name).matches() || own.contains(name));
    }

    /** Where to write. */
    public Path work() {
        return work;
    }

    /** Moves what was written to its place, and returns the folder there; throws {@link ExportException} if that fails. */
    public Path commit() {
        try {
            if (replaces) {
                replace();
            } else {
                merge();
            }
            return target;
        } catch (IOException e) {
            throw new ExportException(
                    target + ": the finished folder cannot be moved into place: " + DecanterException.reason(e), e);
        }
    }

    private void replace() throws IOException {
        boolean occupied = Files.exists(target);
        if (occupied) {
            requireReplaceable(target, own);
            Files.move(target, old);
        }
        try {
            move(work, target);
        } catch (IOException e) {
            if (occupied) {
                Files.move(old, target);
            }
            throw e;
        }
        delete(old);
    }

    /** Without its XML a model is none: the old one goes first and the new one comes last, or BIN and XML could disagree. */
    private void merge() throws IOException {
        Files.createDirectories(target);
        List<Path> written;
        try (Stream<Path> files = Files.list(work)) {
            written = files.sorted(Comparator.comparing(OutputFolder::isModel).thenComparing(Comparator.naturalOrder()))
                    .toList();
        }
        for (Path file : written) {
            if (isModel(file)) {
                Files.deleteIfExists(target.resolve(file.getFileName()));
            }
        }
        for (Path file : written) {
            Files.move(file, target.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static boolean isModel(Path file) {
        return file.toString().endsWith(".xml");
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
        try {
            delete(work);
            lock.close();
            Files.deleteIfExists(lockFile);
            Runtime.getRuntime().removeShutdownHook(cleaner);
        } catch (IllegalStateException e) {
            // the JVM is going down and runs the hook
        } catch (IOException e) {
            if (!cleaner.isAlive()) {
                throw new ExportException(
                        work + ": cannot be removed: " + DecanterException.reason(e) + "; remove it by hand", e);
            }
        }
    }

    /** Runs while the writer may still be writing, so that a folder can fill again while it is emptied. */
    private void deleteQuietly() {
        for (int i = 0; i < CLEANER_TRIES; i++) {
            try {
                delete(work);
                lock.close();
                Files.deleteIfExists(lockFile);
                return;
            } catch (IOException e) {
                try {
                    Thread.sleep(CLEANER_PAUSE_MS);
                } catch (InterruptedException interrupted) {
                    return;
                }
            }
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
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
