package dev.decanter.runtime.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Elements of the float types. Constants of a file lie at any address, so every access may be unaligned. */
abstract class FloatElements extends Elements {
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    final MemorySegment memory;

    FloatElements(MemorySegment memory) {
        this.memory = memory;
    }

    @Override
    long longAt(long index) {
        return (long) doubleAt(index);
    }

    @Override
    void putLong(long index, long value) {
        putDouble(index, (double) value);
    }

    static final class F64 extends FloatElements {
        F64(MemorySegment memory) {
            super(memory);
        }

        @Override
        double doubleAt(long index) {
            return memory.get(DOUBLE, 8 * index);
        }

        @Override
        void putDouble(long index, double value) {
            memory.set(DOUBLE, 8 * index, value);
        }
    }

    static final class F32 extends FloatElements {
        F32(MemorySegment memory) {
            super(memory);
        }

        @Override
        double doubleAt(long index) {
            return memory.get(FLOAT, 4 * index);
        }

        @Override
        void putDouble(long index, double value) {
            memory.set(FLOAT, 4 * index, (float) value);
        }

        @Override
        void putLong(long index, long value) {
            memory.set(FLOAT, 4 * index, (float) value);
        }

        @Override
        void read(long start, long step, double[] to, int count) {
            for (int i = 0; i < count; i++) {
                to[i] = doubleAt(start + i * step);
            }
        }

        @Override
        void write(long start, double[] from, int count) {
            for (int i = 0; i < count; i++) {
                putDouble(start + i, from[i]);
            }
        }
    }

    static final class F16 extends FloatElements {
        F16(MemorySegment memory) {
            super(memory);
        }

        @Override
        double doubleAt(long index) {
            return Float.float16ToFloat(memory.get(SHORT, 2 * index));
        }

        @Override
        void putDouble(long index, double value) {
            memory.set(SHORT, 2 * index, Float.floatToFloat16((float) value));
        }

        @Override
        void read(long start, long step, double[] to, int count) {
            for (int i = 0; i < count; i++) {
                to[i] = doubleAt(start + i * step);
            }
        }

        @Override
        void write(long start, double[] from, int count) {
            for (int i = 0; i < count; i++) {
                putDouble(start + i, from[i]);
            }
        }
    }

    static final class BF16 extends FloatElements {
        BF16(MemorySegment memory) {
            super(memory);
        }

        @Override
        double doubleAt(long index) {
            return Float.intBitsToFloat(memory.get(SHORT, 2 * index) << 16);
        }

        @Override
        void putDouble(long index, double value) {
            memory.set(SHORT, 2 * index, round((float) value));
        }

        private static short round(float value) {
            int bits = Float.floatToRawIntBits(value);
            if (Float.isNaN(value)) {
                return (short) ((bits >>> 16) | 0x40);
            }
            return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
        }

        @Override
        void read(long start, long step, double[] to, int count) {
            for (int i = 0; i < count; i++) {
                to[i] = doubleAt(start + i * step);
            }
        }

        @Override
        void write(long start, double[] from, int count) {
            for (int i = 0; i < count; i++) {
                putDouble(start + i, from[i]);
            }
        }
    }

    /** Four and eight bit types, by table. */
    static final class Small extends FloatElements {
        private final SmallFloat format;
        private final Elements codes;

        Small(MemorySegment memory, SmallFloat format) {
            super(memory);
            this.format = format;
            this.codes =
                    format.bits() == 4 ? new IntegerElements.Bits(memory, 4, false) : new IntegerElements.U8(memory);
        }

        @Override
        double doubleAt(long index) {
            return format.decode((int) codes.longAt(index));
        }

        @Override
        void putDouble(long index, double value) {
            codes.putLong(index, format.encode(value));
        }
    }
}
