package dev.decanter.assembler;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Locale;

/**
 * Memory with machine code in it. Code is written while the pages can be written and not run; then they can be run and never
 * again written. Linux on x86-64 only.
 *
 * <p>Code takes one argument, the address of a block of memory with whatever it needs, in rdi, and returns nothing. It may
 * change rax, rcx, rdx, rsi, rdi, r8 to r11, all vector registers and masks, and must keep the others.
 */
// the module's reason to be: calling what it wrote
@SuppressWarnings("restricted")
public final class CodeMemory {
    private static final long READ_WRITE = 3;
    private static final long READ_EXECUTE = 5;
    private static final long PRIVATE_ANONYMOUS = 0x22;
    private static final FunctionDescriptor ROUTINE = FunctionDescriptor.ofVoid(JAVA_LONG);

    private CodeMemory() {}

    /** The system's functions, linked when code is first placed: linking takes longer than a call. */
    private static final class Calls {
        private static final Linker LINKER = Linker.nativeLinker();
        static final MethodHandle MMAP = function(
                LINKER,
                "mmap",
                FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
        static final MethodHandle MPROTECT =
                function(LINKER, "mprotect", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
        static final MethodHandle MUNMAP =
                function(LINKER, "munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));

        private Calls() {}
    }

    /**
     * Puts code where it can run, for the life of the JVM.
     *
     * @return a handle of type (long)void that calls it; hold it in a static final field. A call must be short (a garbage
     *     collection waits for it): milliseconds at most
     * @throws MachineCodeException if the system is another one, or does not give such memory
     */
    public static MethodHandle load(byte[] code) {
        return caller().bindTo(place(code));
    }

    /**
     * A handle of type (MemorySegment, long)void that calls the code at the first argument, as {@link #place} gives it, with
     * the second. One handle in a static final field calls any number of routines without loss.
     *
     * @throws MachineCodeException if the system is another one
     */
    public static MethodHandle caller() {
        requireLinux();
        return Linker.nativeLinker().downcallHandle(ROUTINE, Linker.Option.critical(false));
    }

    /**
     * Puts code where it can run, for the life of the JVM, and says where that is.
     *
     * @throws MachineCodeException if the system is another one, or does not give such memory
     */
    public static MemorySegment place(byte[] code) {
        requireLinux();
        try {
            return map(code);
        } catch (MachineCodeException e) {
            throw e;
        } catch (Throwable e) {
            throw new MachineCodeException("machine code cannot be loaded: " + e, e);
        }
    }

    static void requireLinux() {
        String os = System.getProperty("os.name", "");
        String architecture = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
        if (!os.equals("Linux") || !(architecture.equals("amd64") || architecture.equals("x86_64"))) {
            throw new MachineCodeException(
                    "machine code is made for Linux on x86-64, not for " + os + " on " + architecture);
        }
    }

    private static MemorySegment map(byte[] code) throws Throwable {
        long size = Math.ceilDiv(code.length, 4096) * 4096L;
        long at = (long) Calls.MMAP.invokeExact(0L, size, (int) READ_WRITE, (int) PRIVATE_ANONYMOUS, -1, 0L);
        if (at == -1) {
            throw new MachineCodeException("the system gives no memory for machine code (mmap failed)");
        }
        MemorySegment memory = MemorySegment.ofAddress(at).reinterpret(size);
        MemorySegment.copy(MemorySegment.ofArray(code), 0, memory, 0, code.length);
        if ((int) Calls.MPROTECT.invokeExact(at, size, (int) READ_EXECUTE) != 0) {
            int ignored = (int) Calls.MUNMAP.invokeExact(at, size);
            throw new MachineCodeException(
                    "the system does not let memory be executed (mprotect failed: " + ignored + ")");
        }
        return memory;
    }

    static MethodHandle function(Linker linker, String name, FunctionDescriptor type, Linker.Option... options) {
        return linker.downcallHandle(
                linker.defaultLookup()
                        .find(name)
                        .orElseThrow(() -> new MachineCodeException("the system's library has no " + name)),
                type,
                options);
    }

    /** Calls a routine once with a block of memory; not for speed. */
    static void call(MethodHandle routine, MemorySegment block) {
        try {
            routine.invokeExact(block.address());
        } catch (Throwable e) {
            throw new MachineCodeException("machine code failed: " + e, e);
        }
    }
}
