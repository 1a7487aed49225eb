package dev.decanter.compress.ptq;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.op.Op;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Float constants read piece by piece as f32, and constants computed from them when they are asked for. */
final class FloatData {
    /** Elements that are in work at a time. */
    static final int PIECE = 1 << 16;

    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private FloatData() {}

    /** Told of a run of elements: {@code values[0]} is element {@code first}. */
    @FunctionalInterface
    interface Visitor {
        void visit(long first, float[] values, int count);
    }

    /** Elements {@code first} on, {@code count} of them, into {@code target}. */
    static void read(Op.Constant constant, long first, int count, float[] target) {
        ElementType type = constant.elementType();
        int width = type.bits() / 8;
        MemorySegment bytes = MemorySegment.ofArray(new byte[count * width]);
        constant.data().read(first * width, bytes);
        for (int i = 0; i < count; i++) {
            target[i] = get(type, bytes, i);
        }
    }

    private static float get(ElementType type, MemorySegment bytes, int i) {
        return switch (type) {
            case F32 -> bytes.get(F32, 4L * i);
            case F64 -> (float) bytes.get(F64, 8L * i);
            case F16 -> Float.float16ToFloat(bytes.get(U16, 2L * i));
            case BF16 -> Float.intBitsToFloat(bytes.get(U16, 2L * i) << 16);
            default -> throw new IllegalStateException(type.irName());
        };
    }

    /** All elements, piece by piece. */
    static void forEach(Op.Constant constant, Visitor visitor) {
        long elements = constant.shape().elements();
        float[] piece = new float[(int) Math.min(PIECE, elements)];
        for (long first = 0; first < elements; first += PIECE) {
            int count = (int) Math.min(PIECE, elements - first);
            read(constant, first, count, piece);
            visitor.visit(first, piece, count);
        }
    }

    static float[] all(Op.Constant constant) {
        float[] values = new float[Math.toIntExact(constant.shape().elements())];
        forEach(constant, (first, piece, count) -> System.arraycopy(piece, 0, values, (int) first, count));
        return values;
    }

    /**
     * A constant of the same type with the elements along {@code axis} multiplied by {@code factors}, when it is
     * read.
     */
    static Op.Constant scaled(Op.Constant constant, int axis, float[] factors) {
        long inner = constant.shape().elements(axis + 1, constant.shape().rank());
        int width = constant.elementType().bits() / 8;
        ElementType type = constant.elementType();
        return new Op.Constant(
                type, constant.shape(), new Computed(constant.data().byteSize(), width) {
                    @Override
                    void compute(long first, int count, MemorySegment target, long at) {
                        float[] piece = new float[count];
                        FloatData.read(constant, first, count, piece);
                        for (int i = 0; i < count; i++) {
                            float value = piece[i] * factors[(int) ((first + i) / inner % factors.length)];
                            put(type, target, at + (long) i * width, value);
                        }
                    }
                });
    }

    /** The i8 codes of a weight, when they are read. */
    static Op.Constant codes(Op.Constant weight, Channels channels, QuantizerRange range) {
        return new Op.Constant(
                ElementType.I8, weight.shape(), new Computed(weight.shape().elements(), 1) {
                    @Override
                    void compute(long first, int count, MemorySegment target, long at) {
                        float[] piece = new float[count];
                        FloatData.read(weight, first, count, piece);
                        for (int i = 0; i < count; i++) {
                            target.set(
                                    ValueLayout.JAVA_BYTE, at + i, range.code(piece[i], channels.channel(first + i)));
                        }
                    }
                });
    }

    private static void put(ElementType type, MemorySegment target, long at, float value) {
        switch (type) {
            case F32 -> target.set(F32, at, value);
            case F64 -> target.set(F64, at, value);
            case F16 -> target.set(U16, at, Float.floatToFloat16(value));
            case BF16 -> target.set(U16, at, toBf16(value));
            default -> throw new IllegalStateException(type.irName());
        }
    }

    private static short toBf16(float value) {
        int bits = Float.floatToIntBits(value);
        return (short) ((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    /** Data of elements of whole bytes that are computed for each read. */
    private abstract static class Computed implements ConstantData {
        private final long bytes;
        private final int width;

        Computed(long bytes, int width) {
            this.bytes = bytes;
            this.width = width;
        }

        /** Writes elements {@code first} on to {@code target} from byte {@code at} on. */
        abstract void compute(long first, int count, MemorySegment target, long at);

        @Override
        public long byteSize() {
            return bytes;
        }

        @Override
        public void read(long offset, MemorySegment target) {
            long end = offset + target.byteSize();
            if (offset % width != 0 || end % width != 0) {
                // a reader that cuts through an element gets it by way of the whole ones around it
                long from = offset / width * width;
                long to = (end + width - 1) / width * width;
                MemorySegment whole = MemorySegment.ofArray(new byte[Math.toIntExact(to - from)]);
                read(from, whole);
                MemorySegment.copy(whole, offset - from, target, 0, target.byteSize());
                return;
            }
            long last = end / width;
            for (long first = offset / width; first < last; first += PIECE) {
                int count = (int) Math.min(PIECE, last - first);
                compute(first, count, target, first * width - offset);
            }
        }
    }
}
