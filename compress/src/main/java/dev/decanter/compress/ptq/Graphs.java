package dev.decanter.compress.ptq;

import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.Op;
import java.util.List;

/** Small changes of a graph. */
final class Graphs {
    private Graphs() {}

    /**
     * Makes input {@code port} of {@code consumer} read {@code constant} in place of the constant behind its
     * conversions.
     */
    static void replaceConstant(Node consumer, int port, Node constant) {
        if (consumer.input(port).node().op() instanceof Op.Constant) {
            consumer.replaceInput(port, constant.output());
            return;
        }
        // the conversions are made anew: others may read the old ones
        consumer.replaceInput(
                port, rebuilt(consumer.input(port).node(), constant).output());
    }

    private static Node rebuilt(Node conversion, Node constant) {
        Node below = conversion.input(0).node();
        Output source = below.op() instanceof Op.Constant
                ? constant.output()
                : rebuilt(below, constant).output();
        Node copy = Node.of(conversion.op(), conversion.name(), List.of(source));
        copy.runtimeAttributes().addAll(conversion.runtimeAttributes());
        return copy;
    }
}
