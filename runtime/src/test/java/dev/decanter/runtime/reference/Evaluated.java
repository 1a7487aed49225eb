package dev.decanter.runtime.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.Tensor;
import java.util.List;
import org.assertj.core.data.Offset;

/** Evaluates ops on literals. Memory that evaluators get is full of garbage, so that an element not written shows. */
final class Evaluated {
    static final Allocator DIRTY = (type, shape) -> {
        Tensor tensor = Allocator.COLLECTED.allocate(type, shape);
        tensor.memory().fill((byte) 0x5a);
        return tensor;
    };

    private Evaluated() {}

    static List<Tensor> all(Op op, Tensor... inputs) {
        return ReferenceOps.evaluate(op, "layer", List.of(inputs), DIRTY);
    }

    static Tensor one(Op op, Tensor... inputs) {
        List<Tensor> outputs = all(op, inputs);
        assertThat(outputs).hasSize(1);
        return outputs.getFirst();
    }

    static Tensor f32(Shape shape, double... values) {
        return typed(ElementType.F32, shape, values);
    }

    /** A vector of f32. */
    static Tensor f32(double... values) {
        return f32(Shape.of(values.length), values);
    }

    /** 0, 1, 2, … as f32. */
    static Tensor iota(long... dims) {
        Shape shape = Shape.of(dims);
        Tensor out = DIRTY.allocate(ElementType.F32, shape);
        Elements to = Elements.of(out);
        for (long i = 0; i < shape.elements(); i++) {
            to.putLong(i, i);
        }
        return out;
    }

    static Tensor typed(ElementType type, Shape shape, double... values) {
        assertThat(shape.elements()).isEqualTo(values.length);
        Tensor out = DIRTY.allocate(type, shape);
        Elements to = Elements.of(out);
        for (int i = 0; i < values.length; i++) {
            to.putDouble(i, values[i]);
        }
        return out;
    }

    /** A vector of i64. */
    static Tensor i64(long... values) {
        return Tensor.ofLongs(Shape.of(values.length), values);
    }

    static Tensor scalar(long value) {
        return Tensor.ofLongs(Shape.SCALAR, value);
    }

    static double[] numbers(Tensor tensor) {
        Elements from = Elements.of(tensor);
        double[] out = new double[(int) tensor.shape().elements()];
        for (int i = 0; i < out.length; i++) {
            out[i] = from.doubleAt(i);
        }
        return out;
    }

    static Tensor converted(Tensor in, ElementType type) {
        return one(new ShapeOp.Convert(type), in);
    }

    /** Shape and exact values. */
    static void assertIs(Tensor actual, Shape shape, double... expected) {
        assertThat(actual.shape()).isEqualTo(shape);
        assertThat(numbers(actual)).containsExactly(expected);
    }

    /** Shape and values to a relative and absolute 1e-6, which is what literals of f32 need. */
    static void assertClose(Tensor actual, Shape shape, double... expected) {
        assertThat(actual.shape()).isEqualTo(shape);
        double[] values = numbers(actual);
        assertThat(values).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(values[i])
                    .as("element " + i)
                    .isCloseTo(expected[i], Offset.offset(1e-6 * Math.max(1, Math.abs(expected[i]))));
        }
    }
}
