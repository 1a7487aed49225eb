package dev.decanter.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Resident memory of this process, in bytes, where the system tells. */
final class Memory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long KIB = 1024;

    private Memory() {}

    /** The most there was, mapped files included; on systems without {@code /proc}, what there is now. */
    static OptionalLong peak() {
        return Files.exists(STATUS) ? status("VmHWM") : now();
    }

    /** What there is now without mapped files, such as the weights. */
    static OptionalLong anonymous() {
        return Files.exists(STATUS) ? status("RssAnon") : OptionalLong.empty();
    }

    /** In MB (10⁶ bytes), −1 if not known. */
    static double megabytes(OptionalLong bytes) {
        return bytes.isPresent() ? bytes.getAsLong() / 1e6 : -1;
    }

    private static OptionalLong status(String key) {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(key + ":")) {
                    return OptionalLong.of(Long.parseLong(line.replaceAll("\\D", "")) * KIB);
                }
            }
            return OptionalLong.empty();
        } catch (IOException | NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    /** macOS and the BSDs. */
    private static OptionalLong now() {
        try {
            long pid = ProcessHandle.current().pid();
            Process ps = new ProcessBuilder("ps", "-o", "rss=", "-p", Long.toString(pid)).start();
            String text = new String(ps.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.US_ASCII);
            return OptionalLong.of(Long.parseLong(text.strip()) * KIB);
        } catch (IOException | NumberFormatException e) {
            return OptionalLong.empty();
        }
    }
}
