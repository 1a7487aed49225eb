package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.DeviceLimits;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class HardwareShareTest {
    private static final DeviceLimits LIMITS = new DeviceLimits(2, 20e9, 200e9, OptionalDouble.of(800e9));

    @Test
    void readsAndProductsOfASecond() {
        // 1000 weight bytes in millions, 100 kB a position
        ModelWork work = new ModelWork(1_000_000_000, 2_000_000_000, 100_000_000, true, 100_000);
        HardwareShare share = new HardwareShare(work, Optional.of(LIMITS), 100, 20, 2000, 10);

        // (1 GB + 110 positions of 100 kB) ten times a second
        assertThat(share.readGigabytes().orElseThrow()).isEqualTo(10.11);
        // two for each weight and token, of the head for one token
        assertThat(share.operations()).isEqualTo((2.0 * 2 * 100 + 2 * 0.1) / 2);
        assertThat(share.readText())
                .contains("10.1 GB/s at decode (1.0 GB a token), 51 % of the 20.0 GB/s that 2 threads read");
        assertThat(share.operationsText())
                .isEqualTo("200 GOPS at prefill, 25 % of the 800 GOPS of bytes that 2 threads do");
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        share.addTo(json);
        assertThat(json.path("prefill_operations_share").asDouble()).isBetween(0.2501, 0.2503);
        assertThat(json.at("/limits/byte_gops").asDouble()).isEqualTo(800);
    }

    @Test
    void withoutDecodingAndWithoutLimits() {
        ModelWork work = new ModelWork(1, 1_000_000_000, 0, true, 1);
        HardwareShare share = new HardwareShare(work, Optional.empty(), 1, 1, 1000, -1);

        assertThat(share.readText()).isEmpty();
        assertThat(share.operationsText()).isEqualTo("2 GOPS at prefill");
    }

    @Test
    void floatsAreHeldAgainstFloats() {
        ModelWork work = new ModelWork(1, 1_000_000_000, 0, false, 1);

        assertThat(new HardwareShare(work, Optional.of(LIMITS), 10, 1, 1000, -1).operationsText())
                .isEqualTo("20 GOPS at prefill, 10 % of the 200 GOPS of f32 that 2 threads do");
    }

    @Test
    void theWorkOfAGraph() {
        Node x = Node.of(new Op.Parameter(ElementType.F32, PartialShape.of(1, 3, 4)), "x");
        Node codes = constant(ElementType.U8, Shape.of(5, 4), 20);
        Node scales = constant(ElementType.F32, Shape.of(5, 1), 20);
        Node floats = Node.of(new ShapeOp.Convert(ElementType.F32), "c", codes.output());
        Node scaled = Node.of(new BinaryOp.Multiply(), "s", floats.output(), scales.output());
        Node layer = Node.of(new NeuralOp.MatMul(false, true), "layer", x.output(), scaled.output());
        Node matrix = constant(ElementType.F32, Shape.of(2, 5), 40);
        Node head = Node.of(new NeuralOp.MatMul(false, true), "head", layer.output(), matrix.output());
        Node result = Node.of(new Op.Result(), "logits", head.output());
        Model model = new Model("m", List.of(x), List.of(result), List.of());

        ModelWork work = ModelWork.of(model, Map.of());

        assertThat(work).isEqualTo(new ModelWork(80, 20, 10, true, 0));
        assertThat(work.bytesPerToken(7)).isEqualTo(80);
        assertThat(work.promptOperations(3)).isEqualTo(2.0 * (20 * 3 + 10));
    }

    private static Node constant(ElementType type, Shape shape, int bytes) {
        return Node.of(Op.Constant.of(type, shape, MemorySegment.ofArray(new byte[bytes])), type + " " + shape);
    }
}
