package dev.decanter.cpu.compile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/** The cache against sequences kept as plain lists, and what it copies. */
class KvCacheTest {
    private static final int HEADS = 3;
    private static final int SIZE = 5;
    private static final PageLayout PLAIN = new PageLayout(CachePrecision.F32, false, HEADS, SIZE);
    private static final ThreadTeam TEAM = new ThreadTeam(2);

    /** A cache with its twin: for each sequence the positions, each of heads × size numbers. */
    private static final class Twin implements AutoCloseable {
        final PageLayout layout;
        final KvCache cache;
        final Random random;
        List<List<float[]>> sequences = new ArrayList<>();

        Twin(long seed) {
            this(seed, PLAIN);
        }

        Twin(long seed, PageLayout layout) {
            this.layout = layout;
            cache = new KvCache("k", layout);
            random = new Random(seed);
        }

        void step(int steps, int... beams) {
            cache.begin();
            change(steps, beams);
            cache.commit();
        }

        /** An inference that fails behind this cache. */
        void fail(int steps, int... beams) {
            List<List<float[]>> before = sequences;
            cache.begin();
            change(steps, beams);
            cache.rollBack();
            sequences = before;
        }

        private void change(int steps, int... beams) {
            long[] order = Arrays.stream(beams).asLongStream().toArray();
            cache.reorder(Tensor.ofLongs(Shape.of(order.length), order));
            List<List<float[]>> next = new ArrayList<>();
            for (int beam : beams) {
                next.add(new ArrayList<>(length() == 0 ? List.of() : sequences.get(beam)));
            }
            Shape shape = Shape.of(beams.length, HEADS, steps, SIZE);
            float[] fresh = new float[(int) shape.elements()];
            for (int b = 0; b < beams.length; b++) {
                for (int s = 0; s < steps; s++) {
                    float[] position = new float[HEADS * SIZE];
                    for (int i = 0; i < position.length; i++) {
                        position[i] = random.nextFloat();
                        fresh[((b * HEADS + i / SIZE) * steps + s) * SIZE + i % SIZE] = position[i];
                    }
                    next.get(b).add(rounded(position));
                }
            }
            cache.append(TEAM, Tensor.ofFloats(shape, fresh), false);
            sequences = next;
        }

        float[] rounded(float[] position) {
            float[] kept = position.clone();
            for (int h = 0; h < HEADS; h++) {
                round(layout.precision(), kept, h * SIZE, SIZE);
            }
            return kept;
        }

        /** The state set to itself: u8 rounds once more. */
        void restate() {
            try (Tensor state = cache.state()) {
                cache.state(state);
            }
            List<List<float[]>> next = new ArrayList<>();
            sequences.forEach(
                    s -> next.add(new ArrayList<>(s.stream().map(this::rounded).toList())));
            sequences = next;
        }

        int length() {
            return sequences.isEmpty() ? 0 : sequences.getFirst().size();
        }

        void trim(int length) {
            cache.trim(2, length);
            List<List<float[]>> cut = new ArrayList<>();
            sequences.forEach(s -> cut.add(new ArrayList<>(s.subList(0, Math.min(length, s.size())))));
            sequences = cut;
        }

        void check() {
            int length = length();
            float[] expected = new float[sequences.size() * HEADS * length * SIZE];
            for (int b = 0; b < sequences.size(); b++) {
                for (int t = 0; t < length; t++) {
                    float[] position = sequences.get(b).get(t);
                    for (int i = 0; i < position.length; i++) {
                        expected[((b * HEADS + i / SIZE) * length + t) * SIZE + i % SIZE] = position[i];
                    }
                }
            }
            try (Tensor state = cache.state()) {
                assertThat(state.shape()).isEqualTo(Shape.of(sequences.size(), HEADS, length, SIZE));
                assertThat(state.toFloats()).isEqualTo(expected);
            }
            float[] page = new float[KvCache.BLOCK * SIZE];
            for (int b = 0; b < sequences.size(); b++) {
                for (int h = 0; h < HEADS; h++) {
                    for (int t = 0; t < length; t += KvCache.BLOCK) {
                        int n = Math.min(KvCache.BLOCK, length - t);
                        cache.rows().read(b, h, t, n, SIZE, page, SIZE);
                        int at = ((b * HEADS + h) * length + t) * SIZE;
                        assertThat(Arrays.copyOf(page, n * SIZE))
                                .isEqualTo(Arrays.copyOfRange(expected, at, at + n * SIZE));
                    }
                }
            }
        }

