package dev.decanter.ir.infer;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.PartialShape;

/** The output shape of a Reshape whose target is known, at least in bounds. */
final class ReshapeTarget {
    private final Call call;
    private final PartialShape data;
    private final ValueBounds target;
    private final boolean specialZero;

    ReshapeTarget(Call call, ValueBounds target, boolean specialZero) {
        this.call = call;
        this.data = call.shape(0);
        this.target = target;
        this.specialZero = specialZero;
    }

    PartialShape resolve() {
        Dimension[] dims = new Dimension[target.size()];
        int minusOne = -1;
        Dimension rest = Broadcasting.ONE;
        Dimension given = Broadcasting.ONE;
        boolean uncertain = !data.hasRank();
        for (int i = 0; i < dims.length; i++) {
            boolean copied = false;
            if (target.isExact(i)) {
                long size = target.lower(i);
                if (size == -1) {
                    if (minusOne >= 0) {
                        throw call.error("the target shape has more than one -1: " + target);
                    }
                    minusOne = i;
                } else if (size == 0 && specialZero) {
                    dims[i] = copy(i);
                    copied = true;
                } else if (size < 0) {
                    throw call.error("the target shape has a negative size: " + target);
                } else {
                    dims[i] = Dimension.of(size);
                    given = given.times(dims[i]);
                }
            } else {
                dims[i] = bounded(i);
                given = given.times(dims[i]);
                uncertain |= target.lower(i) < 0 || (target.lower(i) == 0 && specialZero);
            }
            if (!copied && data.hasRank() && i < data.rank()) {
                rest = rest.times(data.dim(i));
            }
        }
        for (int i = dims.length; data.hasRank() && i < data.rank(); i++) {
            rest = rest.times(data.dim(i));
        }
        if (minusOne >= 0) {
            // a size that may be a copy has its input dimension in one product and not in the other
            dims[minusOne] = uncertain ? Dimension.DYNAMIC : divide(rest, given);
        } else if (!uncertain && !rest.compatible(given)) {
            throw call.error("shape " + data + " does not have the number of elements of " + describe());
        }
        return Call.shapeOf(dims);
    }

    private Dimension copy(int axis) {
        if (!data.hasRank()) {
            return Dimension.DYNAMIC;
        }
        if (axis >= data.rank()) {
            throw call.error(
                    "target shape " + describe() + " copies axis " + axis + ", which shape " + data + " does not have");
        }
        return data.dim(axis);
    }

    private Dimension bounded(int axis) {
        long low = target.lower(axis);
        long high = target.upper(axis);
        if (low < 0 || high < 0) {
            return Dimension.DYNAMIC;
        }
        Dimension own = new Dimension(low, high);
        if (low > 0 || !specialZero || high == Dimension.UNBOUNDED) {
            return own;
        }
        if (!data.hasRank()) {
            return Dimension.DYNAMIC;
        }
        Dimension copied = axis < data.rank() ? data.dim(axis) : own;
        return new Dimension(Math.min(low, copied.min()), Math.max(high, copied.max()));
    }

    private Dimension divide(Dimension rest, Dimension given) {
        if (given.max() == 0) {
            if (rest.min() > 0) {
                throw call.error("shape " + data + " cannot be laid out as " + describe() + ", which has no elements");
            }
            return Dimension.of(0);
        }
        if (rest.isStatic() && given.isStatic()) {
            if (rest.min() % given.min() != 0) {
                throw call.error("shape " + data + " cannot be laid out as " + describe() + ": " + rest.min()
                        + " elements are not a multiple of " + given.min());
            }
            return Dimension.of(rest.min() / given.min());
        }
        long low = rest.min() == 0 ? 0 : given.max() == Dimension.UNBOUNDED ? 1 : Math.ceilDiv(rest.min(), given.max());
        long high =
                rest.max() == Dimension.UNBOUNDED || given.min() == 0 ? Dimension.UNBOUNDED : rest.max() / given.min();
        if (high < low) {
            throw call.error("shape " + data + " cannot be laid out as " + describe());
        }
        return new Dimension(low, high);
    }

    private String describe() {
        return target.toString();
    }
}
