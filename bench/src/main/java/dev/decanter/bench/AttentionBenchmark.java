package dev.decanter.bench;

import dev.decanter.cpu.kernels.Attention;
import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.HeadRows;
import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.cpu.kernels.Paged;
import dev.decanter.cpu.kernels.Strided;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Attention of one layer in the shape of Llama-3.2-1B: 32 heads of 64, 8 key heads, causal with a mask. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class AttentionBenchmark {
    private static final int HEADS = 32;
    private static final int KV_HEADS = 8;
    private static final int SIZE = 64;
    private static final int CAPACITY = 4096;

    /** Queries and keys: decode at two lengths, prefill. */
    @Param({"1x128", "1x4096", "512x512"})
    public String shape;

    /** Threads of the team. */
    @Param({"1", "2"})
    public int threads;

    /** How keys and values lie: in pages of the cache in one of its precisions, or f32 in one piece. */
    @Param({"F32", "F16", "U8", "contiguous"})
    public String layout;

    private ThreadTeam team;
    private Arena arena;
    private Attention.Sizes sizes;
    private Strided q;
    private HeadRows k;
    private HeadRows v;
    private Strided mask;
    private Strided out;

    /** Makes operands. */
    @Setup
    public void setUp() {
        team = new ThreadTeam(threads);
        arena = Arena.ofShared();
        int queries = Integer.parseInt(shape.substring(0, shape.indexOf('x')));
        int keys = Integer.parseInt(shape.substring(shape.indexOf('x') + 1));
        sizes = new Attention.Sizes(1, HEADS, KV_HEADS, queries, keys, SIZE, SIZE, Attention.ALL_KEYS);
        q = Strided.rowMajor(random((long) queries * HEADS * SIZE), 0, queries, HEADS, SIZE);
        k = heads(true);
        v = heads(false);
        mask = new Strided(causal(queries, keys), 0, 0, 0, keys);
        out = Strided.rowMajor(random((long) queries * HEADS * SIZE), 0, queries, HEADS, SIZE);
    }

    private HeadRows heads(boolean keys) {
        if (layout.equals("contiguous")) {
            return Strided.headMajor(random((long) CAPACITY * KV_HEADS * SIZE), 0, KV_HEADS, CAPACITY, SIZE);
        }
        PageLayout pageLayout = new PageLayout(CachePrecision.valueOf(layout), keys, KV_HEADS, SIZE);
        MemorySegment rows = random((long) Paged.ROWS * SIZE);
        MemorySegment[] pages = new MemorySegment[CAPACITY / Paged.ROWS];
        for (int i = 0; i < pages.length; i++) {
            pages[i] = arena.allocate(pageLayout.bytes(), 64);
            for (int h = 0; h < KV_HEADS; h++) {
                pageLayout.write(pages[i], h, 0, Paged.ROWS, rows, 0);
            }
        }
        return new Paged(pageLayout, pages, pages.length);
    }

    /** As models make it: the least number for the future. */
    private MemorySegment causal(int queries, int keys) {
        MemorySegment s = arena.allocate((long) queries * keys * Float.BYTES, 64);
        for (int i = 0; i < queries; i++) {
            for (int t = keys - queries + i + 1; t < keys; t++) {
                s.setAtIndex(ValueLayout.JAVA_FLOAT, (long) i * keys + t, -Float.MAX_VALUE);
            }
        }
        return s;
    }

    private MemorySegment random(long elements) {
        MemorySegment s = arena.allocate(elements * Float.BYTES, 64);
        BenchmarkData.fill(s, WeightFormat.F32, new Random(elements), 1);
        return s;
    }

    /** Frees everything. */
    @TearDown
    public void tearDown() {
        team.close();
        arena.close();
    }

    /** Attends once. */
    @Benchmark
    public void apply() {
        Attention.apply(team, sizes, q, k, v, mask, 0.125f, out);
    }
}
