package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Between string tensors and their decomposed form: begins, ends, bytes. */
final class StringOps {
    private StringOps() {}

    static List<Tensor> unpack(Tensor in, Allocator allocator) {
        Values.type(in, "the input", ElementType.STRING);
        List<byte[]> texts = in.strings().stream()
                .map(s -> s.getBytes(StandardCharsets.UTF_8))
                .toList();
        long total = texts.stream().mapToLong(t -> t.length).sum();
        Math.toIntExact(total);
        Tensor begins = allocator.allocate(ElementType.I32, in.shape());
        Tensor ends = allocator.allocate(ElementType.I32, in.shape());
        Tensor bytes = allocator.allocate(ElementType.U8, Shape.of(total));
        Elements begin = Elements.of(begins);
        Elements end = Elements.of(ends);
        long at = 0;
        for (int i = 0; i < texts.size(); i++) {
            byte[] text = texts.get(i);
            begin.putLong(i, at);
            MemorySegment.copy(text, 0, bytes.memory(), ValueLayout.JAVA_BYTE, at, text.length);
            at += text.length;
            end.putLong(i, at);
        }
        return List.of(begins, ends, bytes);
    }

    static List<Tensor> pack(List<Tensor> inputs) {
        Tensor begins = inputs.get(0);
        Tensor ends = inputs.get(1);
        Tensor bytes = inputs.get(2);
        Values.type(bytes, "the third input", ElementType.U8);
        if (!begins.shape().equals(ends.shape())) {
            throw new IrException("begins " + begins + " and ends " + ends + " differ in shape");
        }
        Elements begin = Elements.of(begins);
        Elements end = Elements.of(ends);
        List<String> out = new ArrayList<>();
        for (long i = 0; i < begins.shape().elements(); i++) {
            long from = begin.longAt(i);
            long to = end.longAt(i);
            if (from < 0 || to < from || to > bytes.memory().byteSize()) {
                throw new IrException("string " + i + " reaches from byte " + from + " to " + to + " of "
                        + bytes.memory().byteSize());
            }
            byte[] text = bytes.memory().asSlice(from, to - from).toArray(ValueLayout.JAVA_BYTE);
            out.add(new String(text, StandardCharsets.UTF_8));
        }
        return List.of(Tensor.ofStrings(begins.shape(), out));
    }
}
