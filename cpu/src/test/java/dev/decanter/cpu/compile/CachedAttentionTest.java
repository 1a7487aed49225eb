package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.decanter.ir.Shape;
import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.Core;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.VariableState;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fused attention on the paged cache against REFERENCE, over whatever happens to the sequences. */
class CachedAttentionTest {
    private static final Core CORE = Core.create();
    private static final float EXACT = 2e-5f;
    private static final int[][] HEADS = {{4, 4, 8}, {4, 2, 7}, {6, 1, 5}, {3, 3, 16}, {2, 2, 33}};

    /** The same requests on both devices. */
    private static final class Pair implements AutoCloseable {
        final int[] size;
        final float tolerance;
        final Random random;
        final CompiledModel cpu;
        final CompiledModel reference;
        final InferRequest fast;
        final InferRequest slow;
        int rows;
        int length;

        Pair(int[] size, long seed) {
            this(size, seed, "f32", EXACT);
        }

        Pair(int[] size, long seed, String precision, float tolerance) {
            this.tolerance = tolerance;
            this.size = size;
            random = new Random(seed);
            var model = DecoderGraph.of(size[0], size[1], size[2], true);
            var settings = Map.of("INFERENCE_NUM_THREADS", "2", "KV_CACHE_PRECISION", precision);
            cpu = CORE.compileAccurately(model, "CPU", settings);
            reference = CORE.compileModel(model, "REFERENCE");
            fast = cpu.createInferRequest();
            slow = reference.createInferRequest();
        }

        Map<String, Tensor> inputs(int steps, int total, int... beams) {
            int n = beams.length;
            return new HashMap<>(Map.of(
                    "q", noise(n, size[0], steps, size[2]),
                    "k", noise(n, size[1], steps, size[2]),
                    "v", noise(n, size[1], steps, size[2]),
                    "beam_idx", Tensor.ofInts(Shape.of(n), beams),
                    "mask", noise(n, 1, steps, total)));
        }

        Tensor noise(long... dims) {
            return Graph.noise(random, Shape.of(dims));
        }

        void step(int steps, int... beams) {
            infer(inputs(steps, length + steps, beams));
            rows = beams.length;
            length += steps;
        }

        void infer(Map<String, Tensor> inputs) {
            inputs.forEach(fast::setTensor);
            inputs.forEach(slow::setTensor);
            fast.infer();
            slow.infer();
            same(fast.outputs().getFirst(), slow.outputs().getFirst(), tolerance);
        }

        /** On the CPU only: REFERENCE is what would have been without. */
        void fail(int steps, int... beams) {
            // the mask is looked at last, after both caches have changed
            inputs(steps, length + steps + 1, beams).forEach(fast::setTensor);
            assertThatThrownBy(fast::infer)
                    .isInstanceOf(InferenceException.class)
                    .hasMessageContaining("attention mask");
        }

        void trim(int kept) {
            fast.queryState().forEach(s -> s.trim(2, kept));
            slow.queryState().forEach(s -> s.trim(2, kept));
            length = Math.min(length, kept);
        }

        void reset() {
            fast.resetState();
            slow.resetState();
            rows = 0;
            length = 0;
        }

        void sameStates() {
            for (VariableState expected : slow.queryState()) {
                VariableState actual = fast.queryState().stream()
                        .filter(s -> s.name().equals(expected.name()))
                        .findFirst()
                        .orElseThrow();
                try (Tensor a = actual.state();
                        Tensor e = expected.state()) {
                    assertThat(a.shape()).isEqualTo(e.shape());
                    assertThat(a.toFloats()).isEqualTo(e.toFloats());
                }
            }
        }

        @Override
        public void close() {
            List.of(fast, slow).forEach(InferRequest::close);
            List.of(cpu, reference).forEach(CompiledModel::close);
        }
    }

