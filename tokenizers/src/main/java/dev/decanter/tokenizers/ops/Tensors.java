package dev.decanter.tokenizers.ops;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Between tensors and the arrays that the kernels compute with. What an earlier op left in an array is not copied. */
final class Tensors {
    private Tensors() {}

    /** The elements of an i32 tensor; not to be changed. */
    static int[] ints(Tensor tensor) {
        require(tensor, ElementType.I32);
        MemorySegment memory = tensor.memory();
        if (memory.heapBase().orElse(null) instanceof int[] array && 4L * array.length == memory.byteSize()) {
            return array;
        }
        int[] copy = new int[Math.toIntExact(tensor.shape().elements())];
        MemorySegment.copy(memory, ValueLayout.JAVA_INT_UNALIGNED, 0, copy, 0, copy.length);
        return copy;
    }

    /** The elements of an i32 or i64 tensor as i32; throws {@link InferenceException} for one that does not fit. */
    static int[] anyInts(Tensor tensor) {
        if (tensor.elementType() != ElementType.I64) {
            return ints(tensor);
        }
        long[] longs = tensor.toLongs();
        int[] copy = new int[longs.length];
        for (int i = 0; i < copy.length; i++) {
            copy[i] = (int) longs[i];
            if (copy[i] != longs[i]) {
                throw new InferenceException("tokenizer op: value " + longs[i] + " does not fit in 32 bits");
            }
        }
        return copy;
    }

    /** The elements of a u8 or boolean tensor; not to be changed. */
    static byte[] bytes(Tensor tensor) {
        if (tensor.elementType() != ElementType.BOOLEAN) {
            require(tensor, ElementType.U8);
        }
        MemorySegment memory = tensor.memory();
        if (memory.heapBase().orElse(null) instanceof byte[] array && array.length == memory.byteSize()) {
            return array;
        }
        return memory.toArray(ValueLayout.JAVA_BYTE);
    }

    static int scalar(Tensor tensor) {
        int[] values = anyInts(tensor);
        if (values.length != 1) {
            throw new InferenceException("tokenizer op: expected one number, not a tensor of shape " + tensor.shape());
        }
        return values[0];
    }

    private static void require(Tensor tensor, ElementType wanted) {
        if (tensor.elementType() != wanted) {
            throw new InferenceException("tokenizer op: expected a tensor of type " + wanted.irName() + ", not "
                    + tensor.elementType().irName());
        }
    }

    static Tensor of(int[] values) {
        return Tensor.of(ElementType.I32, Shape.of(values.length), MemorySegment.ofArray(values));
    }

    static Tensor of(int[] values, Shape shape) {
        return Tensor.of(ElementType.I32, shape, MemorySegment.ofArray(values));
    }

    static Tensor of(byte[] values) {
        return Tensor.of(ElementType.U8, Shape.of(values.length), MemorySegment.ofArray(values));
    }

    /** Booleans, one byte each. */
    static Tensor ofFlags(byte[] values, Shape shape) {
        return Tensor.of(ElementType.BOOLEAN, shape, MemorySegment.ofArray(values));
    }

    /** {@code values} if it has exactly {@code length} elements, else a copy of that length. */
    static int[] trimmed(int[] values, int length) {
        return values.length == length ? values : Arrays.copyOf(values, length);
    }

    static byte[] trimmed(byte[] values, int length) {
        return values.length == length ? values : Arrays.copyOf(values, length);
    }
}
