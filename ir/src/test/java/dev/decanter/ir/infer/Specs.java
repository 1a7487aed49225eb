package dev.decanter.ir.infer;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Shorthand of the tests: inputs as {@code f32[?,64]}, {@code i64[2]={0,-1}} or {@code i64[2]={0..5,1}}. */
final class Specs {
    private Specs() {}

    /** Outputs of {@code op} as text, joined by spaces. */
    static String infer(Op op, String... inputs) {
        List<InputSpec> specs = new ArrayList<>();
        for (String input : inputs) {
            specs.add(parse(input));
        }
        return ShapeInference.inferSpecs(op, "x", specs).stream()
                .map(Specs::print)
                .collect(Collectors.joining(" "));
    }

    static String print(OutputSpec spec) {
        return spec.elementType().irName() + spec.shape();
    }

    static InputSpec parse(String text) {
        int open = text.indexOf('[');
        int close = text.indexOf(']');
        ElementType type = ElementType.fromIrName(text.substring(0, open));
        PartialShape shape = PartialShape.parse(text.substring(open, close + 1));
        if (close + 1 == text.length()) {
            return new InputSpec(type, shape, Optional.empty());
        }
        String inside = text.substring(close + 3, text.length() - 1);
        String[] parts = inside.isEmpty() ? new String[0] : inside.split(",", -1);
        long[] lower = new long[parts.length];
        long[] upper = new long[parts.length];
        for (int i = 0; i < parts.length; i++) {
            String part = parts[i];
            if (part.equals("?")) {
                lower[i] = Long.MIN_VALUE;
                upper[i] = Long.MAX_VALUE;
                continue;
            }
            int dots = part.indexOf("..");
            lower[i] = Long.parseLong(dots < 0 ? part : part.substring(0, dots));
            String high = dots < 0 ? part : part.substring(dots + 2);
            upper[i] = high.isEmpty() ? Long.MAX_VALUE : Long.parseLong(high);
        }
        return new InputSpec(type, shape, Optional.of(ValueBounds.between(lower, upper)));
    }
}
