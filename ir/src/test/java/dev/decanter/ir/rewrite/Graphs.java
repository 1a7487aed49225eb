package dev.decanter.ir.rewrite;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.Op;

/** Small graphs of the tests. */
final class Graphs {
    private Graphs() {}

    static Output parameter(String name, ElementType type, String shape) {
        return Node.of(new Op.Parameter(type, PartialShape.parse(shape)), name)
                .output()
                .named(name);
    }

    static Output f32(String name, String shape) {
        return parameter(name, ElementType.F32, shape);
    }

    static Output node(Op op, Output... inputs) {
        return Node.of(op, op.type(), inputs).output();
    }

    static Node result(Output value, String name) {
        return Node.of(new Op.Result(), name + "/result", value.named(name));
    }
}
