package dev.decanter.ir.rewrite;

import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import java.util.List;

/**
 * Passes that run one after the other. After each that changed the model, dead layers are taken off their inputs and types
 * and shapes are inferred again, so that the next pass sees a consistent graph.
 *
 * {@snippet :
 * boolean changed = PassSequence.of(new StatefulTransformation(), new LastTokenLogits("logits")).run(model);
 * }
 */
public final class PassSequence implements Pass {
    private final List<Pass> passes;

    private PassSequence(List<Pass> passes) {
        this.passes = passes;
    }

    public static PassSequence of(Pass... passes) {
        return new PassSequence(List.of(passes));
    }

    /** Runs every pass once; says whether any changed the model. */
    @Override
    public boolean run(Model model) {
        boolean changed = false;
        for (Pass pass : passes) {
            if (pass.run(model)) {
                changed = true;
                model.removeDead();
                revalidate(model);
            }
        }
        return changed;
    }

    /** Infers types and shapes of all layers again; throws {@link dev.decanter.ir.IrException} if they do not fit. */
    public static void revalidate(Model model) {
        for (Node node : model.topologicalOrder()) {
            node.revalidate();
        }
    }
}
