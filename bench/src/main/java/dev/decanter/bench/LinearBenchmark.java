package dev.decanter.bench;

import dev.decanter.cpu.kernels.CodeTable;
import dev.decanter.cpu.kernels.Linear;
import dev.decanter.cpu.kernels.PackedWeights;
import dev.decanter.cpu.kernels.Packer;
import dev.decanter.cpu.kernels.Quantization;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightFormat;
import dev.decanter.cpu.kernels.WeightMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Multiplication by packed weights. With one row ({@code rows=1}, decode) look at {@code bytes}: gigabytes of weights a
 * second, to be held against the machine's memory bandwidth. With many (prefill) look at {@code products}: billions of
 * multiply-adds a second. Weights take turns, so that together they exceed every cache.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class LinearBenchmark {
    private static final int OUTPUTS = 8192;
    private static final int INPUTS = 2048;
    private static final int GROUP = 128;
    private static final long POOL_BYTES = 512L << 20;
    private static final double GIGA = 1e9;

    /** How weights are stored. */
    @Param({"F16", "BF16", "F32", "U8", "U4", "CODE8", "CODE4"})
    public WeightFormat format;

    /** Rows of activations. */
    @Param({"1", "4", "512"})
    public int rows;

    /** Threads of the team. */
    @Param({"1", "2"})
    public int threads;

    private ThreadTeam team;
    private Arena arena;
    private WeightMemory memory;
    private PackedWeights[] pool;
    private MemorySegment x;
    private MemorySegment y;
    private int next;

    /** Rates derived from the number of calls. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Rates {
        /** Gigabytes of packed weights read. */
        public double bytes;

        /** Billions of multiply-adds. */
        public double products;

        /** Begins an iteration. */
        @Setup(Level.Iteration)
        public void reset() {
            bytes = 0;
            products = 0;
        }
    }

    /** Makes weights and activations. */
    @Setup
    public void setUp() {
        team = new ThreadTeam(threads);
        arena = Arena.ofShared();
        memory = WeightMemory.create();
        Random random = new Random(1);
        x = arena.allocate((long) rows * INPUTS * Float.BYTES, 64);
        BenchmarkData.fill(x, WeightFormat.F32, random, 1);
        y = arena.allocate((long) rows * OUTPUTS * Float.BYTES, 64);
        MemorySegment source = arena.allocate((long) OUTPUTS * INPUTS * format.bits() / Byte.SIZE, 64);
        BenchmarkData.fill(source, format, random, 0.02f);
        pool = new PackedWeights[(int) Math.max(1, POOL_BYTES / source.byteSize())];
        Packer.Source where = new Packer.Source(source, 0, format, OUTPUTS, INPUTS, false);
        for (int i = 0; i < pool.length; i++) {
            pool[i] = format.quantized()
                    ? Packer.packQuantized(team, memory, where, quantization())
                    : Packer.pack(team, memory, where);
        }
    }

    private Quantization quantization() {
        int groups = INPUTS / GROUP;
        MemorySegment scales = arena.allocate((long) OUTPUTS * groups * Float.BYTES, 64);
        BenchmarkData.fill(scales, WeightFormat.F32, new Random(2), 0.01f);
        return new Quantization(
                GROUP,
                new Quantization.Entries(scales, 0, WeightFormat.F32, groups, 1),
                Quantization.Entries.none(),
                format.coded() ? Optional.of(numbers()) : Optional.empty());
    }

    /** What codes stand for; any numbers take the same time. */
    private CodeTable numbers() {
        float[] values = new float[1 << format.bits()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) i / values.length;
        }
        return CodeTable.of(format, values);
    }

    /** Frees everything. */
    @TearDown
    public void tearDown() {
        team.close();
        arena.close();
        memory.close();
    }

    /** Multiplies by the next weight of the pool. */
    @Benchmark
    public void apply(Rates rates) {
        PackedWeights w = pool[next];
        next = (next + 1) % pool.length;
        Linear.apply(team, w, x, 0, INPUTS, rows, y, 0, OUTPUTS);
        rates.bytes += w.byteSize() / GIGA;
        rates.products += (double) rows * OUTPUTS * INPUTS / GIGA;
    }
}
