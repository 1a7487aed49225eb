package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.NativePages;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A buffer that several values use one after the other. It grows and never shrinks; a tensor of the same type and shape
 * as before is the same object, so that a decode loop makes none.
 */
final class Slot implements AutoCloseable {
    private Arena arena = Arena.ofShared();
    private MemorySegment memory = MemorySegment.NULL;
    private Optional<Tensor> last = Optional.empty();

    Tensor allocate(ElementType type, Shape shape) {
        if (last.isPresent()
                && last.get().elementType() == type
                && last.get().shape().equals(shape)) {
            return last.get();
        }
        long bytes = type.byteSize(shape.elements());
        if (bytes > memory.byteSize()) {
            grow(bytes);
        }
        Tensor tensor = Tensor.of(type, shape, memory.asSlice(0, bytes));
        last = Optional.of(tensor);
        return tensor;
    }

    /** Grows by half at least, so that a cache or mask that gets longer by one each step seldom moves. */
    private void grow(long bytes) {
        long old = memory.byteSize();
        long capacity = old == 0 ? bytes : Math.max(bytes, old + old / 2);
        close();
        arena = Arena.ofShared();
        memory = NativePages.allocate(arena, Math.max(64, capacity));
    }

    @Override
    public void close() {
        arena.close();
        last = Optional.empty();
        memory = MemorySegment.NULL;
    }
}
