package dev.decanter.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.file.IrWriter;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Strings in, strings out, and strings that are part of a model. */
class StringsTest {
    private static final PartialShape VECTOR = PartialShape.parse("?");

    /** Appends the constants {@code é} and an empty string to its input, and takes everything apart and together. */
    private static Model model() {
        Node in = Graphs.parameter("text", ElementType.STRING, VECTOR);
        byte[] text = "é".getBytes(StandardCharsets.UTF_8);
        ByteBuffer data = ByteBuffer.allocate(4 * 4 + text.length).order(ByteOrder.LITTLE_ENDIAN);
        data.putInt(2).putInt(0).putInt(text.length).putInt(text.length).put(text);
        Op.Constant constant =
                new Op.Constant(ElementType.STRING, Shape.of(2), ConstantData.of(MemorySegment.ofArray(data.array())));
        Node more = Graphs.node(constant, "more", ElementType.STRING, PartialShape.of(2));
        Node all = Graphs.node(new ShapeOp.Concat(0), "all", ElementType.STRING, VECTOR, in.output(), more.output());
        OutputSpec limits = new OutputSpec(ElementType.I32, VECTOR);
        Node parts = Node.of(
                new Op.StringTensorUnpack(),
                "parts",
                List.of(all.output()),
                List.of(limits, limits, new OutputSpec(ElementType.U8, VECTOR)));
        Output[] three = parts.outputs().toArray(Output[]::new);
        Node out = Graphs.node(new Op.StringTensorPack(), "packed", ElementType.STRING, VECTOR, three);
        out.output().named("out");
        parts.output(1).named("ends");
        return new Model(
                "strings",
                List.of(in),
                List.of(Graphs.result(out.output()), Graphs.result(parts.output(1))),
                List.of());
    }

    @Test
    void goThroughAModelOnDisk(@TempDir Path folder) {
        Path xml = folder.resolve("strings.xml");
        IrWriter.write(model(), xml);
        try (CompiledModel model = Core.create().compileModel(xml, "REFERENCE", Map.of());
                InferRequest request = model.createInferRequest()) {
            request.setTensor("text", Tensor.ofStrings(Shape.of(2), List.of("ab", "日本")));
            request.infer();
            assertThat(request.tensor("out").strings()).containsExactly("ab", "日本", "é", "");
            assertThat(request.tensor("ends").toLongs()).containsExactly(2, 8, 10, 10);
        }
    }

    @Test
    void arePackedOnlyFromWithinTheBytes() {
        Node begins = Graphs.parameter("begins", ElementType.I32, VECTOR);
        Node ends = Graphs.parameter("ends", ElementType.I32, VECTOR);
        Node bytes = Graphs.constant(
                "bytes", Tensor.of(ElementType.U8, Shape.of(2), MemorySegment.ofArray(new byte[] {'a', 'b'})));
        Node out = Graphs.node(
                new Op.StringTensorPack(),
                "packed",
                ElementType.STRING,
                VECTOR,
                begins.output(),
                ends.output(),
                bytes.output());
        Model packer = new Model(
                "packer",
                List.of(begins, ends),
                List.of(Graphs.result(out.output().named("out"))),
                List.of());
        try (CompiledModel model = Core.create().compileModel(packer, "REFERENCE");
                InferRequest request = model.createInferRequest()) {
            request.setTensor("begins", Tensor.ofInts(Shape.of(2), 0, 1));
            request.setTensor("ends", Tensor.ofInts(Shape.of(2), 1, 2));
            request.infer();
            assertThat(request.tensor("out").strings()).containsExactly("a", "b");
            request.setTensor("ends", Tensor.ofInts(Shape.of(2), 1, 3));
            assertThatThrownBy(request::infer)
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("layer \"packed\" (StringTensorPack, opset15): string 1 reaches from byte 1 to 3 of 2");
        }
    }
}
