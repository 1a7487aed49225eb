package dev.decanter.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.decanter.cpu.kernels.Attention;
import dev.decanter.cpu.kernels.AttentionKernels;
import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.cpu.kernels.Paged;
import dev.decanter.cpu.kernels.Strided;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.TiledAttention;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import org.junit.jupiter.api.Test;

/** Machine code against the vector kernels and plain loops on the same pages, which hold equal numbers for both. */
class MachineAttentionTest {
    private static final int[] KEYS = {1, 63, 64, 65, 200, 512, 513, 700, 1100};
    private static final int[] VALUE_SIZES = {16, 32, 48, 64, 80, 96, 128, 256};

    /**
     * One attention over random numbers. Every page, operand and result lies beside memory that nobody may touch, and so does
     * what a single thread works in.
     */
    private static final class Case implements AutoCloseable {
        final GuardedMemory arena;
        final Random random;
        final Attention.Sizes z;
        final Strided q;
        final Paged k;
        final Paged v;
        final Strided mask;

        Case(long seed, Attention.Sizes z, CachePrecision precision, int maskKind) {
            this.z = z;
            random = new Random(seed);
            arena = new GuardedMemory(random.nextBoolean());
            q = Strided.rowMajor(
                    normal((long) z.batch() * z.queries() * z.heads() * z.headSize()),
                    0,
                    z.queries(),
                    z.heads(),
                    z.headSize());
            k = pages(new PageLayout(precision, true, z.kvHeads(), z.headSize()));
            v = pages(new PageLayout(precision, false, z.kvHeads(), z.valueSize()));
            mask = maskKind == 0 ? Strided.none() : mask(maskKind);
        }

        private MemorySegment normal(long n) {
            MemorySegment s = arena.allocate(n * Float.BYTES, 64);
            for (long i = 0; i < n; i++) {
                s.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
            }
            return s;
        }

        /** Pages of their own memory each, in any order. */
        private Paged pages(PageLayout layout) {
            int each = Math.ceilDiv(z.keys(), Paged.ROWS);
            MemorySegment[] pages = new MemorySegment[z.batch() * each];
            for (int p = 0; p < pages.length; p++) {
                pages[p] = arena.allocate(layout.bytes(), 64);
                for (int h = 0; h < z.kvHeads(); h++) {
                    int n = Math.min(Paged.ROWS, z.keys() - p % each * Paged.ROWS);
                    layout.write(pages[p], h, 0, n, normal((long) n * layout.size()), 0);
                }
            }
            return new Paged(layout, pages, each);
        }

        /** Kind 1: padding and the future hidden; 2: numbers to add; 3: the same, and rows that see nothing, or only late. */
        private Strided mask(int kind) {
            MemorySegment s = normal((long) z.queries() * z.keys());
            int padding = random.nextInt(Math.max(1, z.keys() / 3));
            for (int i = 0; kind == 1 && i < z.queries(); i++) {
                for (int t = 0; t < z.keys(); t++) {
                    boolean hidden = t < padding || t > i + z.keys() - z.queries();
                    float number = hidden ? -Float.MAX_VALUE : 0;
                    s.setAtIndex(ValueLayout.JAVA_FLOAT, (long) i * z.keys() + t, number);
                }
            }
            for (long i = 0; kind == 3 && i < z.queries(); i += 2) {
                for (int t = 0; t < (i % 4 == 0 ? z.keys() : z.keys() - 1); t++) {
                    s.setAtIndex(ValueLayout.JAVA_FLOAT, i * z.keys() + t, Float.NEGATIVE_INFINITY);
                }
            }
            return new Strided(s, 0, 0, 0, z.keys());
        }

        float[] run(int threads, Optional<AttentionKernels> kernels) {
            return run(threads, kernels, Optional.empty());
        }

        float[] run(int threads, Optional<AttentionKernels> kernels, Optional<TiledAttention> tiles) {
            long n = (long) z.batch() * z.queries() * z.heads() * z.valueSize();
            MemorySegment out = arena.allocate(n * Float.BYTES, 64);
            try (ThreadTeam team = new ThreadTeam(threads);
                    GuardedMemory own = new GuardedMemory(random.nextBoolean())) {
                if (threads == 1) {
                    Frame.use(own::allocate);
                }
                Strided result = Strided.rowMajor(out, 0, z.queries(), z.heads(), z.valueSize());
                Attention.apply(team, kernels, tiles, z, q, k, v, mask, 0.3f, result);
            } finally {
                Frame.release();
            }
            return out.toArray(ValueLayout.JAVA_FLOAT);
        }

        @Override
        public void close() {
            arena.close();
        }
    }

