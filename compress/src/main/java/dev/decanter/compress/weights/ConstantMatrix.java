package dev.decanter.compress.weights;

import dev.decanter.compress.CompressionException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.op.Op;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** A constant of floats, read piece by piece. Infinities and NaN are refused with layer and element. */
final class ConstantMatrix implements WeightMatrix {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Elements converted at a time. */
    private static final int PIECE = 1 << 16;

    private static final Kernel KERNEL = Kernel.best();

    private final String name;
    private final Op.Constant constant;
    private final WeightLayout layout;

    ConstantMatrix(String name, Op.Constant constant, WeightLayout layout) {
        this.name = name;
        this.constant = constant;
        this.layout = layout;
    }

    @Override
    public int rows() {
        return layout.rows();
    }

    @Override
    public int columns() {
        return layout.columns();
    }

    @Override
    public void read(int row, int count, float[] target) {
        if (layout.isRowMajor()) {
            elements((long) row * columns(), (long) count * columns(), target, 0);
            return;
        }
        int tail = (int) layout.tail();
        for (int done = 0; done < count; ) {
            long outer = (row + done) / layout.inner();
            int inner = (int) ((row + done) % layout.inner());
            int span = (int) Math.min(count - done, layout.inner() - inner);
            float[] slab = new float[span * tail];
            for (long r = 0; r < layout.reduced(); r++) {
                elements(((outer * layout.reduced() + r) * layout.inner() + inner) * tail, slab.length, slab, 0);
                for (int i = 0; i < span; i++) {
                    System.arraycopy(slab, i * tail, target, (int) ((done + i) * (long) columns() + r * tail), tail);
                }
            }
            done += span;
        }
    }

    /** Elements in the order of the file. */
    private void elements(long first, long count, float[] target, int at) {
        ElementType type = constant.elementType();
        int bytes = type.bits() / 8;
        MemorySegment piece = MemorySegment.ofArray(new byte[(int) Math.min(PIECE, count) * bytes]);
        short[] bits = new short[bytes == 2 ? (int) Math.min(PIECE, count) : 0];
        float[] extremes = new float[2];
        for (long done = 0; done < count; done += PIECE) {
            int length = (int) Math.min(PIECE, count - done);
            constant.data().read((first + done) * bytes, piece.asSlice(0, (long) length * bytes));
            int to = at + (int) done;
            convert(type, piece, bits, target, to, length);
            KERNEL.extremes(target, to, length, extremes);
            if (!Float.isFinite(extremes[0] - extremes[1])) {
                checkEach(target, to, length, first + done);
            }
        }
    }

    private void checkEach(float[] target, int from, int length, long element) {
        for (int i = 0; i < length; i++) {
            if (!Float.isFinite(target[from + i])) {
                throw new CompressionException("layer \"" + name + "\" holds " + target[from + i] + " at element "
                        + (element + i) + " of shape " + layout.shape()
                        + "; weights must be finite numbers, the model is damaged");
            }
        }
    }

    private static void convert(
            ElementType type, MemorySegment piece, short[] bits, float[] target, int at, int length) {
        switch (type) {
            case F32 -> MemorySegment.copy(piece, FLOAT, 0, target, at, length);
            case F16 -> {
                MemorySegment.copy(piece, SHORT, 0, bits, 0, length);
                for (int i = 0; i < length; i++) {
                    target[at + i] = Float.float16ToFloat(bits[i]);
                }
            }
            case BF16 -> {
                MemorySegment.copy(piece, SHORT, 0, bits, 0, length);
                for (int i = 0; i < length; i++) {
                    target[at + i] = Float.intBitsToFloat(bits[i] << 16);
                }
            }
            case F64 -> {
                for (int i = 0; i < length; i++) {
                    target[at + i] = (float) piece.get(DOUBLE, 8L * i);
                }
            }
            case F8E4M3 -> {
                for (int i = 0; i < length; i++) {
                    target[at + i] = FloatCodes.f8e4m3Value(piece.get(ValueLayout.JAVA_BYTE, i));
                }
            }
            case F8E5M2 -> {
                // The high byte of f16.
                for (int i = 0; i < length; i++) {
                    target[at + i] = Float.float16ToFloat((short) (piece.get(ValueLayout.JAVA_BYTE, i) << 8));
                }
            }
            default -> throw new IllegalStateException(type.irName());
        }
    }
}
