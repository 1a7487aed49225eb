package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Masks that a graph computes: which are known for what they are, and that it makes no difference. */
class MaskFusionTest {
    private static final Core CORE = Core.create();
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int SIZE = 8;
    private static final int WINDOW = 5;

    /** Ways to write a mask. */
    private enum Form {
        GATHERED(true),
        WINDOWED(true),
        UNSQUEEZED(true),
        INFINITE(true),
        ONLY_CAUSAL(true),
        OLDER(true),
        OLDER_IN_PART(false),
        MILD(false),
        SHIFTED_PADDING(false),
        EVERY_SECOND(false);

        final boolean known;

        Form(boolean known) {
            this.known = known;
        }
    }

    /** As Optimum writes it, or nearly. */
    private static final class Builder {
        private final Graph g;
        private final Form form;
        private final Output ids;
        private final Output padding;
        private final Output past;
        private final Output tokens;
        private final Output keys;
        private final Output keyIndex;
        private final Output queryIndex;

        Builder(Graph g, Form form, Output pastKeys) {
            this.g = g;
            this.form = form;
            ids = g.input("input_ids", ElementType.I64, -1, -1);
            padding = g.input("attention_mask", ElementType.I64, -1, -1);
            past = size(g.op(new ShapeOp.ShapeOf(ElementType.I64), pastKeys), 2);
            tokens = size(g.op(new ShapeOp.ShapeOf(ElementType.I64), ids), 1);
            Output list = g.op(new ShapeOp.Reshape(false), tokens, g.longs(1));
            keys = form == Form.UNSQUEEZED
                    ? size(g.op(new ShapeOp.ShapeOf(ElementType.I64), padding), 1)
                    : g.op(new BinaryOp.Add(), past, g.op(new ShapeOp.Squeeze(), list, g.scalar(0)));
            keyIndex = unsqueezed(count(g.scalar(0), keys), 0, 1, 2);
            queryIndex = unsqueezed(count(past, g.op(new BinaryOp.Add(), past, tokens)), 0, 1, 3);
        }

        private Output size(Output shape, long axis) {
            return g.op(new GatherScatterOp.Gather(0), shape, g.scalar(axis), g.scalar(0));
        }

        private Output count(Output from, Output to) {
            return g.op(new ShapeOp.Range(ElementType.I64), from, to, g.scalar(1));
        }

        private Output unsqueezed(Output x, long... axes) {
            Output y = x;
            for (long axis : axes) {
                y = g.op(new ShapeOp.Unsqueeze(), y, g.scalar(axis));
            }
            return y;
        }

        private Output ints(Output x) {
            return g.op(new ShapeOp.Convert(ElementType.I32), x);
        }

        private Output present() {
            Output mask = g.op(new ShapeOp.Convert(ElementType.BOOLEAN), padding);
            if (form == Form.UNSQUEEZED) {
                return g.op(new ShapeOp.Unsqueeze(), mask, g.longs(1, 2));
            }
            Output shape = g.op(new ShapeOp.ShapeOf(ElementType.I32), mask);
            Output all = g.op(new ReduceOp.ReduceProd(true), shape, g.scalar(0));
            Output flat = g.op(
                    new ShapeOp.Reshape(true),
                    mask,
                    g.op(new ShapeOp.Concat(0), all, g.constant(Tensor.ofInts(Shape.of(1), -1))));
            Output batch = size(g.op(new ShapeOp.ShapeOf(ElementType.I64), ids), 0);
            Output rows = unsqueezed(count(g.scalar(0), batch), 1, 2, 3);
            Output length = g.op(new GatherScatterOp.Gather(0), shape, g.longs(1), g.scalar(0));
            Output place = g.op(new BinaryOp.Add(), ints(keyIndex), g.op(new BinaryOp.Multiply(), ints(rows), length));
            if (form == Form.SHIFTED_PADDING) {
                place = g.op(new BinaryOp.Maximum(), place, g.constant(Tensor.ofInts(Shape.SCALAR, 1)));
            }
            Output found = g.op(new GatherScatterOp.Gather(0), flat, place, g.scalar(0));
            Output list = g.op(new ShapeOp.Reshape(false), found, g.longs(-1));
            return g.op(new ShapeOp.Reshape(false), list, g.op(new ShapeOp.ShapeOf(ElementType.I32), place));
        }

