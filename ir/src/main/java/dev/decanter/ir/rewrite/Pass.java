package dev.decanter.ir.rewrite;

import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import java.util.Optional;
import java.util.function.Function;

/**
 * A change of a model in place.
 *
 * <p>Most passes replace what a pattern matches:
 *
 * {@snippet :
 * Pattern x = Pattern.any();
 * Pattern twice = Pattern.op(UnaryOp.Negative.class, Pattern.op(UnaryOp.Negative.class, x));
 * Pass cancel = Pass.replacing("CancelNegation", twice, match -> Optional.of(match.output(x)));
 * PassSequence.of(cancel).run(model);
 * }
 */
@FunctionalInterface
public interface Pass {
    /**
     * Changes the model; says whether it did. Layers that nothing reads any more and shapes that have to be inferred
     * again are left to {@link PassSequence}.
     */
    boolean run(Model model);

    /** For messages and timings. */
    default String name() {
        return getClass().getSimpleName();
    }

    /**
     * A pass that puts another value in the place of each match, producers before consumers. Tensor names move to the
     * replacement; layers that only the match needed become dead.
     *
     * @param replacement makes the new value; empty if the match is not to be replaced after all
     */
    static Pass replacing(String name, Pattern pattern, Function<Match, Optional<Output>> replacement) {
        return new Pass() {
            @Override
            public boolean run(Model model) {
                boolean changed = false;
                for (Node node : model.topologicalOrder()) {
                    for (Output output : node.outputs()) {
                        changed |= !output.consumers().isEmpty() && replace(output);
                    }
                }
                return changed;
            }

            private boolean replace(Output output) {
                Optional<Output> made = pattern.match(output).flatMap(replacement);
                made.ifPresent(output::replaceWith);
                return made.isPresent() && made.get() != output;
            }

            @Override
            public String name() {
                return name;
            }
        };
    }
}
