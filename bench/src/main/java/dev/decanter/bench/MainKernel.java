package dev.decanter.bench;

import dev.decanter.cpu.kernels.Attention;
import dev.decanter.cpu.kernels.BlockKernels;
import dev.decanter.cpu.kernels.BlockLinear;
import dev.decanter.cpu.kernels.BlockPacker;
import dev.decanter.cpu.kernels.BlockWeights;
import dev.decanter.cpu.kernels.CachePrecision;
import dev.decanter.cpu.kernels.Linear;
import dev.decanter.cpu.kernels.PackedWeights;
import dev.decanter.cpu.kernels.Packer;
import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.cpu.kernels.Paged;
import dev.decanter.cpu.kernels.Quantization;
import dev.decanter.cpu.kernels.QuantizedRows;
import dev.decanter.cpu.kernels.Strided;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightFormat;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.cpu.machine.MachineAttention;
import dev.decanter.cpu.machine.MachineCode;
import dev.decanter.cpu.machine.MachineStrips;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Random;

/** The kernels that a language model's time goes into, in shapes of Llama-3.2-1B, with what bounds each. */
public enum MainKernel {
    /** One row by 4-bit weights in groups of 128 with zero points. */
    GEMV_INT4(MachineLimit.MEMORY, WeightFormat.U4, 1),
    /** One row by 8-bit weights with a scale for each row. */
    GEMV_INT8(MachineLimit.MEMORY, WeightFormat.U8, 1),
    /** One row by f16 weights. */
    GEMV_F16(MachineLimit.MEMORY, WeightFormat.F16, 1),
    /** 512 rows by 4-bit weights in groups of 128 with zero points. */
    GEMM_INT4(MachineLimit.BYTES, WeightFormat.U4, 512),
    /** 512 rows by 8-bit weights with a scale for each row. */
    GEMM_INT8(MachineLimit.BYTES, WeightFormat.U8, 512),
    /** 512 rows by f32 weights. */
    GEMM_F32(MachineLimit.F32, WeightFormat.F32, 512),
    /** 512 rows by f16 weights. */
    GEMM_F16(MachineLimit.F32, WeightFormat.F16, 512),
    /** 512 rows by bf16 weights. */
    GEMM_BF16(MachineLimit.F32, WeightFormat.BF16, 512),
    /** One query of 32 heads on 4,096 positions of 8 key heads, kept in f16. */
    ATTENTION_F16(MachineLimit.MEMORY, WeightFormat.F16, 1),
    /** The same, kept in 8 bits. */
    ATTENTION_U8(MachineLimit.MEMORY, WeightFormat.U8, 1);

    private static final int INPUTS = 2048;
    private static final int OUTPUTS = 8192;
    private static final int GROUP = 128;
    private static final int HEADS = 32;
    private static final int KV_HEADS = 8;
    private static final int SIZE = 64;
    private static final int KEYS = 4096;

    /** Something to run again and again; each time on other memory where memory is the limit. */
    interface Work {
        /** Runs once; returns bytes read, or additions and multiplications. */
        long run();
    }

    private final MachineLimit limit;
    private final WeightFormat format;
    private final int rows;

    MainKernel(MachineLimit limit, WeightFormat format, int rows) {
        this.limit = limit;
        this.format = format;
        this.rows = rows;
    }

    MachineLimit limit() {
        return limit;
    }

    Work make(ThreadTeam team, WeightMemory memory) {
        return switch (this) {
            case ATTENTION_F16 -> attention(team, memory, CachePrecision.F16);
            case ATTENTION_U8 -> attention(team, memory, CachePrecision.U8);
            case GEMV_INT4, GEMV_INT8, GEMM_INT4, GEMM_INT8 -> integers(team, memory);
            case GEMV_F16, GEMM_F32, GEMM_F16, GEMM_BF16 -> floats(team, memory);
        };
    }

    /** How many operands of so many bytes are used in turns. */
    private int turns(long bytes) {
        return limit == MachineLimit.MEMORY ? (int) Math.ceilDiv(MachineLimit.POOL, bytes) : 1;
    }

    private static MemorySegment random(WeightMemory memory, WeightFormat format, long elements, float spread) {
        MemorySegment s = memory.allocate(elements * format.bits() / Byte.SIZE);
        BenchmarkData.fill(s, format, new Random(elements), spread);
        return s;
    }

