package dev.decanter.tokenizers.convert;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.ops.Strings;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Makes nodes with names of their own and the outputs that the ops of OpenVINO Tokenizers have. */
final class GraphBuilder {
    static final OutputSpec INTS = new OutputSpec(ElementType.I32, PartialShape.ofRank(1));
    static final OutputSpec CHARS = new OutputSpec(ElementType.U8, PartialShape.ofRank(1));
    static final OutputSpec FLAGS = new OutputSpec(ElementType.BOOLEAN, PartialShape.ofRank(1));

    private final String prefix;
    private int nodes;

    GraphBuilder() {
        this("");
    }

    /** For nodes that are added to a graph which has names already. */
    GraphBuilder(String prefix) {
        this.prefix = prefix;
    }

    private String name(String type) {
        return prefix + type + "_" + nodes++;
    }

    static ElementType type(ConversionOptions.IdType type) {
        return switch (type) {
            case I32 -> ElementType.I32;
            case I64 -> ElementType.I64;
        };
    }

    /** A node of an op with given outputs. */
    Node node(Op op, List<Output> inputs, OutputSpec... outputs) {
        return Node.of(op, name(op.type()), inputs, List.of(outputs));
    }

    /** A node of an op of OpenVINO Tokenizers. */
    Node extension(String type, Map<String, String> attributes, List<Output> inputs, OutputSpec... outputs) {
        return node(new Op.Opaque(type, "extension", attributes), inputs, outputs);
    }

    private Output constant(ElementType type, Shape shape, MemorySegment heap) {
        MemorySegment memory =
                Arena.ofAuto().allocate(Math.max(1, heap.byteSize()), 8).asSlice(0, heap.byteSize());
        memory.copyFrom(heap);
        Op op = Op.Constant.of(type, shape, memory);
        return Node.of(op, name("Constant"), List.of(), List.of(new OutputSpec(type, PartialShape.of(shape))))
                .output();
    }

    Output ints(int... values) {
        return constant(ElementType.I32, Shape.of(values.length), MemorySegment.ofArray(values));
    }

    Output floats(float[] values) {
        return constant(ElementType.F32, Shape.of(values.length), MemorySegment.ofArray(values));
    }

    Output scalar(int value) {
        return constant(ElementType.I32, Shape.SCALAR, MemorySegment.ofArray(new int[] {value}));
    }

    Output scalar(long value) {
        return constant(ElementType.I64, Shape.SCALAR, MemorySegment.ofArray(new long[] {value}));
    }

    Output text(String value) {
        return bytes(value.getBytes(StandardCharsets.UTF_8));
    }

    Output bytes(byte[] value) {
        return constant(ElementType.U8, Shape.of(value.length), MemorySegment.ofArray(value));
    }

    /** Three constants: begins, ends, chars. */
    List<Output> strings(Strings strings) {
        return List.of(ints(strings.begins()), ints(strings.ends()), bytes(strings.chars()));
    }

    /** A list of the outputs given and those of lists. */
    static List<Output> join(Object... parts) {
        List<Output> all = new ArrayList<>();
        for (Object part : parts) {
            if (part instanceof Output output) {
                all.add(output);
            } else if (part instanceof List<?> list) {
                list.forEach(o -> all.add((Output) o));
            }
        }
        return all;
    }
}
