package dev.decanter.ir.rewrite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class WidenDecompressionTest {
    private static final ElementType F16 = ElementType.F16;
    private static final ElementType F32 = ElementType.F32;

    private static Output constant(ElementType type, long... dims) {
        Shape shape = Shape.of(dims);
        MemorySegment memory = MemorySegment.ofArray(new byte[(int) type.byteSize(shape.elements())]);
        return Graphs.node(new Op.Constant(type, shape, ConstantData.of(memory)));
    }

    private static Output to(ElementType type, Output value) {
        return Graphs.node(new ShapeOp.Convert(type), value);
    }

    private static Output grouped(ElementType codes, Output scale) {
        Output target =
                Constants.integers(ElementType.I64, "target", Shape.of(2), 3, 8).output();
        Output scaled = Graphs.node(new BinaryOp.Multiply(), to(F16, constant(codes, 3, 2, 4)), scale);
        return Graphs.node(new ShapeOp.Reshape(false), scaled, target);
    }

    /** What a value is computed by, as an expression; constants by their type. */
    private static String text(Output value) {
        Node node = value.node();
        String name = node.op() instanceof Op.Constant c
                ? c.elementType().irName()
                : node.op() instanceof ShapeOp.Convert c
                        ? c.destinationType().irName()
                        : node.op().type();
        return node.inputs().isEmpty()
                ? name
                : name
                        + node.inputs().stream()
                                .map(WidenDecompressionTest::text)
                                .collect(Collectors.joining(",", "(", ")"));
    }

    private static String widened(Output x, Output value) {
        Node result = Graphs.result(value, "y");
        Model model = new Model("m", x == null ? List.of() : List.of(x.node()), List.of(result), List.of());
        WidenDecompression.run(model);
        PassSequence.revalidate(model);
        assertThat(result.input(0).elementType()).isEqualTo(value.elementType());
        assertThat(result.input(0).names()).contains("y");
        return text(result.input(0));
    }

    @Test
    void computesGroupsInF32() {
        Output weight = to(F32, grouped(ElementType.NF4, constant(F16, 3, 2, 1)));
        assertThat(widened(null, weight)).isEqualTo("Reshape(Multiply(f32(nf4),f32(f16)),i64)");
    }

    @Test
    void computesScalesOfScalesInF32() {
        Output scale =
                Graphs.node(new BinaryOp.Multiply(), to(F32, constant(ElementType.F8E4M3, 3, 2, 1)), constant(F32));
        Output weight = to(F32, grouped(ElementType.F4E2M1, to(F16, scale)));
        assertThat(widened(null, weight)).isEqualTo("Reshape(Multiply(f32(f4e2m1),Multiply(f32(f8e4m3),f32)),i64)");
    }

    @Test
    void computesCodebooksInF32() {
        Output axis =
                Constants.integers(ElementType.I64, "axis", Shape.SCALAR, 0).output();
        Output codes = Graphs.node(
                new GatherScatterOp.Gather(0),
                to(F16, constant(ElementType.F8E4M3, 16)),
                to(ElementType.U8, constant(ElementType.U4, 3, 8)),
                axis);
        Output weight = to(F32, Graphs.node(new BinaryOp.Multiply(), codes, constant(F16, 3, 1)));
        assertThat(widened(null, weight)).isEqualTo("Multiply(Gather(f32(f8e4m3),u8(u4),i64),f32(f16))");
    }

    @Test
    void roundsOnceWhereTheGraphGoesOnInF16() {
        Output x = Graphs.parameter("x", F16, "?,8");
        Output product =
                Graphs.node(new NeuralOp.MatMul(false, true), x, grouped(ElementType.I4, constant(F16, 3, 2, 1)));
        assertThat(widened(x, product))
                .isEqualTo("f16(MatMul(f32(Parameter),Reshape(Multiply(f32(i4),f32(f16)),i64)))");
        Output ids = Graphs.parameter("ids", ElementType.I64, "?");
        Output axis =
                Constants.integers(ElementType.I64, "axis", Shape.SCALAR, 0).output();
        Output rows =
                Graphs.node(new GatherScatterOp.Gather(0), grouped(ElementType.I4, constant(F16, 3, 2, 1)), ids, axis);
        assertThat(widened(ids, rows)).isEqualTo("f16(Gather(Reshape(Multiply(f32(i4),f32(f16)),i64),Parameter,i64))");
        Output y = Graphs.parameter("y", F16, "3,8");
        Output sum = Graphs.node(new BinaryOp.Add(), grouped(ElementType.I4, constant(F16, 3, 2, 1)), y);
        assertThat(widened(y, sum)).isEqualTo("Add(f16(Reshape(Multiply(f32(i4),f32(f16)),i64)),Parameter)");
    }

    @Test
    void leavesOtherArithmeticAlone() {
        // no codes: numbers of the graph's own type
        Output floats = to(F32, Graphs.node(new BinaryOp.Multiply(), constant(F16, 3), constant(F16, 3)));
        assertThat(widened(null, floats)).isEqualTo("f32(Multiply(f16,f16))");
        // masks are not codes
        Output mask = Graphs.node(new BinaryOp.Multiply(), to(F16, constant(ElementType.BOOLEAN, 3)), constant(F16));
        assertThat(widened(null, to(F32, mask))).isEqualTo("f32(Multiply(f16(boolean),f16))");
        // a part that is not constant
        Output x = Graphs.parameter("x", F16, "3,1");
        Output mixed = Graphs.node(new BinaryOp.Multiply(), to(F16, constant(ElementType.U8, 3, 2)), x);
        assertThat(widened(x, to(F32, mixed))).isEqualTo("f32(Multiply(f16(u8),Parameter))");
    }
}
