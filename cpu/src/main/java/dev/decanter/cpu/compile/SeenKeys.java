package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.Attention;
import dev.decanter.cpu.kernels.Visibility;
import dev.decanter.ir.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * What a mask says to attention. Layers mostly share a mask, so it is found out once.
 *
 * @param shape [B or 1, H or 1, S or 1, T]
 * @param numbers the mask itself; without memory if all queries are plain
 * @param seen what each query sees
 * @param sizes for which it was read off the numbers; for all that fit if it was not
 */
record SeenKeys(Shape shape, MemorySegment numbers, Visibility seen, Optional<Attention.Sizes> sizes) {
    boolean isFor(Attention.Sizes wanted) {
        return sizes.isEmpty() || sizes.get().equals(wanted);
    }
}
