package dev.decanter.compress;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/** Small models made by hand. */
final class Graphs {
    /** How often a weight was read. */
    final AtomicInteger reads = new AtomicInteger();

    private final Random random = new Random(3);
    private final Node ids = Node.of(new Op.Parameter(ElementType.I64, PartialShape.of(-1, -1)), "ids");
    private Output value = ids.output();

    /** An embedding [vocabulary, width]. */
    Graphs embed(Node table) {
        value = Node.of(
                        new GatherScatterOp.Gather(0),
                        "embed",
                        widened(table),
                        value,
                        Constants.scalar("axis", 0).output())
                .output();
        return this;
    }

    /** A product with a weight [outputs, inputs]. */
    Graphs matMul(String name, Node weight) {
        value = Node.of(new NeuralOp.MatMul(false, true), name, value, widened(weight))
                .output();
        return this;
    }

    /** A product with a weight [inputs, outputs]. */
    Graphs matMulAcross(String name, Node weight) {
        value = Node.of(new NeuralOp.MatMul(false, false), name, value, widened(weight))
                .output();
        return this;
    }

    private static Output widened(Node constant) {
        return constant.output().elementType() == ElementType.F32
                ? constant.output()
                : Node.of(new ShapeOp.Convert(ElementType.F32), constant.name() + "/widened", constant.output())
                        .output();
    }

    /** A weight of random numbers, rounded to the type, that counts how often it is read. */
    Node weight(ElementType type, String name, long... dims) {
        Shape shape = Shape.of(dims);
        double[] values = random.doubles(shape.elements(), -1, 1).toArray();
        Op.Constant stored =
                (Op.Constant) Constants.numbers(type, name, shape, values).op();
        ConstantData counting = new ConstantData() {
            @Override
            public long byteSize() {
                return stored.data().byteSize();
            }

            @Override
            public void read(long offset, MemorySegment target) {
                reads.incrementAndGet();
                stored.data().read(offset, target);
            }
        };
        return Node.of(new Op.Constant(type, shape, counting), name);
    }

    Model model() {
        Node result = Node.of(new Op.Result(List.of("logits")), "logits", value);
        return new Model("test", List.of(ids), new ArrayList<>(List.of(result)), List.of());
    }

    /** Embedding, {@code layers} products of width 128 and a last one that is not shared. */
    static Graphs languageModel(int layers) {
        Graphs g = new Graphs();
        g.embed(g.weight(ElementType.F16, "embed.weight", 50, 128));
        for (int i = 0; i < layers; i++) {
            g.matMul("layers." + i, g.weight(ElementType.F16, "layers." + i + ".weight", 128, 128));
        }
        return g.matMul("lm_head", g.weight(ElementType.F16, "lm_head.weight", 50, 128));
    }
}
