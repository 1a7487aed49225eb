package dev.decanter.ir.infer;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.Op;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One question to shape inference: an op with its inputs, and the checks that many ops share. */
final class Call {
    private final Op op;
    private final String name;
    private final List<InputSpec> inputs;

    Call(Op op, String name, List<InputSpec> inputs) {
        this.op = op;
        this.name = name;
        this.inputs = inputs;
    }

    int size() {
        return inputs.size();
    }

    boolean has(int input) {
        return input < inputs.size();
    }

    ElementType type(int input) {
        return inputs.get(input).elementType();
    }

    PartialShape shape(int input) {
        return inputs.get(input).shape();
    }

    /** Bounds of an integer input's elements; null if there is no such input or nothing is known. */
    @Nullable
    ValueBounds bounds(int input) {
        return has(input) ? inputs.get(input).value().orElse(null) : null;
    }

    /** The values of an integer input; null if there is no such input or they are not known exactly. */
    long @Nullable [] exact(int input) {
        ValueBounds bounds = bounds(input);
        return bounds != null && bounds.isExact() ? bounds.values() : null;
    }

    /** The one value of a scalar (or one-element) integer input; null if it is not known exactly. */
    @Nullable
    Long scalar(int input, String what) {
        if (!has(input)) {
            return null;
        }
        PartialShape shape = shape(input);
        if (shape.hasRank()
                && (shape.rank() > 1 || (shape.rank() == 1 && !shape.dim(0).admits(1)))) {
            throw error(what + " must be a scalar, its shape is " + shape);
        }
        long[] values = exact(input);
        if (values == null) {
            return null;
        }
        if (values.length != 1) {
            throw error(what + " must be one value, not " + values.length);
        }
        return values[0];
    }

    /** Number of elements of an input of rank 0 or 1; −1 if not known, an error for a higher rank. */
    long count(int input, String what) {
        ValueBounds bounds = bounds(input);
        if (bounds != null) {
            return bounds.size();
        }
        PartialShape shape = shape(input);
        if (!shape.hasRank()) {
            return -1;
        }
        if (shape.rank() > 1) {
            throw error(what + " must have rank 0 or 1, its shape is " + shape);
        }
        if (shape.rank() == 0) {
            return 1;
        }
        return shape.dim(0).isStatic() ? shape.dim(0).size() : -1;
    }

    /** Checks the number of inputs. */
    void arity(int least, int most) {
        if (inputs.size() < least || inputs.size() > most) {
            String wanted = least == most ? Integer.toString(least) : least + " to " + most;
            throw error("needs " + wanted + " inputs, not " + inputs.size());
        }
    }

    /** A normalized axis; an error if it is not in [−rank, rank). */
    int axis(long axis, int rank) {
        long normalized = axis < 0 ? axis + rank : axis;
        if (normalized < 0 || normalized >= rank) {
            throw error("axis " + axis + " is out of range for rank " + rank);
        }
        return (int) normalized;
    }

    /** Which axes are named: a flag for each of {@code rank}. */
    boolean[] axes(long[] axes, int rank) {
        boolean[] named = new boolean[rank];
        for (long axis : axes) {
            named[axis(axis, rank)] = true;
        }
        return named;
    }

    /** The type that all these inputs have; DYNAMIC fits every type. */
    ElementType sameType(int from, int to) {
        ElementType common = ElementType.DYNAMIC;
        for (int i = from; i < to; i++) {
            ElementType type = type(i);
            if (common == ElementType.DYNAMIC) {
                common = type;
            } else if (type != ElementType.DYNAMIC && type != common) {
                throw error("inputs must have one element type, not " + common.irName() + " and " + type.irName());
            }
        }
        return common;
    }

    void integer(int input, String what) {
        if (has(input) && type(input) != ElementType.DYNAMIC && !type(input).isInteger()) {
            throw error(what + " must be integers, not " + type(input).irName());
        }
    }

    void floating(int input) {
        if (type(input) != ElementType.DYNAMIC && !type(input).isFloat()) {
            throw error("needs floating-point values, not " + type(input).irName());
        }
    }

    void numeric(int input) {
        ElementType type = type(input);
        if (type == ElementType.BOOLEAN || type == ElementType.STRING) {
            throw error("needs numbers, not " + type.irName());
        }
    }

    void bool(int input) {
        if (type(input) != ElementType.DYNAMIC && type(input) != ElementType.BOOLEAN) {
            throw error("needs booleans, not " + type(input).irName());
        }
    }

    /** An error that names the layer. */
    IrException error(String what) {
        return new IrException("layer \"" + name + "\" (" + op.type() + ", " + op.opset() + "): " + what);
    }

    /** An error that names the layer and the shapes of the first {@code count} inputs. */
    IrException shapeError(String what, int count) {
        StringBuilder text = new StringBuilder(what).append(count == 1 ? " (shape " : " (shapes ");
        for (int i = 0; i < count; i++) {
            text.append(i == 0 ? "" : ", ").append(shape(i));
        }
        return error(text.append(')').toString());
    }

    static List<OutputSpec> one(ElementType type, PartialShape shape) {
        return List.of(new OutputSpec(type, shape));
    }

    static PartialShape shapeOf(Dimension... dims) {
        return PartialShape.of(List.of(dims));
    }

    /** An array of dimensions of unknown size, to be filled in. */
    static Dimension[] dynamic(int rank) {
        Dimension[] dims = new Dimension[rank];
        Arrays.fill(dims, Dimension.DYNAMIC);
        return dims;
    }
}
