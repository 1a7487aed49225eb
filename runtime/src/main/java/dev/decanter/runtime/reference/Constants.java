package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Constants as tensors: views of the model's memory, strings decoded. */
public final class Constants {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    private Constants() {}

    /** A constant as a tensor; throws {@link dev.decanter.ir.IrException} if the bytes of a string constant are damaged. */
    public static Tensor tensor(Op.Constant constant) {
        if (constant.elementType() == ElementType.STRING) {
            return Tensor.ofStrings(
                    constant.shape(),
                    strings(constant.data().segment(), constant.shape().elements()));
        }
        return Tensor.of(
                constant.elementType(), constant.shape(), constant.data().segment());
    }

    /** Layout: count, then count + 1 ascending offsets, then UTF-8 bytes; offsets count from the first of those. */
    private static List<String> strings(MemorySegment memory, long expected) {
        if (memory.byteSize() < 4 || memory.get(INT, 0) != expected) {
            throw new IrException("a string constant's data does not begin with its count " + expected);
        }
        long bytes = 4 * (expected + 2);
        if (memory.byteSize() < bytes) {
            throw new IrException("a string constant's data ends within its table of " + expected + " strings");
        }
        List<String> out = new ArrayList<>();
        for (long i = 0; i < expected; i++) {
            int begin = memory.get(INT, 4 * (i + 1));
            int end = memory.get(INT, 4 * (i + 2));
            if (begin < 0 || end < begin || bytes + end > memory.byteSize()) {
                throw new IrException("string " + i + " of a string constant lies outside of its data");
            }
            byte[] text = memory.asSlice(bytes + begin, end - begin).toArray(ValueLayout.JAVA_BYTE);
            out.add(new String(text, StandardCharsets.UTF_8));
        }
        return out;
    }
}
