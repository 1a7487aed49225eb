package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Ops that only move elements, on strings: the strings are numbered, the numbers are moved, and the result is the strings
 * with those numbers. Number 0, which padding and gathering out of range give, is the empty string.
 */
final class StringMoves {
    private StringMoves() {}

    static boolean applies(Op op, List<Tensor> inputs) {
        boolean moves = switch (op) {
            case ShapeOp.Convert _, ShapeOp.ConvertLike _, ShapeOp.ShapeOf _, ShapeOp.ShapeOfV1 _ -> false;
            case ShapeOp.NonZero _, ShapeOp.CumSum _, ShapeOp.Range _ -> false;
            case ShapeOp _ -> true;
            case GatherScatterOp.TopK _, GatherScatterOp.TopKV3 _ -> false;
            case GatherScatterOp _ -> true;
            default -> false;
        };
        return moves && inputs.stream().anyMatch(t -> t.elementType() == ElementType.STRING);
    }

    static List<Tensor> evaluate(Op op, String layerName, List<Tensor> inputs) {
        List<String> strings = new ArrayList<>(List.of(""));
        List<Tensor> numbered = new ArrayList<>(inputs.size());
        for (Tensor input : inputs) {
            if (input.elementType() != ElementType.STRING) {
                numbered.add(input);
                continue;
            }
            long[] numbers = new long[input.strings().size()];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = strings.size();
                strings.add(input.strings().get(i));
            }
            numbered.add(Tensor.ofLongs(input.shape(), numbers));
        }
        return ReferenceOps.evaluate(op, layerName, numbered, Allocator.COLLECTED).stream()
                .map(t -> named(t, strings))
                .toList();
    }

    private static Tensor named(Tensor numbers, List<String> strings) {
        List<String> out = new ArrayList<>();
        for (long number : numbers.toLongs()) {
            out.add(strings.get(Math.toIntExact(number)));
        }
        return Tensor.ofStrings(numbers.shape(), out);
    }
}
