package dev.decanter.runtime;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Elements of one type in C order, little endian, packed as {@link ElementType} says, in memory outside the heap. A string
 * tensor holds its strings instead of memory.
 *
 * <p>A tensor that allocated its memory frees it on {@link #close}; a view does not. After closing, any use of the memory
 * throws {@link IllegalStateException}.
 */
public final class Tensor implements AutoCloseable {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;

    private final ElementType elementType;
    private final Shape shape;
    private final MemorySegment memory;
    private final List<String> strings;
    private final Runnable release;

    private Tensor(ElementType type, Shape shape, MemorySegment memory, List<String> strings, Runnable release) {
        this.elementType = type;
        this.shape = shape;
        this.memory = memory;
        this.strings = strings;
        this.release = release;
    }

    /** A new tensor of zeros, aligned to 64 bytes, which the caller closes. */
    public static Tensor allocate(ElementType type, Shape shape) {
        long bytes = type.byteSize(shape.elements());
        Arena arena = Arena.ofShared();
        MemorySegment memory = arena.allocate(Math.max(bytes, 1), 64).asSlice(0, bytes);
        return new Tensor(type, shape, memory, List.of(), arena::close);
    }

    /** A view of {@code memory}, which must have exactly the size that type and shape need and outlive the tensor. */
    public static Tensor of(ElementType type, Shape shape, MemorySegment memory) {
        long bytes = type.byteSize(shape.elements());
        if (memory.byteSize() != bytes) {
            throw new IrException("a tensor of type " + type.irName() + " and shape " + shape + " needs " + bytes
                    + " bytes, not " + memory.byteSize());
        }
        return new Tensor(type, shape, memory, List.of(), () -> {});
    }

    /** An f32 tensor with a copy of {@code values}, in memory that the collector frees. */
    public static Tensor ofFloats(Shape shape, float... values) {
        return of(ElementType.F32, shape, copied(MemorySegment.ofArray(values)));
    }

    /** An i64 tensor with a copy of {@code values}, in memory that the collector frees. */
    public static Tensor ofLongs(Shape shape, long... values) {
        return of(ElementType.I64, shape, copied(MemorySegment.ofArray(values)));
    }

    /** An i32 tensor with a copy of {@code values}, in memory that the collector frees. */
    public static Tensor ofInts(Shape shape, int... values) {
        return of(ElementType.I32, shape, copied(MemorySegment.ofArray(values)));
    }

    /** A boolean tensor, in memory that the collector frees. */
    public static Tensor ofBooleans(Shape shape, boolean... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) (values[i] ? 1 : 0);
        }
        return of(ElementType.BOOLEAN, shape, copied(MemorySegment.ofArray(bytes)));
    }

    /** A string tensor. */
    public static Tensor ofStrings(Shape shape, List<String> values) {
        if (shape.elements() != values.size()) {
            throw new IrException("shape " + shape + " does not hold " + values.size() + " strings");
        }
        return new Tensor(ElementType.STRING, shape, MemorySegment.NULL, List.copyOf(values), () -> {});
    }

    private static MemorySegment copied(MemorySegment heap) {
        MemorySegment memory =
                Arena.ofAuto().allocate(Math.max(1, heap.byteSize()), 64).asSlice(0, heap.byteSize());
        return memory.copyFrom(heap);
    }

    public ElementType elementType() {
        return elementType;
    }

    public Shape shape() {
        return shape;
    }

    /** The elements' memory; {@link MemorySegment#NULL} for a string tensor. */
    public MemorySegment memory() {
        return memory;
    }

    /** The strings of a string tensor in C order; throws {@link IrException} for any other. */
    public List<String> strings() {
        require(ElementType.STRING);
        return strings;
    }

    /** The same memory under another shape of as many elements. */
    public Tensor reshaped(Shape newShape) {
        if (newShape.elements() != shape.elements()) {
            throw new IrException("cannot view shape " + shape + " as " + newShape);
        }
        return new Tensor(elementType, newShape, memory, strings, () -> {});
    }

    /** A copy of all elements; throws {@link IrException} if the type is not f32. */
    public float[] toFloats() {
        require(ElementType.F32);
        float[] out = new float[Math.toIntExact(shape.elements())];
        MemorySegment.copy(memory, F32, 0, out, 0, out.length);
        return out;
    }

    /** A copy of all elements; throws {@link IrException} if the type is neither i64 nor i32. */
    public long[] toLongs() {
        int count = Math.toIntExact(shape.elements());
        long[] out = new long[count];
        if (elementType == ElementType.I32) {
            for (int i = 0; i < count; i++) {
                out[i] = memory.get(I32, 4L * i);
            }
            return out;
        }
        require(ElementType.I64);
        MemorySegment.copy(memory, I64, 0, out, 0, count);
        return out;
    }

    private void require(ElementType wanted) {
        if (elementType != wanted) {
            throw new IrException("the tensor's type is " + elementType.irName() + ", not " + wanted.irName());
        }
    }

    /** Frees the memory if this tensor allocated it; a second call does nothing harmful only for views. */
    @Override
    public void close() {
        release.run();
    }

    /** Type and shape. */
    @Override
    public String toString() {
        return elementType.irName() + shape;
    }
}
