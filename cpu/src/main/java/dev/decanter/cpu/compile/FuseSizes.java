package dev.decanter.cpu.compile;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Input;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.rewrite.Pass;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is computed from sizes of values, node by node and for each layer anew → one {@link FusedOp.Sizes} for all who ask for
 * the same numbers.
 */
final class FuseSizes implements Pass {
    /** What makes two lists of numbers one. */
    private record Key(List<Size> numbers, ElementType type, boolean alone) {}

    @Override
    public boolean run(Model model) {
        SizeReader reader = SizeReader.ofAny();
        Map<Key, Output> fused = new HashMap<>();
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            if (!isComputed(node)) {
                continue;
            }
            Output value = node.output();
            Optional<List<Size>> numbers = reader.read(value);
            if (numbers.isEmpty()) {
                continue;
            }
            Key key = new Key(numbers.get(), value.elementType(), value.shape().rank() == 0);
            for (Input consumer : List.copyOf(value.consumers())) {
                if (asks(consumer, reader)) {
                    Output made = fused.computeIfAbsent(key, k -> make(k, node.name()));
                    reader.learn(made, key.numbers);
                    consumer.node().replaceInput(consumer.index(), made);
                    changed = true;
                }
            }
        }
        return changed;
    }

    /** Whether a node makes a list or single number of others; a shape alone is as quick as what would replace it. */
    private static boolean isComputed(Node node) {
        if (node.outputs().size() != 1 || node.inputs().isEmpty()) {
            return false;
        }
        Output value = node.output();
        boolean shape = node.op() instanceof ShapeOp.ShapeOf || node.op() instanceof ShapeOp.ShapeOfV1;
        boolean whole = value.elementType() == ElementType.I64 || value.elementType() == ElementType.I32;
        return whole && !shape && value.shape().hasRank() && value.shape().rank() <= 1;
    }

    /** Whether a reader wants the numbers themselves, and not to compute others. */
    private static boolean asks(Input consumer, SizeReader reader) {
        Node node = consumer.node();
        return !(node.op() instanceof Op.Result)
                && !node.outputs().isEmpty()
                && node.outputs().stream()
                        .allMatch(output -> reader.read(output).isEmpty());
    }

    private static Output make(Key key, String name) {
        List<Output> inputs = new ArrayList<>();
        List<Extent> numbers = new ArrayList<>();
        for (Size number : key.numbers) {
            numbers.add(Extent.of(number, inputs));
        }
        return Node.of(new FusedOp.Sizes(numbers, key.type, key.alone), name, inputs)
                .output();
    }
}
