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
        // i64 goes straight to a float type too: by way of double it could be rounded twice
        boolean whole = Values.isWhole(in.elementType()) && !type.isFloat();
        if (whole || in.elementType() == ElementType.I64) {
            for (long i = 0; i < count; i++) {
                to.putLong(i, from.longAt(i));
            }
        } else {
            double[] values = new double[Elements.CHUNK];
            for (long start = 0; start < count; start += values.length) {
                int size = (int) Math.min(values.length, count - start);
                from.read(start, 1, values, size);
                to.write(start, values, size);
            }
        }
        return out;
    }
}
