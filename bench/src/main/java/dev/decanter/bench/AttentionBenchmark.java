package dev.decanter.bench;

import dev.decanter.cpu.kernels.Attention;
import dev.decanter.cpu.kernels.HeadRows;
import dev.decanter.cpu.kernels.Paged;
import dev.decanter.cpu.kernels.Strided;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
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
    private static final int CAPACITY = 1024;

    /** Queries and keys: decode at two lengths, prefill. */
    @Param({"1x512", "1x1024", "512x512"})
    public String shape;

    /** Threads of the team. */
    @Param({"1", "2"})
    public int threads;

    /** How keys and values lie: in pages, as the cache has them, or in one piece. */
    @Param({"paged", "contiguous"})
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
        sizes = new Attention.Sizes(1, HEADS, KV_HEADS, queries, keys, SIZE, SIZE, keys - queries);
        q = Strided.rowMajor(random((long) queries * HEADS * SIZE), 0, queries, HEADS, SIZE);
        k = heads();
        v = heads();
        mask = new Strided(random((long) queries * keys), 0, 0, 0, keys);
        out = Strided.rowMajor(random((long) queries * HEADS * SIZE), 0, queries, HEADS, SIZE);
    }

    private HeadRows heads() {
        if (layout.equals("contiguous")) {
            return Strided.headMajor(random((long) CAPACITY * KV_HEADS * SIZE), 0, KV_HEADS, CAPACITY, SIZE);
        }
        MemorySegment[] pages = new MemorySegment[CAPACITY / Paged.ROWS];
        Arrays.setAll(pages, _ -> random((long) Paged.ROWS * KV_HEADS * SIZE));
        return new Paged(pages, pages.length);
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