        @Override
        public void close() {
            cache.close();
        }
    }

    /** What the cache keeps of a head at a position, by the formulas of {@link CachePrecision}. */
    private static void round(CachePrecision precision, float[] x, int at, int n) {
        float low = Float.POSITIVE_INFINITY;
        float high = Float.NEGATIVE_INFINITY;
        for (int i = at; i < at + n; i++) {
            low = Math.min(low, x[i]);
            high = Math.max(high, x[i]);
        }
        float scale = (high - low) / 255;
        for (int i = at; i < at + n; i++) {
            x[i] = switch (precision) {
                case F32 -> x[i];
                case F16 -> Float.float16ToFloat(Float.floatToFloat16(x[i]));
                case U8 -> Math.fma(scale, (float) Math.rint((x[i] - low) * (1 / scale)), low);
            };
        }
    }

    @Property(tries = 60)
    void holdsWhatPlainListsHold(
            @ForAll long seed,
            @ForAll @IntRange(min = 5, max = 40) int changes,
            @ForAll CachePrecision precision,
            @ForAll boolean turned) {
        Random choice = new Random(seed);
        try (Twin twin = new Twin(seed, new PageLayout(precision, turned, HEADS, SIZE))) {
            for (int i = 0; i < changes; i++) {
                int rows = twin.sequences.isEmpty() ? 1 : twin.sequences.size();
                int[] beams = choice.nextInt(3) == 0
                        ? choice.ints(1 + choice.nextInt(5), 0, rows).toArray()
                        : java.util.stream.IntStream.range(0, rows).toArray();
                int steps = choice.nextInt(4) == 0 ? choice.nextInt(150) : 1 + choice.nextInt(20);
                switch (choice.nextInt(10)) {
                    case 0 -> twin.trim(choice.nextInt(twin.length() + 1));
                    case 1 -> twin.fail(steps, beams);
                    case 2 -> twin.restate();
                    case 3 -> {
                        if (choice.nextInt(4) == 0) {
                            twin.cache.reset();
                            twin.trim(0);
                        }
                    }
                    default -> twin.step(steps, beams);
                }
                twin.check();
            }
        }
    }

    @Property(tries = 60)
    void aReorderingCopiesAtMostOneBlockForEachSequence(
            @ForAll @LongRange(min = 1, max = 1000) long seed,
            @ForAll @IntRange(min = 1, max = 700) int length,
            @ForAll CachePrecision precision,
            @ForAll boolean turned) {
        Random choice = new Random(seed);
        PageLayout layout = new PageLayout(precision, turned, HEADS, SIZE);
        try (Twin twin = new Twin(seed, layout)) {
            int rows = 1 + choice.nextInt(4);
            twin.step(length, new int[rows]);
            for (int i = 0; i < 20; i++) {
                int wanted = 1 + choice.nextInt(6);
                int[] beams = choice.ints(wanted, 0, rows).toArray();
                long before = twin.cache.bytesCopied();
                twin.step(1, beams);
                long copied = twin.cache.bytesCopied() - before;
                long distinct = Arrays.stream(beams).distinct().count();
                assertThat(copied).isLessThanOrEqualTo((wanted - distinct) * layout.bytes());
                rows = wanted;
            }
        }
    }

