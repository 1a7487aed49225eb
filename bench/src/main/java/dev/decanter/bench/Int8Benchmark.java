package dev.decanter.bench;

import dev.decanter.cpu.kernels.FakeQuantizer;
import dev.decanter.cpu.kernels.Int8Linear;
import dev.decanter.cpu.kernels.Int8Weights;
import dev.decanter.cpu.kernels.Linear;
import dev.decanter.cpu.kernels.PackedWeights;
import dev.decanter.cpu.kernels.Packer;
import dev.decanter.cpu.kernels.Quantization;
import dev.decanter.cpu.kernels.QuantizerLevels;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightFormat;
import dev.decanter.cpu.kernels.WeightMemory;
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

/** A layer of an encoder in f32, and after post-training quantization: codes by bytes, and the making of codes. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class Int8Benchmark {
    /** Rows of activations. */
    @Param({"1", "128"})
    public int rows;

    /** Outputs x inputs of the weight. */
    @Param({"768x768", "3072x768", "768x3072"})
    public String shape;

    /** Threads of the team. */
    @Param({"1", "2"})
    public int threads;

    private final QuantizerLevels levels = new QuantizerLevels(-3, 3, -3, 3, 254);
    private ThreadTeam team;
    private Arena arena;
    private WeightMemory memory;
    private PackedWeights floats;
    private Int8Weights bytes;
    private Int8Linear.Scaling scaling;
    private MemorySegment x;
    private MemorySegment codes;
    private MemorySegment y;
    private int outputs;
    private int inputs;

    /** Makes weights and activations. */
    @Setup
    public void setUp() {
        outputs = Integer.parseInt(shape.substring(0, shape.indexOf('x')));
        inputs = Integer.parseInt(shape.substring(shape.indexOf('x') + 1));
        team = new ThreadTeam(threads);
        arena = Arena.ofShared();
        memory = WeightMemory.create();
        Random random = new Random(1);
        floats = Packer.pack(team, memory, source(WeightFormat.F32, random));
        MemorySegment scales = arena.allocate((long) outputs * Float.BYTES, 64);
        BenchmarkData.fill(scales, WeightFormat.F32, random, 0.01f);
        var entries = new Quantization.Entries(scales, 0, WeightFormat.F32, 1, 0);
        Quantization rowScales = new Quantization(inputs, entries, Quantization.Entries.none());
        bytes = Int8Weights.pack(team, memory, source(WeightFormat.I8, random), rowScales);
        scaling = Int8Linear.Scaling.of(bytes, levels, new float[0]);
        x = arena.allocate((long) rows * inputs * Float.BYTES, 64);
        BenchmarkData.fill(x, WeightFormat.F32, random, 1);
        codes = arena.allocate((long) rows * inputs, 64);
        quantize();
        y = arena.allocate((long) rows * outputs * Float.BYTES, 64);
    }

    private Packer.Source source(WeightFormat format, Random random) {
        MemorySegment data = arena.allocate((long) outputs * inputs * format.bits() / Byte.SIZE, 64);
        BenchmarkData.fill(data, format, random, 0.02f);
        return new Packer.Source(data, 0, format, outputs, inputs, false);
    }

    /** Frees everything. */
    @TearDown
    public void tearDown() {
        team.close();
        arena.close();
        memory.close();
    }

    /** The f32 product. */
    @Benchmark
    public void f32() {
        Linear.apply(team, floats, x, 0, inputs, rows, y, 0, outputs);
    }

    /** The product of codes. */
    @Benchmark
    public void int8() {
        Int8Linear.apply(team, bytes, scaling, codes, 0, inputs, rows, y, 0, outputs);
    }

    /** Codes of the activations. */
    @Benchmark
    public void quantize() {
        FakeQuantizer.codes(team, levels, x, 0, (long) rows * inputs, codes, 0);
    }
}
