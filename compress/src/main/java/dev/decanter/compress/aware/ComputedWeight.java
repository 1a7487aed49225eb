package dev.decanter.compress.aware;

import dev.decanter.compress.weights.WeightLayout;
import dev.decanter.compress.weights.WeightedLayer;
import dev.decanter.ir.ConstantData;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import java.lang.foreign.MemorySegment;

/**
 * A weight that a data-aware method has changed, in the type, shape and orientation of the one in whose place it stands.
 * It is computed when it is read, and again each time.
 */
abstract class ComputedWeight implements ConstantData {
    private static final int PIECE = 1 << 15;

    private final ElementType type;
    private final WeightLayout layout;
    private final long elements;

    ComputedWeight(WeightedLayer layer) {
        type = layer.elementType();
        layout = layer.layout();
        elements = layer.elements();
    }

    /** Puts a constant with this data in the place of the layer's, for all who read it. */
    WeightedLayer replace(WeightedLayer layer) {
        Node old = layer.constant();
        Node made = Node.of(new Op.Constant(type, layout.shape(), this), old.name());
        made.runtimeAttributes().addAll(old.runtimeAttributes());
        old.output().replaceWith(made.output());
        return new WeightedLayer(layer.kind(), layer.consumer(), layer.port(), made, layer.layout());
    }

    /** The values of elements from {@code first} on, in the order of the file. */
    abstract void values(long first, double[] target);

    /** The row of an element of the file. */
    final int row(long element) {
        long inner = element / layout.tail() % layout.inner();
        long outer = element / (layout.tail() * layout.inner() * layout.reduced());
        return (int) (outer * layout.inner() + inner);
    }

    /** The column of an element of the file. */
    final int column(long element) {
        long reduced = element / (layout.tail() * layout.inner()) % layout.reduced();
        return (int) (reduced * layout.tail() + element % layout.tail());
    }

    @Override
    public long byteSize() {
        return type.byteSize(elements);
    }

    @Override
    public void read(long offset, MemorySegment target) {
        int bytes = type.bits() / 8;
        long end = offset + target.byteSize();
        for (long at = offset; at < end; ) {
            long first = at / bytes;
            int count = (int) Math.min(PIECE, (end + bytes - 1) / bytes - first);
            double[] values = new double[count];
            values(first, values);
            MemorySegment piece = ((Op.Constant)
                            Constants.numbers(type, "", Shape.of(count), values).op())
                    .data()
                    .segment();
            long skip = at - first * bytes;
            long length = Math.min(piece.byteSize() - skip, end - at);
            MemorySegment.copy(piece, skip, target, at - offset, length);
            at += length;
        }
    }
}
