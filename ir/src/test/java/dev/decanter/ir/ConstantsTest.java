package dev.decanter.ir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConstantsTest {
    @ParameterizedTest
    @CsvSource({
        "i8, -128, 127",
        "u8, 0, 255",
        "i16, -32768, 32767",
        "u16, 0, 65535",
        "i32, -2147483648, 2147483647",
        "u32, 0, 4294967295",
        "i64, -9223372036854775808, 9223372036854775807",
        "u64, 0, 9223372036854775807",
        "boolean, 0, 1"
    })
    void integersKeepTheirRange(String typeName, long low, long high) {
        ElementType type = ElementType.fromIrName(typeName);
        Node node = Constants.integers(type, "c", Shape.of(2), low, high);
        assertThat(node.output().elementType()).isEqualTo(type);
        assertThat(Constants.integers(node.output())).hasValue(new long[] {low, high});
        if (low > Long.MIN_VALUE) {
            assertThatThrownBy(() -> Constants.integers(type, "c", Shape.SCALAR, low - 1))
                    .isInstanceOf(IrException.class)
                    .hasMessage("layer \"c\": " + (low - 1) + " is out of the range of " + typeName);
        }
        if (high < Long.MAX_VALUE) {
            assertThatThrownBy(() -> Constants.integers(type, "c", Shape.SCALAR, high + 1))
                    .isInstanceOf(IrException.class)
                    .hasMessageContaining("is out of the range of " + typeName);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "f64, 0.1, 0.1",
        "f32, 0.1, 0.10000000149011612",
        "f16, 0.1, 0.0999755859375",
        "bf16, 0.1, 0.10009765625",
        "f16, 1e6, Infinity",
        "bf16, 1.00390625, 1.0",
        "bf16, 1.01171875, 1.015625",
        "f32, NaN, NaN",
        "bf16, NaN, NaN",
        "bf16, -Infinity, -Infinity"
    })
    void numbersAreRoundedToNearest(String typeName, double value, double stored) {
        Node node = Constants.numbers(ElementType.fromIrName(typeName), "c", Shape.SCALAR, value);
        assertThat(Constants.number(node.output())).hasValue(stored);
    }

    @Test
    void conversionsRoundAsTheyDoWhenTheyRun() {
        Node third = Constants.numbers(ElementType.F64, "c", Shape.SCALAR, 300.7);
        assertThat(Constants.number(convert(third, ElementType.U8).output())).hasValue(255.0);
        assertThat(Constants.number(convert(third, ElementType.I64).output())).hasValue(300.0);
        assertThat(Constants.number(convert(third, ElementType.F16).output())).hasValue(300.75);
        assertThat(Constants.number(convert(third, ElementType.BOOLEAN).output()))
                .hasValue(1.0);
        assertThat(Constants.integers(convert(third, ElementType.I64).output()))
                .as("integers are read from integers only")
                .isEmpty();
        Node five = Constants.scalar("c", 5);
        assertThat(Constants.integer(convert(five, ElementType.BOOLEAN).output()))
                .hasValue(1L);
    }

    private static Node convert(Node source, ElementType type) {
        return Node.of(new ShapeOp.Convert(type), "convert", source.output());
    }

    @Test
    void otherValuesAreNotConstants() {
        Node parameter = Node.of(new Op.Parameter(ElementType.I64, PartialShape.of(2)), "p");
        assertThat(Constants.integers(parameter.output())).isEmpty();
        assertThat(Constants.numbers(parameter.output())).isEmpty();
        Node packed =
                Node.of(Op.Constant.of(ElementType.U4, Shape.of(2), MemorySegment.ofArray(new byte[1])), "packed");
        assertThat(Constants.numbers(packed.output())).isEmpty();
        long many = Constants.MOST_ELEMENTS + 1L;
        Node large = Node.of(
                Op.Constant.of(ElementType.U8, Shape.of(many), MemorySegment.ofArray(new byte[(int) many])), "large");
        assertThat(Constants.integers(large.output())).isEmpty();
        assertThat(Constants.integer(Constants.vector("v", 1, 2).output())).isEmpty();
    }

    @Test
    void refusesWhatDoesNotFit() {
        assertThatThrownBy(() -> Constants.integers(ElementType.I64, "c", Shape.of(3), 1, 2))
                .isInstanceOf(IrException.class)
                .hasMessage("layer \"c\": shape [3] does not hold 2 values");
        assertThatThrownBy(() -> Constants.integers(ElementType.F32, "c", Shape.of(1), 1))
                .isInstanceOf(IrException.class)
                .hasMessage("layer \"c\": no integer constant can be made of type f32");
        assertThatThrownBy(() -> Constants.numbers(ElementType.I8, "c", Shape.of(1), 1))
                .isInstanceOf(IrException.class)
                .hasMessage("layer \"c\": no constant of numbers can be made of type i8");
    }
}
