package dev.decanter.cpu.machine;

import dev.decanter.assembler.CodeMemory;
import dev.decanter.assembler.MachineCodeException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** A routine in executable memory, for the life of the JVM. */
record Routine(MemorySegment code) {
    /** What stands for one that is not chosen yet. */
    static final Routine NONE = new Routine(MemorySegment.NULL);

    // one constant handle for all routines: what is called is data
    private static final MethodHandle CALL = CodeMemory.caller();

    static Routine of(byte[] code) {
        return new Routine(CodeMemory.place(code));
    }

    /** Runs the routine with the argument block at an address. */
    void call(long block) {
        try {
            CALL.invokeExact(code, block);
        } catch (Throwable e) {
            throw new MachineCodeException("machine code failed: " + e, e);
        }
    }
}
