package dev.decanter.ir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * A file as it was when its content was mapped.
 *
 * @param path where it was
 * @param stamp tells whether it is still the same; empty where the system has no time of change that programs cannot set
 */
public record SourceFile(Path path, Optional<Stamp> stamp) {
    /**
     * What the file system says of a file. As long as two stamps are equal the content is: the system sets the time of change
     * whenever a file is written, and no program can set it back. Two changes within one tick of the file system's clock are
     * the exception, so a stamp whose time of change is only just over says little.
     *
     * @param device the file system
     * @param file its number in that file system
     * @param size bytes
     * @param modified when it was written; programs may set this
     * @param changed when it, or what the file system knows of it, was changed
     */
    public record Stamp(long device, long file, long size, Instant modified, Instant changed) {}

    /** The file of this path as it is now. */
    public static SourceFile of(Path path) throws IOException {
        if (!path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
            return new SourceFile(path, Optional.empty());
        }
        Map<String, Object> all = Files.readAttributes(path, "unix:dev,ino,size,lastModifiedTime,ctime");
        return new SourceFile(
                path,
                all.get("dev") instanceof Long device
                                && all.get("ino") instanceof Long file
                                && all.get("size") instanceof Long size
                                && all.get("lastModifiedTime") instanceof FileTime modified
                                && all.get("ctime") instanceof FileTime changed
                        ? Optional.of(new Stamp(device, file, size, modified.toInstant(), changed.toInstant()))
                        : Optional.empty());
    }

    /** Whether the path leads to the same file as then, unchanged; false if that cannot be said. */
    public boolean isUnchanged() {
        try {
            return stamp.isPresent() && of(path).stamp.equals(stamp);
        } catch (IOException e) {
            return false;
        }
    }
}
