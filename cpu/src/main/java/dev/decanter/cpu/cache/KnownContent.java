package dev.decanter.cpu.cache;

import dev.decanter.ir.SourceFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A file beside a cache file that has the stamps of model files whose content has been digested: a digest, a space and stamps a
 * line, the latest first. It has no checksum: a digest that is wrong here fits no cache file, and a stamp that is wrong no
 * model, so that the content is digested again.
 */
final class KnownContent {
    /** Copies of a model that take turns. */
    private static final int MOST = 16;
    /** The coarsest clock of a file system: what was changed less long ago may be changed again under the same stamp. */
    static final Duration TICK = Duration.ofSeconds(2);

    private final Path path;
    private final Duration tick;

    KnownContent(Path path, Duration tick) {
        this.path = path;
        this.tick = tick;
    }

    /** The content that files of these stamps had. */
    Optional<String> find(String stamps) throws IOException {
        return lines().stream()
                .filter(line -> line.endsWith(" " + stamps))
                .map(line -> line.substring(0, line.indexOf(' ')))
                .findFirst();
    }

    /** Notes a model's content, unless its files are too new for their stamps to mean anything. */
    void add(ModelDigest model, String content) throws IOException {
        Instant latest = Instant.now().minus(tick);
        List<SourceFile> files = model.files();
        if (files.isEmpty()
                || !files.stream()
                        .allMatch(file -> file.stamp().isPresent()
                                && file.stamp().get().changed().compareTo(latest) <= 0)) {
            return;
        }
        String stamps = model.stamps().orElseThrow();
        List<String> lines = new ArrayList<>(lines());
        lines.removeIf(line -> line.endsWith(" " + stamps));
        lines.addFirst(content + " " + stamps);
        Path temporary = EntryWriter.temporary(path);
        try {
            Files.write(temporary, lines.subList(0, Math.min(MOST, lines.size())));
            EntryWriter.move(temporary, path);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    private List<String> lines() throws IOException {
        try {
            return Files.readAllLines(path, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }
}
