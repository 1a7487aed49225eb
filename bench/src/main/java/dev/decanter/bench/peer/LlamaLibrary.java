package dev.decanter.bench.peer;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The functions of llama.cpp's shared libraries in a folder. Of several builds of {@code libggml-cpu} it takes the best for this CPU
 * itself. Lives as long as the process.
 */
@SuppressWarnings("restricted") // calling native code is its purpose
final class LlamaLibrary {
    /**
     * Parameter structs go by value and differ between versions at the end. Both sides pass a struct of this size in
     * memory, so one larger than any version's needs no exact layout; only fields at the beginning are written.
     */
    static final StructLayout PARAMETERS = MemoryLayout.structLayout(MemoryLayout.sequenceLayout(64, JAVA_LONG));

    private static final Linker LINKER = Linker.nativeLinker();

    private final Arena arena = Arena.global();
    private final List<SymbolLookup> libraries;
    private final String version;

    /** Loads the libraries of a folder and their back ends. */
    LlamaLibrary(Path folder) throws Throwable {
        libraries = List.of(
                library(folder, "libllama\\..*"),
                library(folder, "libggml\\..*"),
                library(folder, "libggml-base\\..*"));
        function("ggml_backend_load_all_from_path", null, ADDRESS).invoke(text(folder.toString()));
        function("llama_backend_init", null).invoke();
        version = ((MemorySegment) function("ggml_version", ADDRESS).invoke())
                .reinterpret(64)
                .getString(0);
    }

    private SymbolLookup library(Path folder, String pattern) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            Path file = files.filter(f -> f.getFileName().toString().matches(pattern))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("no library " + pattern + " in " + folder));
            return SymbolLookup.libraryLookup(file, arena);
        }
    }

    MethodHandle function(String name, @Nullable MemoryLayout result, MemoryLayout... arguments) {
        MemorySegment address = libraries.stream()
                .map(library -> library.find(name))
                .flatMap(Optional::stream)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("this llama.cpp has no function " + name));
        return function(address, result, arguments);
    }

    MethodHandle function(MemorySegment address, @Nullable MemoryLayout result, MemoryLayout... arguments) {
        FunctionDescriptor type =
                result == null ? FunctionDescriptor.ofVoid(arguments) : FunctionDescriptor.of(result, arguments);
        return LINKER.downcallHandle(address, type);
    }

    /** A function of the CPU back end that is not in the libraries' tables of symbols. */
    MemorySegment cpuFunction(String name) throws Throwable {
        MemorySegment cpu = (MemorySegment)
                function("ggml_backend_reg_by_name", ADDRESS, ADDRESS).invoke(text("CPU"));
        return (MemorySegment) function("ggml_backend_reg_get_proc_address", ADDRESS, ADDRESS, ADDRESS)
                .invoke(cpu, text(name));
    }

    /** What a function of no arguments gives that returns a struct of parameters. */
    MemorySegment defaults(String name) throws Throwable {
        return (MemorySegment) function(name, PARAMETERS).invoke((SegmentAllocator) arena);
    }

    MemorySegment text(String text) {
        return arena.allocateFrom(text);
    }

    Arena arena() {
        return arena;
    }

    /** Version, and the builds of the CPU back end that are mapped. */
    String description() {
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            String builds = maps.filter(line -> line.contains("libggml-cpu"))
                    .map(line -> line.substring(line.lastIndexOf('/') + 1))
                    .collect(Collectors.toCollection(TreeSet::new))
                    .toString();
            return "llama.cpp, ggml " + version + ", " + builds;
        } catch (IOException e) {
            return "llama.cpp, ggml " + version;
        }
    }
}
