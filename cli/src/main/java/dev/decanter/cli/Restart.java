package dev.decanter.cli;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Puts the launcher in the place of this process, which was started without the Vector API and met a model that needs it. The
 * process keeps its number, its files and what is unread of its input.
 */
final class Restart {
    private static final Path WORDS = Path.of("/proc/self/cmdline");

    private Restart() {}

    /**
     * Starts the same command again, in a JVM with all modules; does not return.
     *
     * @param words number of the command's words
     * @throws IOException why that cannot be done
     */
    static void full(Path launcher, int words) throws IOException {
        // as the system has them: a file's name need not be text in any charset
        byte[] all = Files.readAllBytes(WORDS);
        try (Arena arena = Arena.ofConfined()) {
            List<MemorySegment> parts = parts(all, arena);
            MemorySegment path = arena.allocateFrom(launcher.toString(), StandardCharsets.UTF_8);
            MemorySegment list = arena.allocate(ADDRESS, words + 2L);
            list.setAtIndex(ADDRESS, 0, path);
            for (int i = 0; i < words; i++) {
                list.setAtIndex(ADDRESS, i + 1L, parts.get(parts.size() - words + i));
            }
            MemorySegment name = arena.allocateFrom("DECANTER_START");
            call(
                    "setenv",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT),
                    name,
                    arena.allocateFrom("full"),
                    1);
            call("execv", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS), path, list);
        }
    }

    private static List<MemorySegment> parts(byte[] all, Arena arena) {
        List<MemorySegment> parts = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < all.length; i++) {
            if (all[i] == 0) {
                byte[] part = Arrays.copyOfRange(all, from, i + 1);
                parts.add(arena.allocate(part.length).copyFrom(MemorySegment.ofArray(part)));
                from = i + 1;
            }
        }
        return parts;
    }

    @SuppressWarnings("restricted")
    private static void call(String function, FunctionDescriptor type, Object... arguments) throws IOException {
        Linker linker = Linker.nativeLinker();
        MemorySegment address = linker.defaultLookup()
                .find(function)
                .orElseThrow(() -> new IOException("this system has no " + function));
        try {
            Object status = linker.downcallHandle(address, type).invokeWithArguments(arguments);
            if (!Integer.valueOf(0).equals(status)) {
                throw new IOException(function + " failed");
            }
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IOException(function + " failed: " + e, e);
        }
    }
}
