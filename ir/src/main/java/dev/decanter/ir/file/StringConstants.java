package dev.decanter.ir.file;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The data of {@code string} constants: the count of strings, a zero, the end of each string (counted in the bytes that
 * follow the ends), each a 32-bit little-endian integer; then UTF-8.
 */
final class StringConstants {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private StringConstants() {}

    static void check(ConstantData data, Shape shape) {
        MemorySegment bytes = data.segment();
        long size = bytes.byteSize();
        long elements = shape.elements();
        long count = size < 4 ? -1 : bytes.get(INT, 0);
        if (count != elements || 4 * (count + 2) > size) {
            throw new IrException("its data are not " + elements + " strings");
        }
        long header = 4 * (count + 2);
        int end = bytes.get(INT, 4);
        boolean ascending = end == 0;
        for (long i = 0; i < count; i++) {
            int next = bytes.get(INT, 8 + 4 * i);
            ascending &= next >= end;
            end = next;
        }
        if (!ascending || end > size - header) {
            throw new IrException("the strings of its data overlap or reach outside it");
        }
    }
}