    private static void same(Tensor actual, Tensor expected, float tolerance) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        float[] a = actual.toFloats();
        float[] e = expected.toFloats();
        for (int i = 0; i < e.length; i++) {
            assertThat(a[i]).isCloseTo(e[i], within(tolerance * Math.max(1, Math.abs(e[i]))));
        }
    }

    @Property(tries = 40)
    void equalsReferenceWhateverHappensToTheSequences(
            @ForAll long seed, @ForAll @IntRange(max = 4) int shape, @ForAll @IntRange(min = 4, max = 16) int changes) {
        Random choice = new Random(seed);
        try (Pair pair = new Pair(HEADS[shape], seed)) {
            pair.step(1 + choice.nextInt(140), new int[1 + choice.nextInt(3)]);
            for (int i = 0; i < changes; i++) {
                int rows = Math.max(1, pair.rows);
                int[] beams = choice.nextBoolean() && pair.rows > 0
                        ? choice.ints(1 + choice.nextInt(5), 0, rows).toArray()
                        : IntStream.range(0, rows).toArray();
                int steps = choice.nextInt(5) == 0 ? 1 + choice.nextInt(90) : 1 + choice.nextInt(3);
                switch (choice.nextInt(8)) {
                    case 0 -> pair.trim(1 + choice.nextInt(Math.max(1, pair.length)));
                    case 1 -> pair.fail(steps, beams);
                    case 2 -> {
                        if (choice.nextInt(4) == 0) {
                            pair.reset();
                        }
                    }
                    default -> pair.step(steps, beams);
                }
            }
            if (pair.length > 0) {
                pair.sameStates();
            }
        }
    }

    @Property(tries = 20)
    void narrowCachesAreNearReference(@ForAll long seed, @ForAll @IntRange(max = 4) int shape, @ForAll boolean bytes) {
        Random choice = new Random(seed);
        // half a step of 1/255 of a range of some 5, in scores and in values; f16 has 11 bits
        try (Pair pair = new Pair(HEADS[shape], seed, bytes ? "u8" : "f16", bytes ? 0.06f : 4e-3f)) {
            pair.step(1 + choice.nextInt(140), new int[2]);
            pair.step(1, 0, 1);
            pair.step(1 + choice.nextInt(40), 1, 0, 1);
            pair.trim(1 + choice.nextInt(pair.length));
            pair.fail(3, 2, 2);
            pair.step(1 + choice.nextInt(3), 2, 1, 0);
        }
    }

    @Test
    void aFailedInferenceTakesItsReorderingBack() {
        try (Pair pair = new Pair(HEADS[1], 11)) {
            pair.step(70, 0, 0, 0);
            pair.fail(5, 2, 2, 0, 1);
            pair.sameStates();
            pair.step(1, 0, 1, 2);
            pair.fail(1, 1);
            pair.step(1, 2, 1);
            pair.sameStates();
        }
    }

    /** Rows of different length, padded at the left: queries of padding see nothing, the others not the padding. */
    @ParameterizedTest
    @ValueSource(floats = {Float.NEGATIVE_INFINITY, -Float.MAX_VALUE})
    void leftPaddingOfItsOwnInEachRow(float hidden) {
        for (int[] size : HEADS) {
            int[] padding = {0, 67, 3, 99};
            try (Pair pair = new Pair(size, 12)) {
                padded(pair, 100, padding, hidden);
                padded(pair, 1, padding, hidden);
                padded(pair, 3, padding, hidden);
            }
        }
    }

    private static void padded(Pair pair, int steps, int[] padding, float hidden) {
        int total = pair.length + steps;
        float[] mask = new float[padding.length * steps * total];
        for (int b = 0; b < padding.length; b++) {
            for (int s = 0; s < steps; s++) {
                int from = (b * steps + s) * total;
                Arrays.fill(mask, from, from + padding[b], hidden);
                Arrays.fill(mask, from + pair.length + s + 1, from + total, hidden);
                if (pair.length + s < padding[b]) {
                    Arrays.fill(mask, from, from + total, hidden);
                }
            }
        }
        int[] rows = IntStream.range(0, padding.length).toArray();
        Map<String, Tensor> inputs = pair.inputs(steps, total, rows);
        inputs.put("mask", Tensor.ofFloats(Shape.of(padding.length, 1, steps, total), mask));
        pair.infer(inputs);
        pair.length = total;
    }
}
