package dev.decanter.bench;

import dev.decanter.cpu.kernels.BlockKernels;
import dev.decanter.cpu.kernels.BlockLinear;
import dev.decanter.cpu.kernels.BlockPacker;
import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.Packer;
import dev.decanter.cpu.kernels.Quantization;
import dev.decanter.cpu.kernels.QuantizedRows;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightFormat;
import dev.decanter.cpu.kernels.WeightMemory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
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

/**
 * Products of weights of 4 and 8 bits by quantized activations, without machine code. Counters are per nanosecond: {@code
 * bytes} is GB/s of weights, {@code operations} GOPS, two for each multiply-add.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class BlockBenchmark {
    private static final int INPUTS = 2048;
    private static final int GROUP = 128;

    /** How weights are stored. */
    @Param({"U4", "U8"})
    public WeightFormat format;

    /** Rows of activations. */
    @Param({"1", "256"})
    public int rows;

    /** Outputs of a weight: one that stays in the second-level cache, and one of which so many are used that none does. */
    @Param({"768", "8192"})
    public int outputs;

    /** Threads of the team. */
    @Param({"1", "2"})
    public int threads;

    private final BlockKernels kernels = BlockKernels.portable();
    private final QuantizedRows quantized = new QuantizedRows();
    private ThreadTeam team;
    private WeightMemory memory;
    private BlockWeights[] weights;
    private MemorySegment x;
    private MemorySegment y;
    private int turn;

    /** What was read and done. */
    @AuxCounters
    @State(Scope.Thread)
    public static class Counters {
        /** Bytes of weights. */
        public long bytes;

        /** Multiplications and additions. */
        public long operations;
    }

    /** Makes weights and activations. */
    @Setup
    public void setUp() {
        team = new ThreadTeam(threads);
        memory = WeightMemory.create();
        Random random = new Random(1);
        byte[] codes = new byte[outputs * INPUTS * format.bits() / Byte.SIZE];
        random.nextBytes(codes);
        MemorySegment data = memory.allocate(codes.length);
        MemorySegment.copy(codes, 0, data, ValueLayout.JAVA_BYTE, 0, codes.length);
        int groups = INPUTS / GROUP;
        MemorySegment scales = memory.allocate(2L * outputs * groups);
        for (int i = 0; i < outputs * groups; i++) {
            scales.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(0.01f + random.nextFloat()));
        }
        Quantization q = new Quantization(
                GROUP,
                new Quantization.Entries(scales, 0, WeightFormat.F16, groups, 1),
                new Quantization.Entries(data, 0, format, groups, 1));
        Packer.Source source = new Packer.Source(data, 0, format, outputs, INPUTS, false);
        weights = new BlockWeights[outputs > 1000 && rows == 1 ? 32 : 1];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = BlockPacker.pack(team, memory, source, q, GROUP, kernels.layout());
        }
        x = memory.allocate(4L * rows * INPUTS);
        for (int i = 0; i < rows * INPUTS; i++) {
            x.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        y = memory.allocate(4L * rows * outputs);
        quantized.quantize(team, x, 0, INPUTS, rows, INPUTS, GROUP);
    }

    /** Frees them. */
    @TearDown
    public void tearDown() {
        team.close();
        quantized.close();
        memory.close();
    }

    /** {@code y = x · Wᵀ}. */
    @Benchmark
    public MemorySegment product(Counters counters) {
        BlockWeights w = weights[turn++ % weights.length];
        BlockLinear.apply(team, kernels, w, quantized, y, 0, outputs);
        counters.bytes += w.byteSize();
        counters.operations += 2L * rows * outputs * INPUTS;
        return y;
    }

    /** Activations to bytes; counters stay 0. */
    @Benchmark
    public QuantizedRows quantize(Counters counters) {
        quantized.quantize(team, x, 0, INPUTS, rows, INPUTS, GROUP);
        return quantized;
    }
}
