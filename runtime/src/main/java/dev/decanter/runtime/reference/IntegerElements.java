package dev.decanter.runtime.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Elements of the integer types and of boolean. */
abstract class IntegerElements extends Elements {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final double TWO_63 = 0x1p63;

    final MemorySegment memory;
    private final long lowest;
    private final long highest;

    IntegerElements(MemorySegment memory, long lowest, long highest) {
        this.memory = memory;
        this.lowest = lowest;
        this.highest = highest;
    }

    @Override
    double doubleAt(long index) {
        return (double) longAt(index);
    }

    /** The cast truncates, saturates at the range of long and makes NaN 0. */
    @Override
    void putDouble(long index, double value) {
        putLong(index, Math.clamp((long) value, lowest, highest));
    }

    static final class I64 extends IntegerElements {
        I64(MemorySegment memory) {
            super(memory, Long.MIN_VALUE, Long.MAX_VALUE);
        }

        @Override
        long longAt(long index) {
            return memory.get(LONG, 8 * index);
        }

        @Override
        void putLong(long index, long value) {
            memory.set(LONG, 8 * index, value);
        }
    }

    static final class I32 extends IntegerElements {
        I32(MemorySegment memory) {
            super(memory, Integer.MIN_VALUE, Integer.MAX_VALUE);
        }

        @Override
        long longAt(long index) {
            return memory.get(INT, 4 * index);
        }

        @Override
        void putLong(long index, long value) {
            memory.set(INT, 4 * index, (int) value);
        }
    }

    static final class I16 extends IntegerElements {
        I16(MemorySegment memory) {
            super(memory, Short.MIN_VALUE, Short.MAX_VALUE);
        }

        @Override
        long longAt(long index) {
            return memory.get(SHORT, 2 * index);
        }

        @Override
        void putLong(long index, long value) {
            memory.set(SHORT, 2 * index, (short) value);
        }
    }

    static final class I8 extends IntegerElements {
        I8(MemorySegment memory) {
            super(memory, Byte.MIN_VALUE, Byte.MAX_VALUE);
        }

        @Override
        long longAt(long index) {
            return memory.get(BYTE, index);
        }

        @Override
        void putLong(long index, long value) {
            memory.set(BYTE, index, (byte) value);
        }

        @Override
        void read(long start, long step, double[] to, int count) {
            for (int i = 0; i < count; i++) {
                to[i] = (double) longAt(start + i * step);
            }
        }
    }

    /** Longs stand for their unsigned values. */
    static final class U64 extends IntegerElements {
        U64(MemorySegment memory) {
            super(memory, 0, Long.MAX_VALUE);
        }

        @Override
        long longAt(long index) {
            return memory.get(LONG, 8 * index);
        }

        @Override
        double doubleAt(long index) {
            long value = longAt(index);
            // halving first keeps the sign bit out; the lost bit goes back in so that rounding stays right
            return value >= 0 ? (double) value : 2.0 * (double) ((value >>> 1) | (value & 1));
        }

        @Override
        void putLong(long index, long value) {
            memory.set(LONG, 8 * index, value);
        }

        @Override
        void putDouble(long index, double value) {
            if (value < TWO_63) {
                super.putDouble(index, value);
            } else {
                putLong(index, value >= 2 * TWO_63 ? -1 : (long) (value - TWO_63) + Long.MIN_VALUE);
            }
        }
    }

    static final class U32 extends IntegerElements {
        U32(MemorySegment memory) {
            super(memory, 0, 0xffff_ffffL);
        }

        @Override
        long longAt(long index) {
            return memory.get(INT, 4 * index) & 0xffff_ffffL;
        }

        @Override
        void putLong(long index, long value) {
            memory.set(INT, 4 * index, (int) value);
        }
    }

    static final class U16 extends IntegerElements {
        U16(MemorySegment memory) {
            super(memory, 0, 0xffff);
        }

        @Override
        long longAt(long index) {
            return memory.get(SHORT, 2 * index) & 0xffff;
        }

        @Override
        void putLong(long index, long value) {
            memory.set(SHORT, 2 * index, (short) value);
        }
    }

    static final class U8 extends IntegerElements {
        U8(MemorySegment memory) {
            super(memory, 0, 0xff);
        }

        @Override
        long longAt(long index) {
            return memory.get(BYTE, index) & 0xff;
        }

        @Override
        void putLong(long index, long value) {
            memory.set(BYTE, index, (byte) value);
        }

        @Override
        void read(long start, long step, double[] to, int count) {
            for (int i = 0; i < count; i++) {
                to[i] = (double) longAt(start + i * step);
            }
        }
    }

    static final class Bool extends IntegerElements {
        Bool(MemorySegment memory) {
            super(memory, 0, 1);
        }

        @Override
        long longAt(long index) {
            return memory.get(BYTE, index) != 0 ? 1 : 0;
        }

        @Override
        void putLong(long index, long value) {
            memory.set(BYTE, index, (byte) (value != 0 ? 1 : 0));
        }

        @Override
        void putDouble(long index, double value) {
            putLong(index, value != 0 ? 1 : 0);
        }
    }

    /** A stream of elements of 2 to 6 bits, least significant bit first; elements may straddle bytes. */
    static final class Bits extends IntegerElements {
        private final int width;
        private final boolean signed;

        Bits(MemorySegment memory, int width, boolean signed) {
            super(memory, signed ? -1L << (width - 1) : 0, (1L << (signed ? width - 1 : width)) - 1);
            this.width = width;
            this.signed = signed;
        }

        @Override
        long longAt(long index) {
            long value = (window(index) >>> shift(index)) & ((1L << width) - 1);
            return signed ? (value << (64 - width)) >> (64 - width) : value;
        }

        @Override
        void putLong(long index, long value) {
            int shift = shift(index);
            int mask = ((1 << width) - 1) << shift;
            int bits = (window(index) & ~mask) | ((int) (value << shift) & mask);
            long at = (index * width) >>> 3;
            memory.set(BYTE, at, (byte) bits);
            if (shift + width > 8) {
                memory.set(BYTE, at + 1, (byte) (bits >>> 8));
            }
        }

        @Override
        void read(long start, long step, double[] to, int count) {
            for (int i = 0; i < count; i++) {
                to[i] = (double) longAt(start + i * step);
            }
        }

        private int shift(long index) {
            return (int) ((index * width) & 7);
        }

        /** The byte where the element starts and, if the element goes on there, the next one above it. */
        private int window(long index) {
            long at = (index * width) >>> 3;
            int low = memory.get(BYTE, at) & 0xff;
            boolean straddles = shift(index) + width > 8;
            return straddles ? low | ((memory.get(BYTE, at + 1) & 0xff) << 8) : low;
        }
    }

    /** u1: most significant bit first. */
    static final class HighBitFirst extends IntegerElements {
        HighBitFirst(MemorySegment memory) {
            super(memory, 0, 1);
        }

        @Override
        long longAt(long index) {
            return (memory.get(BYTE, index >>> 3) & (0x80 >>> (int) (index & 7))) != 0 ? 1 : 0;
        }

        @Override
        void putLong(long index, long value) {
            int bit = 0x80 >>> (int) (index & 7);
            byte old = memory.get(BYTE, index >>> 3);
            memory.set(BYTE, index >>> 3, (byte) ((value & 1) != 0 ? old | bit : old & ~bit));
        }
    }
}
