package dev.decanter.ir;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** A shape of which the rank or some dimensions may not be known before inference. Immutable. */
public final class PartialShape {
    /** Neither rank nor dimensions known. */
    public static final PartialShape DYNAMIC = new PartialShape(List.of(), true);

    private final List<Dimension> dims;
    private final boolean dynamicRank;

    private PartialShape(List<Dimension> dims, boolean dynamicRank) {
        this.dims = dims;
        this.dynamicRank = dynamicRank;
    }

    public static PartialShape of(List<Dimension> dims) {
        return new PartialShape(List.copyOf(dims), false);
    }

    /** Dimensions as sizes, −1 for a dynamic one. */
    public static PartialShape of(long... dims) {
        List<Dimension> list = new ArrayList<>(dims.length);
        for (long dim : dims) {
            if (dim < -1) {
                throw new IrException("illegal dimension " + dim + " in shape " + Arrays.toString(dims));
            }
            list.add(dim == -1 ? Dimension.DYNAMIC : Dimension.of(dim));
        }
        return of(list);
    }

    public static PartialShape of(Shape shape) {
        return of(shape.dims());
    }

    /** A known rank of dynamic dimensions. */
    public static PartialShape ofRank(int rank) {
        return of(java.util.Collections.nCopies(rank, Dimension.DYNAMIC));
    }

    /** Reads the IR spelling {@code "?,1..5,-1,64"}, {@code "..."} for a dynamic rank; empty is a scalar. */
    public static PartialShape parse(String text) {
        String trimmed = text.strip();
        if (trimmed.startsWith("[") && trimmed.endsWith("]")) {
            trimmed = trimmed.substring(1, trimmed.length() - 1);
        }
        if (trimmed.equals("...")) {
            return DYNAMIC;
        }
        if (trimmed.isEmpty()) {
            return of(List.of());
        }
        List<Dimension> dims = new ArrayList<>();
        for (String part : trimmed.split(",", -1)) {
            dims.add(parseDimension(part.strip(), text));
        }
        return of(dims);
    }

    private static Dimension parseDimension(String part, String whole) {
        try {
            if (part.equals("?") || part.equals("-1")) {
                return Dimension.DYNAMIC;
            }
            int dots = part.indexOf("..");
            if (dots < 0) {
                return Dimension.of(Long.parseLong(part));
            }
            String low = part.substring(0, dots);
            String high = part.substring(dots + 2);
            return new Dimension(
                    low.isEmpty() ? 0 : Long.parseLong(low),
                    high.isEmpty() ? Dimension.UNBOUNDED : Long.parseLong(high));
        } catch (NumberFormatException | IrException e) {
            throw new IrException(
                    "illegal dimension \"" + Text.shorten(part) + "\" in shape \"" + Text.shorten(whole) + "\"", e);
        }
    }

    public boolean hasRank() {
        return !dynamicRank;
    }

    /** The rank; throws {@link IrException} if it is dynamic. */
    public int rank() {
        if (dynamicRank) {
            throw new IrException("the shape's rank is dynamic");
        }
        return dims.size();
    }

    public List<Dimension> dims() {
        rank();
        return dims;
    }

    /** Dimension {@code axis}; a negative axis counts from the end. */
    public Dimension dim(int axis) {
        return dims().get(axis < 0 ? axis + dims.size() : axis);
    }

    public boolean isStatic() {
        if (dynamicRank) {
            return false;
        }
        for (Dimension dim : dims) {
            if (!dim.isStatic()) {
                return false;
            }
        }
        return true;
    }

    /** The static shape; throws {@link IrException} if anything is dynamic. */
    public Shape toShape() {
        if (!isStatic()) {
            throw new IrException("shape " + this + " is not static");
        }
        long[] sizes = new long[dims.size()];
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = dims.get(i).size();
        }
        return Shape.of(sizes);
    }

    /** Whether a tensor of shape {@code shape} fits. */
    public boolean admits(Shape shape) {
        if (dynamicRank) {
            return true;
        }
        if (dims.size() != shape.rank()) {
            return false;
        }
        for (int i = 0; i < dims.size(); i++) {
            if (!dims.get(i).admits(shape.dim(i))) {
                return false;
            }
        }
        return true;
    }

    /** Whether some static shape fits both. */
    public boolean compatible(PartialShape other) {
        if (dynamicRank || other.dynamicRank) {
            return true;
        }
        if (dims.size() != other.dims.size()) {
            return false;
        }
        for (int i = 0; i < dims.size(); i++) {
            if (!dims.get(i).compatible(other.dims.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** What both say together; throws {@link IrException} if they contradict each other. */
    public PartialShape intersect(PartialShape other) {
        if (!compatible(other)) {
            throw new IrException("shapes " + this + " and " + other + " contradict each other");
        }
        if (dynamicRank) {
            return other;
        }
        if (other.dynamicRank) {
            return this;
        }
        List<Dimension> out = new ArrayList<>(dims.size());
        for (int i = 0; i < dims.size(); i++) {
            out.add(dims.get(i).intersect(other.dims.get(i)));
        }
        return of(out);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PartialShape shape && dynamicRank == shape.dynamicRank && dims.equals(shape.dims);
    }

    @Override
    public int hashCode() {
        return dims.hashCode() + (dynamicRank ? 1 : 0);
    }

    /** The IR spelling between brackets, for example {@code [?,32,1..5]}; {@code [...]} for a dynamic rank. */
    @Override
    public String toString() {
        return "[" + toIr() + "]";
    }

    /** The IR spelling of a Parameter's {@code shape}, for example {@code ?,32,1..5}. */
    public String toIr() {
        return dynamicRank ? "..." : dims.stream().map(Dimension::toString).collect(Collectors.joining(","));
    }
}
