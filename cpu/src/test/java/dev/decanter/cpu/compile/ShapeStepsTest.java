package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.decanter.ir.DecanterException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Other dimensions for the same elements, right ones and wrong ones, as REFERENCE gives them. */
class ShapeStepsTest {
    private static final Core CORE = Core.create();

    private static long[] dims(Random random, int most, int... choice) {
        long[] dims = new long[random.nextInt(most + 1)];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = choice[random.nextInt(choice.length)];
        }
        return dims;
    }

    @Test
    void anEmptyBatchLeavesTheOpenDimensionAsItIs() {
        Op op = new ShapeOp.Reshape(true);
        Tensor target = Tensor.ofLongs(Shape.of(3), 0, -1, 4);
        Tensor x = Graph.noise(new Random(1), Shape.of(0, 3, 8));
        for (String device : List.of("CPU", "REFERENCE")) {
            assertThat(run(device, op, x, target, false)).isEqualTo(Shape.of(0, 6, 4));
            assertThat(run(device, op, x, target, true)).isEqualTo(Shape.of(0, 6, 4));
        }
    }

    @Property(tries = 400)
    void equalReference(@ForAll long seed, @ForAll boolean constant, @ForAll boolean wide) {
        Random random = new Random(seed);
        Shape data = Shape.of(dims(random, 4, 1, 1, 2, 3, 4, random.nextInt(8) == 0 ? 0 : 6));
        Op op = switch (random.nextInt(5)) {
            case 0 -> new ShapeOp.Squeeze();
            case 1 -> new ShapeOp.SqueezeV15(random.nextBoolean());
            case 2 -> new ShapeOp.Unsqueeze();
            case 3 -> new ShapeOp.Reshape(true);
            default -> new ShapeOp.Reshape(false);
        };
        long[] steering = op instanceof ShapeOp.Reshape reshape && random.nextInt(4) > 0
                ? fitting(random, data, reshape.specialZero())
                : dims(random, 4, -2, -1, 0, 1, 2, 3);
        Tensor tensor = wide ? Tensor.ofLongs(Shape.of(steering.length), steering) : ints(steering);
        Tensor x = Graph.noise(random, data);
        Object[] results = new Object[2];
        for (int i = 0; i < 2; i++) {
            String device = i == 0 ? "CPU" : "REFERENCE";
            Throwable[] failed = new Throwable[1];
            Shape[] shape = new Shape[1];
            failed[0] = catchThrowable(() -> shape[0] = run(device, op, x, tensor, constant));
            assertThat(failed[0] == null || failed[0] instanceof DecanterException)
                    .as("%s", failed[0])
                    .isTrue();
            results[i] = failed[0] == null ? shape[0] : "refused";
        }
        assertThat(results[0]).isEqualTo(results[1]);
    }

    /** Dimensions of as many elements, one of them perhaps open or taken over. */
    private static long[] fitting(Random random, Shape data, boolean specialZero) {
        long[] dims = data.dims();
        if (dims.length == 0) {
            return new long[] {1};
        }
        int at = random.nextInt(dims.length);
        if (random.nextBoolean()) {
            dims[at] = -1;
        }
        int other = random.nextInt(dims.length);
        if (specialZero && random.nextBoolean()) {
            dims[other] = 0;
        }
        return dims;
    }

    private static Tensor ints(long[] values) {
        int[] ints = new int[values.length];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = (int) values[i];
        }
        return Tensor.ofInts(Shape.of(ints.length), ints);
    }

    private static Shape run(String device, Op op, Tensor x, Tensor steering, boolean constant) {
        Model model = Graph.of(g -> {
            var data =
                    g.input("x", ElementType.F32, PartialShape.ofRank(x.shape().rank()));
            var dims = constant
                    ? g.constant(steering)
                    : g.input("dims", steering.elementType(), PartialShape.of(steering.shape()));
            g.result(g.op(op, data, dims));
        });
        try (CompiledModel compiled = CORE.compileModel(model, device);
                InferRequest request = compiled.createInferRequest()) {
            request.setTensor("x", x);
            if (!constant) {
                request.setTensor("dims", steering);
            }
            request.infer();
            return request.outputs().getFirst().shape();
        }
    }
}
