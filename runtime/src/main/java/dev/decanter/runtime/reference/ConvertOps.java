package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.runtime.Tensor;

/** Changes of the element type. */
final class ConvertOps {
    private ConvertOps() {}

    /**
     * Float to float rounds to nearest even; float to integer truncates and saturates, NaN gives 0; integer to integer
     * wraps; anything but 0 is true.
     */
    static Tensor convert(Tensor in, ElementType type, Allocator allocator) {
        if (in.elementType() == type) {
            return Copier.all(in, in.shape(), allocator);
        }
        Tensor out = allocator.allocate(type, in.shape());
        if (type.bits() < 8) {
            out.memory().fill((byte) 0);
        }
        Elements from = Elements.of(in);
        Elements to = Elements.of(out);
        long count = in.shape().elements();
        // longs hold every integer exactly, except that a u64 needs its own way to a float
        boolean whole = Values.isWhole(in.elementType()) && !(in.elementType() == ElementType.U64 && type.isFloat());
        if (whole) {
            for (long i = 0; i < count; i++) {
                to.putLong(i, from.longAt(i));
            }
        } else {
            for (long i = 0; i < count; i++) {
                to.putDouble(i, from.doubleAt(i));
            }
        }
        return out;
    }
}