        /** As Transformers up to 4.47 has it: numbers from the start, and padding assigned to all of them. */
        private Output older() {
            Output length = size(g.op(new ShapeOp.ShapeOf(ElementType.I64), padding), 1);
            Output sizes = g.op(
                    new BinaryOp.Maximum(),
                    g.longs(1, 1),
                    g.op(
                            new ShapeOp.Concat(0),
                            g.op(new ShapeOp.Reshape(false), tokens, g.longs(-1)),
                            g.op(new ShapeOp.Reshape(false), length, g.longs(-1))));
            Output full = broadcast(g.floats(Shape.SCALAR, -65504), sizes, ShapeOp.BroadcastMode.NUMPY);
            Output shape = g.op(new ShapeOp.ShapeOf(ElementType.I64), full);
            Output columns = g.op(new ShapeOp.Reshape(false), count(g.scalar(0), size(shape, 1)), g.longs(1, -1));
            Output rows = count(g.scalar(1), g.op(new BinaryOp.Add(), size(shape, 0), g.scalar(1)));
            Output above =
                    g.op(new BinaryOp.GreaterEqual(), columns, g.op(new ShapeOp.Reshape(false), rows, g.longs(-1, 1)));
            Output ahead = g.op(new ShapeOp.Select(), above, full, g.floats(Shape.SCALAR, 0));
            Output places = count(past, g.op(new BinaryOp.Add(), past, tokens));
            Output later = g.op(
                    new BinaryOp.Greater(),
                    g.op(new ShapeOp.Convert(ElementType.F32), count(g.scalar(0), length)),
                    g.op(
                            new ShapeOp.Reshape(false),
                            g.op(new ShapeOp.Convert(ElementType.F32), places),
                            g.longs(-1, 1)));
            Output causal = g.op(new BinaryOp.Multiply(), ahead, g.op(new ShapeOp.Convert(ElementType.F32), later));
            Output batch = size(g.op(new ShapeOp.ShapeOf(ElementType.I64), ids), 0);
            Output x = broadcast(
                    g.op(new ShapeOp.Unsqueeze(), causal, g.longs(0, 1)),
                    g.op(new ShapeOp.Concat(0), unsqueezed(batch, 0), g.longs(1, 1, 1)),
                    ShapeOp.BroadcastMode.BIDIRECTIONAL);
            Output assigned = assigned(x, form == Form.OLDER ? length : tokens);
            return keysUntil(assigned, keys);
        }

        private Output assigned(Output x, Output length) {
            Output shape = g.op(new ShapeOp.ShapeOf(ElementType.I64), x);
            Output all = g.op(new ReduceOp.ReduceProd(false), shape, g.scalar(0));
            Output places = g.op(new ShapeOp.Reshape(false), count(g.scalar(0), all), shape);
            Output part = keysUntil(x, length);
            Output marks =
                    g.op(new ShapeOp.Convert(ElementType.F32), g.op(new ShapeOp.Unsqueeze(), padding, g.longs(1, 2)));
            Output cut = form == Form.OLDER ? marks : keysUntil(marks, length);
            Output sum = g.op(new BinaryOp.Add(), part, cut);
            Output gone = g.op(new BinaryOp.Equal(), sum, g.floats(Shape.of(1, 1, 1, 1), 0));
            Output hidden = g.op(new ShapeOp.Select(), gone, g.floats(Shape.SCALAR, -65504), part);
            Output fresh =
                    broadcast(hidden, g.op(new ShapeOp.ShapeOf(ElementType.I64), part), ShapeOp.BroadcastMode.NUMPY);
            Output list = g.op(
                    new GatherScatterOp.ScatterNDUpdateV4(),
                    g.op(new ShapeOp.Reshape(false), x, g.longs(-1)),
                    g.op(new ShapeOp.Reshape(false), keysUntil(places, length), g.longs(-1, 1)),
                    g.op(new ShapeOp.Reshape(false), fresh, g.longs(-1)));
            return g.op(new ShapeOp.Reshape(false), list, shape);
        }

        private Output keysUntil(Output x, Output end) {
            Output ends = g.op(
                    new GatherScatterOp.ScatterUpdate(),
                    g.longs(0, 0, 0, 0),
                    g.longs(3),
                    g.op(new ShapeOp.Reshape(false), end, g.longs(-1)),
                    g.scalar(0));
            List<Long> masks = List.of(1L, 1L, 1L, 0L);
            var op = new ShapeOp.StridedSlice(masks, masks, List.of(), List.of(), List.of());
            return g.op(op, x, g.longs(0, 0, 0, 0), ends, g.longs(1, 1, 1, 1));
        }

