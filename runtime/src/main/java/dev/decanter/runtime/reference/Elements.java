package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Single elements of a tensor of any type but string, as {@code double} or {@code long}.
 *
 * <p>Writing a {@code double} rounds to nearest even for float types; for integer types it truncates towards zero and
 * saturates, NaN gives 0. Writing a {@code long} wraps for integer types. A boolean is 0 or 1, and any value but 0
 * writes 1.
 */
abstract class Elements {
    /** How many elements loops hold in an array at a time. */
    static final int CHUNK = 1024;

    /** Values of {@code tensor}, as its type defines them. */
    static Elements of(Tensor tensor) {
        return of(tensor.elementType(), tensor.memory());
    }

    /** Bit patterns of {@code tensor} as unsigned integers, for copying elements of packed types as they are. */
    static Elements bits(Tensor tensor) {
        ElementType same = switch (tensor.elementType()) {
            case I4, NF4, F4E2M1 -> ElementType.U4;
            default -> tensor.elementType();
        };
        return of(same, tensor.memory());
    }

    private static Elements of(ElementType type, MemorySegment memory) {
        return switch (type) {
            case F64 -> new FloatElements.F64(memory);
            case F32 -> new FloatElements.F32(memory);
            case F16 -> new FloatElements.F16(memory);
            case BF16 -> new FloatElements.BF16(memory);
            case F8E4M3, F8E5M2, F8E8M0, NF4, F4E2M1 -> new FloatElements.Small(memory, SmallFloat.of(type));
            case I64 -> new IntegerElements.I64(memory);
            case I32 -> new IntegerElements.I32(memory);
            case I16 -> new IntegerElements.I16(memory);
            case I8 -> new IntegerElements.I8(memory);
            case U64 -> new IntegerElements.U64(memory);
            case U32 -> new IntegerElements.U32(memory);
            case U16 -> new IntegerElements.U16(memory);
            case U8 -> new IntegerElements.U8(memory);
            case BOOLEAN -> new IntegerElements.Bool(memory);
            case U4, U2, U3, U6 -> new IntegerElements.Bits(memory, type.bits(), false);
            case I4 -> new IntegerElements.Bits(memory, 4, true);
            case U1 -> new IntegerElements.HighBitFirst(memory);
            case STRING, DYNAMIC ->
                throw new IrException("elements of type " + type.irName() + " are not numbers in memory");
        };
    }

    abstract double doubleAt(long index);

    abstract long longAt(long index);

    abstract void putDouble(long index, double value);

    abstract void putLong(long index, long value);

    /**
     * Reads {@code count} elements that lie {@code step} apart. The types that weights and activations have override this
     * with the same loop of their own, in which the compiler sees one type only; so for {@link #write}.
     */
    void read(long start, long step, double[] to, int count) {
        for (int i = 0; i < count; i++) {
            to[i] = doubleAt(start + i * step);
        }
    }

    /** Writes {@code count} neighbours as {@link #putDouble} does. */
    void write(long start, double[] from, int count) {
        for (int i = 0; i < count; i++) {
            putDouble(start + i, from[i]);
        }
    }
}
