package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.Copies;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.infer.InputSpec;
import dev.decanter.ir.infer.ShapeInference;
import dev.decanter.ir.infer.ValueBounds;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Steps that describe or re-describe values. */
final class ShapeSteps {
    private ShapeSteps() {}

    /** The shape of output 0 for the current step's inputs: input 0 by its shape, the others by value. */
    static Shape infer(Op op, String layer, Frame frame) {
        List<InputSpec> specs = new ArrayList<>(frame.inputCount());
        specs.add(new InputSpec(frame.type(0), PartialShape.of(frame.shape(0)), Optional.empty()));
        for (int i = 1; i < frame.inputCount(); i++) {
            Tensor value = frame.in(i);
            boolean integers = value.elementType() == ElementType.I64 || value.elementType() == ElementType.I32;
            specs.add(new InputSpec(
                    value.elementType(),
                    PartialShape.of(value.shape()),
                    integers ? Optional.of(ValueBounds.exactly(value.toLongs())) : Optional.empty()));
        }
        List<OutputSpec> outputs = ShapeInference.inferSpecs(op, layer, specs);
        return outputs.getFirst().shape().toShape();
    }

    /** Same memory, other dimensions. */
    static Step reshape(Node node) {
        Op op = node.op();
        String layer = node.name();
        return frame -> frame.view(0, frame.in(0).reshaped(infer(op, layer, frame)));
    }

    static Step shapeOf(ElementType type) {
        return frame -> {
            Shape shape = frame.shape(0);
            MemorySegment out = frame.out(0, type, Shape.of(shape.rank())).memory();
            for (int i = 0; i < shape.rank(); i++) {
                if (type == ElementType.I32) {
                    out.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, (int) shape.dim(i));
                } else {
                    out.set(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i, shape.dim(i));
                }
            }
        };
    }

    /** Any permutation, of elements of a byte or more. */
    static Step transpose() {
        return frame -> {
            Tensor x = frame.in(0);
            Shape shape = x.shape();
            int rank = shape.rank();
            long[] order = frame.in(1).toLongs();
            long[] source = new long[rank];
            long step = 1;
            for (int i = rank - 1; i >= 0; i--) {
                source[i] = step;
                step *= shape.dim(i);
            }
            long[] dims = new long[rank];
            long[] strides = new long[rank];
            for (int i = 0; i < rank; i++) {
                int axis = order.length == 0 ? rank - 1 - i : (int) (order[i] < 0 ? order[i] + rank : order[i]);
                dims[i] = shape.dim(axis);
                strides[i] = source[axis];
            }
            Tensor y = frame.out(0, x.elementType(), Shape.of(dims));
            long[] target = new long[rank];
            step = 1;
            for (int i = rank - 1; i >= 0; i--) {
                target[i] = step;
                step *= dims[i];
            }
            int bytes = x.elementType().bits() / Byte.SIZE;
            Copies.strided(frame.team(), bytes, dims, x.memory(), 0, strides, y.memory(), 0, target);
        };
    }
}
