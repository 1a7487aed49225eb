package dev.decanter.bench;

import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
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
 * A kernel beside what the machine can do: the kernel and its {@link MachineLimit} take turns of some hundredths of a second on the
 * same team, so that a neighbour who comes takes from both. A share is a turn's rate over the mean of the limit's rates before and
 * after it. Read {@code share} (1 is all of the limit) and {@code rate} (GB/s or GOPS), medians of the
 * turns, and the quartiles of shares beside them.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 1, time = 2)
// one, as JMH adds up what the counters of several say
@Measurement(iterations = 1, time = 4)
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

    /** For subclasses, which choose kernels and how they run. */
    protected KernelShare() {}

    /** The kernel. */
    protected abstract MainKernel kernel();

    /** What the turns of an iteration gave. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Turns {
        private final List<Double> shares = new ArrayList<>();
        private final List<Double> rates = new ArrayList<>();

        /** For JMH. */
        public Turns() {}

        /** Begins an iteration. */
        @Setup(Level.Iteration)
        public void reset() {
            shares.clear();
            rates.clear();
        }

        /** Returns the share of what the limit allows. */
        public double share() {
            return quartile(shares, 2);
        }

        /** Returns the share that three quarters of the turns exceed. */
        public double shareLow() {
            return quartile(shares, 1);
        }

        /** Returns the share that a quarter of the turns exceed. */
        public double shareHigh() {
            return quartile(shares, 3);
        }

        /** Returns billions of bytes, or of additions and multiplications, a second. */
        public double rate() {
            return quartile(rates, 2);
        }

        private static double quartile(List<Double> values, int quarters) {
            List<Double> sorted = values.stream().sorted().toList();
            return sorted.get(sorted.size() * quarters / 4);
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

    /** Frees everything. */
    @TearDown
    public void tearDown() {
        team.close();
        memory.close();
    }

    /** One turn. */
    @Benchmark
    public void run(Turns turns) {
        double before = limit.measure(team, region);
        double rate = MachineLimit.rate(work::run);
        double after = limit.measure(team, region);
        turns.shares.add(rate / ((before + after) / 2));
        turns.rates.add(rate / GIGA);
    }
}