    private static void near(float[] actual, float[] expected, float far) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            if (!(Math.abs(actual[i] - expected[i]) <= far)) {
                assertThat(actual[i]).as("element %d", i).isCloseTo(expected[i], within(far));
            }
        }
    }

    private static Optional<AttentionKernels> kernels() {
        assumeTrue(MachineAttention.kernels().isPresent(), "no machine code for attention here");
        return MachineAttention.kernels();
    }

    @AddLifecycleHook(Needs.FewQueries.class)
    @Property(tries = 120)
    void equalsTheVectorKernels(
            @ForAll long seed,
            @ForAll CachePrecision precision,
            @ForAll @IntRange(min = 1, max = 256) int headSize,
            @ForAll @IntRange(max = 7) int valueSize,
            @ForAll @IntRange(min = 1, max = 9) int group,
            @ForAll @IntRange(min = 1, max = 40) int queries,
            @ForAll @IntRange(max = 8) int keys,
            @ForAll @IntRange(max = 3) int maskKind,
            @ForAll @IntRange(min = 1, max = 2) int batch,
            @ForAll boolean causal) {
        kernels();
        int total = Math.max(queries, KEYS[keys]);
        int offset = causal ? total - queries : Attention.ALL_KEYS;
        int dv = VALUE_SIZES[valueSize];
        Attention.Sizes z = new Attention.Sizes(batch, 2 * group, 2, queries, total, headSize, dv, offset);
        try (Case c = new Case(seed, z, precision, maskKind)) {
            float[] actual = c.run(1, kernels());
            // scores are sums of headSize products, in another order
            float far = 1e-5f + 2e-6f * (float) Math.sqrt(headSize);
            near(actual, c.run(1, Optional.empty()), far);
            assertThat(c.run(2, kernels())).isEqualTo(actual);
        }
    }

    @AddLifecycleHook(Needs.ManyQueries.class)
    @Property(tries = 40)
    void manyQueriesAreNearTheVectorKernels(
            @ForAll long seed,
            @ForAll CachePrecision precision,
            @ForAll @IntRange(min = 1, max = 256) int headSize,
            @ForAll @IntRange(min = 1, max = 256) int valueSize,
            @ForAll @IntRange(min = 1, max = 5) int group,
            @ForAll @IntRange(min = 1, max = 200) int queries,
            @ForAll @IntRange(max = 8) int keys,
            @ForAll @IntRange(max = 2) int maskKind) {
        assumeTrue(MachineAttention.tiles().isPresent(), "no tiles here");
        int total = Math.max(queries, KEYS[keys]);
        Attention.Sizes z = new Attention.Sizes(1, 2 * group, 2, queries, total, headSize, valueSize, total - queries);
        try (Case c = new Case(seed, z, precision, maskKind)) {
            float[] expected = c.run(1, Optional.empty(), Optional.empty());
            // scores are sums of some headSize products of numbers rounded to 8 bits, in exponentials
            float far = 0.02f + 0.004f * (float) Math.sqrt(headSize);
            float[] actual = c.run(1, Optional.empty(), MachineAttention.tiles());
            near(actual, expected, far);
            assertThat(c.run(2, Optional.empty(), MachineAttention.tiles())).isEqualTo(actual);
        }
    }

    @Test
    void threadsDoNotChangeABit() {
        kernels();
        Attention.Sizes z = new Attention.Sizes(2, 8, 2, 1, 1500, 64, 64, 1499);
        if (MachineAttention.tiles().isPresent()) {
            try (Case c = new Case(4, new Attention.Sizes(1, 8, 2, 70, 700, 64, 64, 630), CachePrecision.F16, 1)) {
                float[] one = c.run(1, kernels(), MachineAttention.tiles());
                assertThat(c.run(2, kernels(), MachineAttention.tiles())).isEqualTo(one);
                assertThat(c.run(3, kernels(), MachineAttention.tiles())).isEqualTo(one);
            }
        }
        Attention.Sizes prompt = new Attention.Sizes(1, 8, 2, 21, 300, 64, 64, 279);
        try (Case c = new Case(5, prompt, CachePrecision.F16, 1)) {
            float[] one = c.run(1, kernels());
            assertThat(c.run(3, kernels())).isEqualTo(one);
            assertThat(c.run(64, kernels())).isEqualTo(one);
        }
        for (CachePrecision precision : CachePrecision.values()) {
            try (Case c = new Case(3, z, precision, 1)) {
                float[] one = c.run(1, kernels());
                assertThat(c.run(2, kernels())).isEqualTo(one);
                assertThat(c.run(3, kernels())).isEqualTo(one);
                assertThat(c.run(64, kernels())).isEqualTo(one);
            }
        }
    }
}