        private Output broadcast(Output x, Output shape, ShapeOp.BroadcastMode mode) {
            return g.op(new ShapeOp.Broadcast(mode), x, shape);
        }

        Output mask() {
            if (form == Form.OLDER || form == Form.OLDER_IN_PART) {
                return older();
            }
            boolean swapped = form == Form.UNSQUEEZED;
            Output seen = swapped
                    ? g.op(new BinaryOp.GreaterEqual(), queryIndex, keyIndex)
                    : g.op(new BinaryOp.LessEqual(), keyIndex, queryIndex);
            seen = and(g.constant(Tensor.ofBooleans(Shape.SCALAR, true)), seen);
            if (form == Form.WINDOWED) {
                Output first = g.op(new BinaryOp.Subtract(), queryIndex, g.scalar(WINDOW));
                seen = and(g.op(new BinaryOp.Greater(), keyIndex, first), seen);
            }
            if (form == Form.EVERY_SECOND) {
                Output odd = g.op(new BinaryOp.Mod(), keyIndex, g.scalar(2));
                seen = and(seen, g.op(new BinaryOp.Equal(), odd, g.scalar(0)));
            }
            if (form != Form.ONLY_CAUSAL) {
                seen = and(seen, present());
                Output batch = size(g.op(new ShapeOp.ShapeOf(ElementType.I64), ids), 0);
                Output shape = g.op(
                        new ShapeOp.Concat(0),
                        unsqueezed(batch, 0),
                        g.longs(1),
                        unsqueezed(tokens, 0),
                        unsqueezed(keys, 0));
                seen = form == Form.UNSQUEEZED
                        ? seen
                        : g.op(new ShapeOp.Broadcast(ShapeOp.BroadcastMode.BIDIRECTIONAL), seen, shape);
            }
            float hidden = form == Form.MILD ? -3 : form == Form.INFINITE ? Float.NEGATIVE_INFINITY : -65504;
            Output added = g.op(new ShapeOp.Select(), seen, g.floats(Shape.SCALAR, 0), g.floats(Shape.SCALAR, hidden));
            return g.op(new ShapeOp.Slice(), added, g.longs(0), unsqueezed(keys, 0), g.longs(1), g.longs(3));
        }

        private Output and(Output a, Output b) {
            return form == Form.UNSQUEEZED
                    ? g.op(new BinaryOp.LogicalAnd(), a, b)
                    : g.op(new BinaryOp.BitwiseAnd(), a, b);
        }
    }

    private static Model model(Form form, boolean shown) {
        return DecoderGraph.of(HEADS, KV_HEADS, SIZE, (g, past) -> {
            Output mask = new Builder(g, form, past).mask();
            if (shown) {
                g.result(mask);
            }
            return mask;
        });
    }

    private static long masks(Form form) {
        try (Arena arena = Arena.ofConfined()) {
            return CpuCompiler.rewrite(model(form, false), WeightMemory.in(arena)).topologicalOrder().stream()
                    .filter(node -> node.op() instanceof FusedOp.DecoderMask)
                    .count();
        }
    }

    @ParameterizedTest
    @EnumSource
    void isKnownForWhatItIs(Form form) {
        assertThat(masks(form)).isEqualTo(form.known ? 1 : 0);
    }

    /** A prompt in pieces and single tokens behind it, rows padded on both sides and in the middle. */
    @Property(tries = 60)
    void equalsReference(
            @ForAll Form form,
            @ForAll @IntRange(min = 1, max = 3) int rows,
            @ForAll @IntRange(max = 4) int padding,
            @ForAll long seed) {
        Random random = new Random(seed);
        Map<String, String> settings = Map.of("INFERENCE_NUM_THREADS", "2", "KV_CACHE_PRECISION", "f32");
        try (CompiledModel cpu = CORE.compileAccurately(model(form, false), "CPU", settings);
                CompiledModel reference = CORE.compileModel(model(form, false), "REFERENCE");
                InferRequest fast = cpu.createInferRequest();
                InferRequest slow = reference.createInferRequest()) {
            int length = 0;
            long[][] present = new long[rows][64];
            for (int step = 0; step < 5; step++) {
                int tokens = step < 2 ? 1 + random.nextInt(12) : 1 + random.nextInt(2);
                for (long[] row : present) {
                    fill(row, length, tokens, padding, random);
                }
                Map<String, Tensor> inputs = inputs(random, rows, tokens, length, present);
                inputs.forEach(fast::setTensor);
                inputs.forEach(slow::setTensor);
                fast.infer();
                slow.infer();
                for (int row = 0; row < rows; row++) {
                    same(form, fast, slow, present[row], row, length, tokens);
                }
                length += tokens;
            }
        }
    }

