package dev.decanter.bench;

import dev.decanter.cpu.kernels.Elementwise;
import dev.decanter.cpu.kernels.Norms;
import dev.decanter.cpu.kernels.Rotary;
import dev.decanter.cpu.kernels.RowKernels;
import dev.decanter.cpu.kernels.Strided;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.UnaryOp;
import dev.decanter.cpu.kernels.WeightFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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

/** What a decoder layer does besides multiplying, in the shape of Llama-3.2-1B, for one token and for many. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RowsBenchmark {
    private static final int HIDDEN = 2048;
    private static final int INNER = 8192;
    private static final int HEADS = 32;
    private static final int SIZE = 64;
    private static final float EPS = 1e-5f;

    /** Tokens. */
    @Param({"1", "512"})
    public int rows;

    /** Threads of the team. */
    @Param({"2"})
    public int threads;

    private ThreadTeam team;
    private Arena arena;
    private MemorySegment x;
    private MemorySegment z;
    private MemorySegment y;

    /** Makes operands. */
    @Setup
    public void setUp() {
        team = new ThreadTeam(threads);
        arena = Arena.ofShared();
        x = arena.allocate((long) rows * INNER * Float.BYTES, 64);
        z = arena.allocate((long) rows * INNER * Float.BYTES, 64);
        y = arena.allocate((long) rows * INNER * Float.BYTES, 64);
        BenchmarkData.fill(x, WeightFormat.F32, new Random(1), 1);
        BenchmarkData.fill(z, WeightFormat.F32, new Random(2), 1);
    }

    /** Frees everything. */
    @TearDown
    public void tearDown() {
        team.close();
        arena.close();
    }

    /** RMS normalisation of the hidden state. */
    @Benchmark
    public void rms() {
        Norms.rms(team, RowKernels.portable(), rows, HIDDEN, x, 0, z, 0, EPS, y, 0);
    }

    /** Gated activation. */
    @Benchmark
    public void swiGlu() {
        Elementwise.gated(team, UnaryOp.SWISH, 1, rows, INNER, x, 0, INNER, z, 0, INNER, y, 0, INNER);
    }

    /** GELU of the inner activations. */
    @Benchmark
    public void gelu() {
        Elementwise.unary(team, UnaryOp.GELU, 0, 0, x, 0, (long) rows * INNER, y, 0);
    }

    /** Softmax over rows of the hidden size. */
    @Benchmark
    public void softmax() {
        Norms.softmax(team, rows, HIDDEN, x, 0, y, 0);
    }

    /** Rotary embedding of all query heads. */
    @Benchmark
    public void rotary() {
        Strided angles = new Strided(z, 0, 0, 0, SIZE);
        Rotary.apply(
                team,
                1,
                HEADS,
                rows,
                SIZE,
                SIZE,
                Strided.rowMajor(x, 0, rows, HEADS, SIZE),
                angles,
                angles,
                Strided.headMajor(y, 0, HEADS, rows, SIZE));
    }
}
