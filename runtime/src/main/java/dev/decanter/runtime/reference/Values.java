package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import java.util.BitSet;
import java.util.List;

/** Small inputs that steer an op (shapes, axes, limits) and the checks that many ops share. */
final class Values {
    /** No shape, list of axes or list of limits is longer than this; a longer one is a model's mistake. */
    private static final int MOST = 1 << 16;

    private Values() {}

    /** All elements of an integer tensor. */
    static long[] longs(Tensor tensor, String what) {
        long count = tensor.shape().elements();
        if (!tensor.elementType().isInteger()) {
            throw new IrException(what + " must be integers, not " + tensor);
        }
        if (count > MOST) {
            throw new IrException(what + " has " + count + " elements");
        }
        Elements elements = Elements.of(tensor);
        long[] out = new long[(int) count];
        for (int i = 0; i < out.length; i++) {
            out[i] = elements.longAt(i);
        }
        return out;
    }

    /** The only element of an integer tensor. */
    static long scalar(Tensor tensor, String what) {
        long[] all = longs(tensor, what);
        if (all.length != 1) {
            throw new IrException(what + " must be one number, not " + tensor);
        }
        return all[0];
    }

    /** Axis in {@code 0..rank−1}; negative ones count from the end. */
    static int axis(long axis, int rank) {
        if (axis < -rank || axis >= rank) {
            throw new IrException("axis " + axis + " is outside of rank " + rank);
        }
        return (int) (axis < 0 ? axis + rank : axis);
    }

    /** The axes as a set; throws for one that is named twice. */
    static BitSet axes(long[] axes, int rank) {
        BitSet set = new BitSet(rank);
        for (long axis : axes) {
            int a = axis(axis, rank);
            if (set.get(a)) {
                throw new IrException("axis " + axis + " is named twice");
            }
            set.set(a);
        }
        return set;
    }

    /** NumPy's common shape of two; throws if there is none. */
    static Shape broadcast(Shape a, Shape b) {
        int rank = Math.max(a.rank(), b.rank());
        long[] out = new long[rank];
        for (int d = 1; d <= rank; d++) {
            long x = d <= a.rank() ? a.dim(-d) : 1;
            long y = d <= b.rank() ? b.dim(-d) : 1;
            if (x != y && x != 1 && y != 1) {
                throw new IrException("shapes " + a + " and " + b + " cannot be broadcast together");
            }
            out[rank - d] = x == 1 ? y : x;
        }
        return Shape.of(out);
    }

    static void sameType(Tensor a, Tensor b) {
        if (a.elementType() != b.elementType()) {
            throw new IrException("inputs have different types: " + a + " and " + b);
        }
    }

    static void type(Tensor tensor, String what, ElementType... allowed) {
        if (!List.of(allowed).contains(tensor.elementType())) {
            throw new IrException(what + " must be of type "
                    + String.join(
                            " or ",
                            List.of(allowed).stream().map(ElementType::irName).toList()) + ", not "
                    + tensor);
        }
    }

    static void isFloat(Tensor tensor, String what) {
        if (!tensor.elementType().isFloat()) {
            throw new IrException(what + " must be of a float type, not " + tensor);
        }
    }

    static void rank(Tensor tensor, String what, int least, int most) {
        int rank = tensor.shape().rank();
        if (rank < least || rank > most) {
            throw new IrException(what + " must be of rank "
                    + (least == most ? "" + least : least + (most == Integer.MAX_VALUE ? " or more" : " to " + most))
                    + ", not " + tensor);
        }
    }

    /** Whether whole-number arithmetic applies. */
    static boolean isWhole(ElementType type) {
        return type.isInteger() || type == ElementType.BOOLEAN;
    }
}