    private static void fill(long[] row, int from, int count, int padding, Random random) {
        int edge = random.nextInt(count + 1);
        for (int i = 0; i < count; i++) {
            row[from + i] = switch (padding) {
                case 0 -> 1;
                case 1 -> from == 0 && i < edge ? 0 : 1;
                case 2 -> i > edge ? 0 : 1;
                case 3 -> random.nextInt(4) == 0 ? 0 : 1;
                default -> random.nextInt(3);
            };
        }
    }

    private static Map<String, Tensor> inputs(Random random, int rows, int tokens, int past, long[][] present) {
        long[] mask = Arrays.stream(present)
                .flatMapToLong(row -> Arrays.stream(row, 0, past + tokens))
                .toArray();
        return Map.of(
                "q", Graph.noise(random, Shape.of(rows, HEADS, tokens, SIZE)),
                "k", Graph.noise(random, Shape.of(rows, KV_HEADS, tokens, SIZE)),
                "v", Graph.noise(random, Shape.of(rows, KV_HEADS, tokens, SIZE)),
                "beam_idx",
                        Tensor.ofInts(Shape.of(rows), IntStream.range(0, rows).toArray()),
                "input_ids", Tensor.ofLongs(Shape.of(rows, tokens), new long[rows * tokens]),
                "attention_mask", Tensor.ofLongs(Shape.of(rows, past + tokens), mask));
    }

    /** But for queries that see nothing, whose scores are lost in f32's rounding beside -65504, as on any device. */
    private static void same(
            Form form, InferRequest fast, InferRequest slow, long[] present, int row, int past, int tokens) {
        float[] a = fast.outputs().getFirst().toFloats();
        float[] e = slow.outputs().getFirst().toFloats();
        assertThat(a).hasSameSizeAs(e);
        for (int i = 0; i < tokens; i++) {
            if (!sees(form, present, row, past + i)) {
                continue;
            }
            for (int h = 0; h < HEADS; h++) {
                for (int d = 0; d < SIZE; d++) {
                    int at = ((row * HEADS + h) * tokens + i) * SIZE + d;
                    assertThat(a[at]).isCloseTo(e[at], within(2e-5f));
                }
            }
        }
    }

    private static boolean sees(Form form, long[] present, int row, int position) {
        int first = form == Form.WINDOWED ? Math.max(0, position - WINDOW + 1) : 0;
        int step = form == Form.EVERY_SECOND ? 2 : 1;
        for (int k = first; k <= position; k += step) {
            int place = form == Form.SHIFTED_PADDING && row == 0 ? Math.max(1, k) : k;
            if (form == Form.MILD || form == Form.ONLY_CAUSAL || present[place] != 0) {
                return true;
            }
        }
        return false;
    }

    /** Numbers that somebody asks for are there. */
    @Test
    void aMaskThatIsReadByOthersToo() {
        Random random = new Random(3);
        long[][] present = {{0, 1, 1, 1}, {1, 1, 0, 1}};
        try (CompiledModel cpu = CORE.compileAccurately(model(Form.GATHERED, true), "CPU", Map.of());
                CompiledModel reference = CORE.compileModel(model(Form.GATHERED, true), "REFERENCE");
                InferRequest fast = cpu.createInferRequest();
                InferRequest slow = reference.createInferRequest()) {
            Map<String, Tensor> inputs = inputs(random, 2, 4, 0, present);
            inputs.forEach(fast::setTensor);
            inputs.forEach(slow::setTensor);
            fast.infer();
            slow.infer();
            assertThat(fast.outputs().getFirst().toFloats())
                    .isEqualTo(slow.outputs().getFirst().toFloats());
        }
    }
}
