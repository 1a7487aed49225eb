package dev.decanter.bench;

import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
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
 * A kernel beside what the machine can do: before each iteration the kernel's {@link MachineLimit} is measured on the same team,
 * and the best of those measurements counts. Read {@code share} (1 is all of the limit) and {@code rate} (GB/s or GOPS).
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 2, time = 600, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 400, timeUnit = TimeUnit.MILLISECONDS)
public abstract class KernelShare {
    private static final double GIGA = 1e9;

    /** Threads of the team. */
    @Param({"1", "2"})
    public int threads;

    private ThreadTeam team;
    private WeightMemory memory;
    private MachineLimit limit;
    private MemorySegment region;
    private MainKernel.Work work;
    private double most;

    /** For subclasses, which choose kernels and how they run. */
    protected KernelShare() {}

    /** The kernel. */
    protected abstract MainKernel kernel();

    /** What was done, a second. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Rates {
        /** Of what the limit allows. */
        public double share;

        /** Billions of bytes, or of additions and multiplications. */
        public double rate;

        /** Begins an iteration. */
        @Setup(Level.Iteration)
        public void reset() {
            share = 0;
            rate = 0;
        }
    }

    /** Makes operands. */
    @Setup
    public void setUp() {
        team = new ThreadTeam(threads);
        memory = WeightMemory.create();
        limit = kernel().limit();
        region = limit.region(team, memory);
        work = kernel().make(team, memory);
    }

    /** Measures the limit. */
    @Setup(Level.Iteration)
    public void measure() {
        most = Math.max(most, limit.measure(team, region));
    }

    /** Frees everything. */
    @TearDown
    public void tearDown() {
        team.close();
        memory.close();
    }

    /** Runs once. */
    @Benchmark
    public void run(Rates rates) {
        double units = work.run();
        rates.share += units / most;
        rates.rate += units / GIGA;
    }
}