    @Test
    void copiesOnlyTheFilledPartOfABlockThatSequencesShare() {
        try (Twin twin = new Twin(1)) {
            twin.step(3 * KvCache.BLOCK + 7, 0);
            assertThat(twin.cache.blocksInUse()).isEqualTo(4);
            twin.step(1, 0, 0, 0);
            assertThat(twin.cache.bytesCopied()).isEqualTo(2L * HEADS * 7 * SIZE * Float.BYTES);
            assertThat(twin.cache.blocksInUse())
                    .as("three whole and three of their own")
                    .isEqualTo(6);
            twin.step(1, 2, 1, 0);
            twin.step(1, 0, 1, 2);
            twin.step(1, 1, 2);
            assertThat(twin.cache.bytesCopied())
                    .as("a permutation or fewer sequences: nothing")
                    .isEqualTo(2L * HEADS * 7 * SIZE * Float.BYTES);
            assertThat(twin.cache.blocksInUse()).isEqualTo(5);
            twin.check();
        }
    }

    @Test
    void forkingBetweenBlocksCopiesNothing() {
        try (Twin twin = new Twin(2)) {
            twin.step(2 * KvCache.BLOCK, 0);
            twin.step(1, 0, 0, 0, 0);
            assertThat(twin.cache.bytesCopied()).isZero();
            assertThat(twin.cache.blocksInUse()).isEqualTo(6);
            twin.trim(2 * KvCache.BLOCK - 1);
            assertThat(twin.cache.blocksInUse()).isEqualTo(2);
            twin.step(1, 0, 1, 2, 3);
            assertThat(twin.cache.bytesCopied())
                    .as("trimmed back into a block that all share")
                    .isEqualTo(3L * HEADS * (KvCache.BLOCK - 1) * SIZE * Float.BYTES);
            twin.check();
        }
    }

    @Test
    void growingCopiesNothingAndIdentityNeither() {
        try (Twin twin = new Twin(3)) {
            twin.step(1, 0, 0);
            for (int i = 0; i < 400; i++) {
                twin.step(1, 0, 1);
            }
            assertThat(twin.cache.bytesCopied()).isZero();
            assertThat(twin.cache.blocksInUse()).isEqualTo(2 * 7);
            twin.check();
            twin.cache.reset();
            assertThat(twin.cache.blocksInUse()).isZero();
        }
    }

    @Test
    void aFailedInferenceTakesItsReorderingBack() {
        try (Twin twin = new Twin(4)) {
            twin.step(70, 0, 0, 0);
            twin.step(3, 0, 1, 2);
            int blocks = twin.cache.blocksInUse();
            twin.fail(60, 2, 2, 0, 1);
            twin.check();
            assertThat(twin.cache.blocksInUse()).isEqualTo(blocks);
            twin.fail(1, 1);
            twin.check();
            twin.step(60, 2, 0, 1);
            twin.check();
            assertThat(twin.cache.blocksInUse()).isEqualTo(3 * 3);
        }
    }

    @Test
    void refusesWhatDoesNotFitAndStaysAsItWas() {
        try (Twin twin = new Twin(5)) {
            twin.step(10, 0, 0);
            twin.cache.begin();
            assertThatThrownBy(() -> twin.cache.reorder(Tensor.ofInts(Shape.of(3), 0, 1, 2)))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("beam_idx 2 is not one of the 2 sequences in the cache \"k\"");
            assertThatThrownBy(() ->
                            twin.cache.append(TEAM, Tensor.ofFloats(Shape.of(1, HEADS, 1, SIZE), new float[15]), false))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("cannot append [1, 3, 1, 5] to the cache \"k\" of [2, 3, 10, 5]");
            twin.cache.rollBack();
            assertThatThrownBy(() -> twin.cache.trim(1, 2))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("the cache \"k\" can be trimmed along axis 2, not 1");
            assertThatThrownBy(() -> twin.cache.trim(2, -1))
                    .isInstanceOf(InferenceException.class)
                    .hasMessage("the cache \"k\" cannot be trimmed to -1");
            twin.check();
        }
    }
}
