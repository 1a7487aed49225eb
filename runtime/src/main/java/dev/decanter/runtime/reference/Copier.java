package dev.decanter.runtime.reference;

import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Copies elements between two tensors of one type as they are, whatever the type's width. */
final class Copier {
    private final Tensor from;
    private final Tensor to;
    private final long width;

    /** {@code from} and {@code to} have the same element type. */
    Copier(Tensor from, Tensor to) {
        this.from = from;
        this.to = to;
        this.width = from.elementType().bits() / 8;
        if (width == 0) {
            // the last byte of a packed tensor may be used in part; the rest of it is 0
            to.memory().fill((byte) 0);
        }
    }

    /** Copies {@code count} elements that lie {@code step} apart in the source, next to each other in the target. */
    void copy(long fromIndex, long step, long toIndex, long count) {
        if (count == 0) {
            return;
        }
        if (width == 0) {
            Elements in = Elements.bits(from);
            Elements out = Elements.bits(to);
            for (long i = 0; i < count; i++) {
                out.putLong(toIndex + i, in.longAt(fromIndex + i * step));
            }
        } else if (step == 1) {
            MemorySegment.copy(from.memory(), fromIndex * width, to.memory(), toIndex * width, count * width);
        } else {
            copyStrided(fromIndex, step, toIndex, count);
        }
    }

    private void copyStrided(long fromIndex, long step, long toIndex, long count) {
        MemorySegment in = from.memory();
        MemorySegment out = to.memory();
        for (long i = 0; i < count; i++) {
            long at = (fromIndex + i * step) * width;
            long target = (toIndex + i) * width;
            switch ((int) width) {
                case 1 -> out.set(ValueLayout.JAVA_BYTE, target, in.get(ValueLayout.JAVA_BYTE, at));
                case 2 ->
                    out.set(ValueLayout.JAVA_SHORT_UNALIGNED, target, in.get(ValueLayout.JAVA_SHORT_UNALIGNED, at));
                case 4 -> out.set(ValueLayout.JAVA_INT_UNALIGNED, target, in.get(ValueLayout.JAVA_INT_UNALIGNED, at));
                default ->
                    out.set(ValueLayout.JAVA_LONG_UNALIGNED, target, in.get(ValueLayout.JAVA_LONG_UNALIGNED, at));
            }
        }
    }

    /** Sets {@code count} elements of the target to zero bits. */
    void zero(long toIndex, long count) {
        if (count == 0) {
            return;
        }
        if (width == 0) {
            Elements out = Elements.bits(to);
            for (long i = 0; i < count; i++) {
                out.putLong(toIndex + i, 0);
            }
        } else {
            to.memory().asSlice(toIndex * width, count * width).fill((byte) 0);
        }
    }

    /** A copy of all of {@code from}. */
    static Tensor all(Tensor from, dev.decanter.ir.Shape shape, Allocator allocator) {
        Tensor to = allocator.allocate(from.elementType(), shape);
        MemorySegment.copy(from.memory(), 0, to.memory(), 0, to.memory().byteSize());
        return to;
    }
}