    private Work integers(ThreadTeam team, WeightMemory memory) {
        boolean nibbles = format == WeightFormat.U4;
        int groups = nibbles ? INPUTS / GROUP : 1;
        MemorySegment codes = random(memory, format, (long) OUTPUTS * INPUTS, 1);
        MemorySegment scales = random(memory, WeightFormat.F16, (long) OUTPUTS * groups, 0.01f);
        MemorySegment zeros = random(memory, format, (long) OUTPUTS * groups, 1);
        Quantization q = new Quantization(
                INPUTS / groups,
                new Quantization.Entries(scales, 0, WeightFormat.F16, groups, 1),
                new Quantization.Entries(zeros, 0, format, groups, 1));
        var source = new Packer.Source(codes, 0, format, OUTPUTS, INPUTS, false);
        BlockKernels kernels = MachineCode.kernels().orElseGet(BlockKernels::portable);
        BlockWeights first = BlockPacker.pack(team, memory, source, q, GROUP, kernels.layout());
        BlockWeights[] weights = new BlockWeights[turns(first.byteSize())];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = first.in(memory.allocate(first.byteSize()).copyFrom(first.data()));
        }
        QuantizedRows x = new QuantizedRows();
        MemorySegment values = random(memory, WeightFormat.F32, (long) rows * INPUTS, 1);
        x.quantize(team, values, 0, INPUTS, rows, INPUTS, first.group());
        MemorySegment y = memory.allocate(4L * rows * OUTPUTS);
        int[] turn = {0};
        return () -> {
            BlockWeights w = weights[turn[0]++ % weights.length];
            BlockLinear.apply(team, kernels, w, x, y, 0, OUTPUTS);
            return limit == MachineLimit.MEMORY ? w.byteSize() : 2L * rows * OUTPUTS * INPUTS;
        };
    }

    private Work floats(ThreadTeam team, WeightMemory memory) {
        int outputs = limit == MachineLimit.MEMORY ? OUTPUTS : OUTPUTS / 4;
        MemorySegment data = random(memory, format, (long) outputs * INPUTS, 0.02f);
        var source = new Packer.Source(data, 0, format, outputs, INPUTS, false);
        PackedWeights[] weights = new PackedWeights[turns(data.byteSize())];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = Packer.pack(team, memory, source);
        }
        MemorySegment x = random(memory, WeightFormat.F32, (long) rows * INPUTS, 1);
        MemorySegment y = memory.allocate(4L * rows * outputs);
        int[] turn = {0};
        return () -> {
            PackedWeights w = weights[turn[0]++ % weights.length];
            Linear.apply(team, MachineStrips.kernels(), w, x, 0, INPUTS, rows, y, 0, outputs);
            return limit == MachineLimit.MEMORY ? w.byteSize() : 2L * rows * outputs * INPUTS;
        };
    }

    private Work attention(ThreadTeam team, WeightMemory memory, CachePrecision precision) {
        PageLayout keys = new PageLayout(precision, true, KV_HEADS, SIZE);
        PageLayout values = new PageLayout(precision, false, KV_HEADS, SIZE);
        int pages = KEYS / Paged.ROWS;
        long bytes = pages * (keys.bytes() + values.bytes());
        int layers = turns(bytes);
        Paged[] k = new Paged[layers];
        Paged[] v = new Paged[layers];
        MemorySegment numbers = random(memory, WeightFormat.F32, (long) Paged.ROWS * SIZE, 1);
        for (int i = 0; i < layers; i++) {
            k[i] = pages(keys, pages, numbers, memory);
            v[i] = pages(values, pages, numbers, memory);
        }
        var sizes = new Attention.Sizes(1, HEADS, KV_HEADS, 1, KEYS, SIZE, SIZE, KEYS - 1);
        Strided q = Strided.rowMajor(random(memory, WeightFormat.F32, HEADS * SIZE, 1), 0, 1, HEADS, SIZE);
        Strided out = Strided.rowMajor(memory.allocate(4L * HEADS * SIZE), 0, 1, HEADS, SIZE);
        MemorySegment zeros = memory.allocate(4L * KEYS);
        Strided mask = new Strided(zeros.asSlice(0, ValueLayout.JAVA_FLOAT.byteSize() * KEYS), 0, 0, 0, KEYS);
        int[] turn = {0};
        return () -> {
            int i = turn[0]++ % layers;
            Attention.apply(
                    team, MachineAttention.kernels(), Optional.empty(), sizes, q, k[i], v[i], mask, 0.125f, out);
            return bytes;
        };
    }

    private static Paged pages(PageLayout layout, int count, MemorySegment numbers, WeightMemory memory) {
        MemorySegment[] pages = new MemorySegment[count];
        for (int i = 0; i < count; i++) {
            pages[i] = memory.allocate(layout.bytes());
            for (int h = 0; h < KV_HEADS; h++) {
                layout.write(pages[i], h, 0, Paged.ROWS, numbers, 0);
            }
        }
        return new Paged(layout, pages, count);
    }
}
