package dev.decanter.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.condition.OS;

/**
 * Memory between two pages that nobody may touch: code that reads or writes a byte outside of it ends the JVM. A segment
 * touches one of the pages, the one before it or the one behind it; there it may lie at less of an alignment than was asked for.
 */
@SuppressWarnings("restricted")
final class GuardedMemory implements Arena {
    /** Whether the calls of Linux that this class makes mean here what they mean there. */
    static final boolean AVAILABLE =
            OS.LINUX.isCurrentOs() && System.getProperty("os.arch").equals("amd64");

    private static final long PAGE = 4096;
    private static final int NOTHING = 0;
    private static final int READ_WRITE = 3;
    private static final int PRIVATE_ANONYMOUS = 0x22;
    private static final MethodHandle MMAP =
            function("mmap", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MPROTECT = function("mprotect", JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
    private static final MethodHandle MUNMAP = function("munmap", JAVA_INT, JAVA_LONG, JAVA_LONG);

    private record Mapping(long at, long size) {}

    private final List<Mapping> mappings = new ArrayList<>();
    private final Arena life = Arena.ofShared();
    private final boolean atEnd;

    /** Segments end where the page behind begins, or begin where the page before ends. */
    GuardedMemory(boolean atEnd) {
        this.atEnd = atEnd;
    }

    private static MethodHandle function(String name, ValueLayout result, ValueLayout... arguments) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().find(name).orElseThrow(), FunctionDescriptor.of(result, arguments));
    }

    @Override
    public MemorySegment.Scope scope() {
        return life.scope();
    }

    /** Zeros. */
    @Override
    public synchronized MemorySegment allocate(long bytes, long alignment) {
        long inner = Math.ceilDiv(Math.max(1, bytes), PAGE) * PAGE;
        try {
            long at = (long) MMAP.invokeExact(0L, inner + 2 * PAGE, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
            if (at == -1) {
                throw new AssertionError("mmap failed");
            }
            mappings.add(new Mapping(at, inner + 2 * PAGE));
            protect(at);
            protect(at + PAGE + inner);
            long from = at + PAGE + (atEnd ? inner - bytes : 0);
            return MemorySegment.ofAddress(from).reinterpret(bytes, life, null);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private static void protect(long page) throws Throwable {
        if ((int) MPROTECT.invokeExact(page, PAGE, NOTHING) != 0) {
            throw new AssertionError("mprotect failed");
        }
    }

    @Override
    public void close() {
        life.close();
        for (Mapping m : mappings) {
            try {
                if ((int) MUNMAP.invokeExact(m.at, m.size) != 0) {
                    throw new AssertionError("munmap failed");
                }
            } catch (Throwable e) {
                throw new AssertionError(e);
            }
        }
    }
}
