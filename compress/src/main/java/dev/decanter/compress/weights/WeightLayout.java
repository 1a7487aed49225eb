package dev.decanter.compress.weights;

import dev.decanter.compress.CompressionException;
import dev.decanter.ir.Shape;
import java.util.List;

/**
 * Where the elements of a {@link WeightMatrix} lie in a constant. Every weight is an array
 * [outer, reduced, inner, tail] of which rows are (outer, inner) and columns (reduced, tail): [O, I] has O, I, 1, 1;
 * [I, O] has 1, I, O, 1; [experts, O, I] has experts·O, I, 1, 1; the weight of a ConvolutionBackpropData [I, O, kernel]
 * has 1, I, O, kernel.
 *
 * @param shape of the constant
 * @param reductionAxes axes of the shape that a row runs over, ascending
 */
public record WeightLayout(Shape shape, List<Integer> reductionAxes, long outer, long reduced, long inner, long tail) {
    public WeightLayout {
        reductionAxes = List.copyOf(reductionAxes);
    }

    /** Takes a shape apart; throws {@link CompressionException} for more than 2³¹ rows or columns. */
    public static WeightLayout of(Shape shape, List<Integer> reductionAxes) {
        int first = reductionAxes.getFirst();
        int end = first;
        while (reductionAxes.contains(end)) {
            end++;
        }
        int tailStart = end;
        while (tailStart < shape.rank() && !reductionAxes.contains(tailStart)) {
            tailStart++;
        }
        WeightLayout layout = new WeightLayout(
                shape,
                reductionAxes,
                shape.elements(0, first),
                shape.elements(first, end),
                shape.elements(end, tailStart),
                shape.elements(tailStart, shape.rank()));
        if (Math.max(layout.outer * layout.inner, layout.reduced * layout.tail) > Integer.MAX_VALUE) {
            throw new CompressionException("a weight of shape " + shape + " has too many rows or columns");
        }
        return layout;
    }

    public int rows() {
        return (int) (outer * inner);
    }

    public int columns() {
        return (int) (reduced * tail);
    }

    /** Whether the constant's elements are the matrix row by row. */
    public boolean isRowMajor() {
        return inner == 1 || (reduced == 1 && tail == 1);
    }

    /** The axis that is cut into groups; throws {@link CompressionException} if rows run over several axes. */
    int groupAxis() {
        if (reductionAxes.size() != 1) {
            throw new CompressionException("a weight of shape " + shape + " sums over " + reductionAxes.size()
                    + " axes and cannot be cut into groups");
        }
        return reductionAxes.getFirst();
    }
}
