package dev.decanter.cpu.machine;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Routines by a number for what they are made for. Kernels ask thousands of times for a token, which a map of records answers
 * slowly until it is compiled.
 */
final class Routines {
    private final @Nullable Routine[] made;

    /** Room for keys from 0 to below {@code keys}. */
    Routines(int keys) {
        made = new Routine[keys];
    }

    /** The routine of that number, made by {@code code} if there is none. */
    Routine of(int key, Supplier<byte[]> code) {
        // without a lock: a routine's fields are final
        Routine known = made[key];
        return known == null ? make(key, code) : known;
    }

    private synchronized Routine make(int key, Supplier<byte[]> code) {
        Routine known = made[key];
        if (known == null) {
            known = Routine.of(code.get());
            made[key] = known;
        }
        return known;
    }
}
