package dev.decanter.cpu.compile;

import dev.decanter.ir.Output;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@link Size} of a step's inputs.
 *
 * @param constant what is added to the terms
 * @param terms dimensions of inputs
 */
record Extent(long constant, List<Term> terms) {
    /** {@code factor} times dimension {@code axis} of an input. */
    record Term(int input, int axis, long factor) {}

    Extent {
        terms = List.copyOf(terms);
    }

    /** The same number as {@code size}, of sizes of {@code inputs}, which get those that are missing. */
    static Extent of(Size size, List<Output> inputs) {
        List<Term> terms = new ArrayList<>();
        size.terms().forEach((dim, factor) -> {
            if (!inputs.contains(dim.value())) {
                inputs.add(dim.value());
            }
            terms.add(new Term(inputs.indexOf(dim.value()), dim.axis(), factor));
        });
        return new Extent(size.constant(), terms);
    }

    /** The number, for the current step's inputs. */
    long of(Frame frame) {
        long sum = constant;
        for (Term term : terms) {
            sum += term.factor * frame.shape(term.input).dim(term.axis);
        }
        return sum;
    }
}
