package dev.decanter.cpu.compile;

import dev.decanter.cpu.compile.MaskForm.Added;
import dev.decanter.cpu.compile.MaskForm.Padding;
import dev.decanter.cpu.compile.MaskForm.Seen;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.rewrite.Pass;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A mask that hides the future, what is before a window and padding → {@link FusedOp.DecoderMask}, which makes no numbers where
 * limits say the same.
 */
final class FuseMask implements Pass {
    private static final int MASK = 3;

    @Override
    public boolean run(Model model) {
        MaskReader reader = new MaskReader();
        Map<Output, Output> fused = new HashMap<>();
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            if (!(node.op() instanceof FusedOp.Attention) || node.inputs().size() <= MASK) {
                continue;
            }
            Output mask = node.input(MASK);
            Optional<Output> known = Optional.ofNullable(fused.get(mask));
            Optional<Output> made = known.or(() -> reader.read(mask)
                    .filter(form -> form instanceof Added(Seen seen, var _, var _)
                            && seen.dims().get(1).is(1))
                    .map(form -> fuse(mask, (Added) form)));
            if (made.isPresent()) {
                fused.put(mask, made.get());
                node.replaceInput(MASK, made.get());
                changed = true;
            }
        }
        return changed;
    }

    private static Output fuse(Output mask, Added form) {
        List<Output> inputs = new ArrayList<>();
        Seen seen = form.seen();
        seen.padding().map(Padding::mask).ifPresent(inputs::add);
        FusedOp.DecoderMask op = new FusedOp.DecoderMask(
                Extent.of(seen.rows(), inputs),
                Extent.of(seen.queries(), inputs),
                Extent.of(seen.keys(), inputs),
                seen.from().map(from -> Extent.of(from, inputs)),
                seen.until().map(until -> Extent.of(until, inputs)),
                form.cut().map(cut -> Extent.of(cut, inputs)),
                form.hidden(),
                seen.padding()
                        .map(p -> new FusedOp.Padding(
                                Extent.of(p.first(), inputs),
                                Extent.of(p.rowLength(), inputs),
                                p.rows().map(r -> Extent.of(r, inputs)))));
        return Node.of(op, mask.node().name(), inputs).output();
    }
}
