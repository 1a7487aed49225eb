package dev.decanter.cpu.machine;

import dev.decanter.assembler.CpuFeature;
import dev.decanter.assembler.CpuFeatures;
import dev.decanter.assembler.MachineCodeException;
import dev.decanter.cpu.kernels.Gather;
import dev.decanter.cpu.kernels.Packer;
import dev.decanter.cpu.kernels.Quantization;
import dev.decanter.cpu.kernels.QuantizedRows;
import dev.decanter.cpu.kernels.RowKernels;
import dev.decanter.cpu.kernels.UnaryOp;
import dev.decanter.cpu.kernels.WeightFormat;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * {@link RowKernels} in machine code of AVX-512, a call for all rows of a thread. What has no code (heap memory, other
 * functions than SWISH, rows of a table that are no whole vectors) goes to the portable ones.
 */
public final class MachineRows implements RowKernels {
    /** Numbers that take 20 to 30 µs, more than another thread needs to begin. */
    private static final int TASK = 64 << 10;

    /** Numbers of a call, far less than a millisecond's: a garbage collection waits for calls. */
    private static final int CALL = 256 << 10;

    private static final int LANES = 16;
    private static final int VECTOR = 64;
    private static final int LEAST_GROUP = 32;
    private static final Optional<RowKernels> KERNELS = make();

    private final RowKernels portable = RowKernels.portable();
    private final Routine gate = Routine.of(GateCode.write());
    // looked through one by one: the hash of a record costs milliseconds when it is asked for the first time. Two
    // threads may
    // both make a routine, of which either will do
    private final List<Made<RowCode>> rowRoutines = new CopyOnWriteArrayList<>();
    private final List<Made<GatherCode>> gatherRoutines = new CopyOnWriteArrayList<>();

    private record Made<C>(C code, Routine routine) {}

    private MachineRows() {}

    /** Returns them where products run in machine code too and the processor has AVX-512. */
    public static Optional<RowKernels> kernels() {
        return KERNELS;
    }

    /** Returns them, or else the portable ones. */
    public static RowKernels orPortable() {
        return KERNELS.orElse(RowKernels.portable());
    }

    private static Optional<RowKernels> make() {
        if (MachineCode.kernels().isEmpty()) {
            return Optional.empty();
        }
        try {
            return CpuFeatures.detect().contains(CpuFeature.AVX512) ? Optional.of(new MachineRows()) : Optional.empty();
        } catch (MachineCodeException e) {
            System.getLogger(MachineRows.class.getName())
                    .log(System.Logger.Level.WARNING, "work on rows runs without machine code: " + e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public int task() {
        return TASK;
    }

    @Override
    public void quantize(Source source, QuantizedRows target, int from, int to) {
        if (!isNative(source.x())
                || !isNative(source.residual())
                || !isNative(source.sum())
                || !isNative(source.weight())) {
            portable.quantize(source, target, from, to);
            return;
        }
        check(source, target, from, to);
        int padded = target.paddedInputs();
        RowCode.Result result = target.group() == LEAST_GROUP ? RowCode.Result.HALVES : RowCode.Result.CHUNKS;
        RowCode.Kind kind = kind(source, target);
        Frame frame = Frame.current();
        Routine routine = routine(kind, source.weight().byteSize() > 0, result);
        int step = Math.max(1, CALL / padded);
        try {
            for (int m = from; m < to; m += step) {
                write(frame, source, target, kind, m, Math.min(to, m + step));
                routine.call(frame.block());
            }
        } finally {
            // addresses keep no memory alive
            Reference.reachabilityFence(source);
            Reference.reachabilityFence(target);
        }
    }

    /** Whether a segment is empty or native. */
    private static boolean isNative(MemorySegment memory) {
        return memory.isNative() || memory.byteSize() == 0;
    }

    private static RowCode.Kind kind(Source source, QuantizedRows target) {
        if (!source.normalizes()) {
            return target.inputs() == target.paddedInputs() ? RowCode.Kind.DIRECT : RowCode.Kind.COPY;
        }
        return source.residual().byteSize() > 0 ? RowCode.Kind.ADD_RMS : RowCode.Kind.RMS;
    }

    private Routine routine(RowCode.Kind kind, boolean weighted, RowCode.Result result) {
        for (Made<RowCode> made : rowRoutines) {
            RowCode code = made.code;
            if (code.kind() == kind && code.weighted() == weighted && code.result() == result) {
                return made.routine;
            }
        }
        RowCode code = new RowCode(kind, weighted, result);
        Routine routine = Routine.of(code.write());
        rowRoutines.add(new Made<>(code, routine));
        return routine;
    }

    private static void check(Source source, QuantizedRows target, int from, int to) {
        int rows = target.rows();
        int inputs = target.inputs();
        int tall = rows == 1 ? 1 : Math.ceilDiv(rows, QuantizedRows.TILE) * QuantizedRows.TILE;
        require(from >= 0 && from < to && to <= tall, "rows beyond the target");
        int group = target.group();
        require(group == LEAST_GROUP || (group > 0 && group % QuantizedRows.CHUNK == 0), "a group unlike others");
        long last = (Math.min(to, rows) - 1) * source.stride() + inputs;
        require(source.stride() >= 0 && holds(source.x(), source.xOffset(), last), "rows beyond x");
        if (source.residual().byteSize() > 0) {
            require(source.normalizes(), "a residual without a normalization");
            require(holds(source.residual(), source.residualOffset(), last), "rows beyond the residual");
            require(holds(source.sum(), source.sumOffset(), last), "rows beyond the sum");
        }
        boolean weighted = source.weight().byteSize() > 0;
        require(!weighted || holds(source.weight(), source.weightOffset(), inputs), "inputs beyond the weight");
        long padded = (long) tall * target.paddedInputs();
        require(target.codes().byteSize() >= padded, "too few codes");
        require(target.scales().byteSize() >= padded / group * Float.BYTES, "too few scales");
        require(target.sums().byteSize() >= padded / group * Integer.BYTES, "too few sums");
    }

    private static boolean holds(MemorySegment memory, long offset, long numbers) {
        return offset >= 0 && offset + numbers * Float.BYTES <= memory.byteSize();
    }

    private static void require(boolean condition, String what) {
        if (!condition) {
            throw new IllegalArgumentException("work on rows has " + what);
        }
    }

    private static void write(Frame frame, Source source, QuantizedRows target, RowCode.Kind kind, int from, int to) {
        int inputs = target.inputs();
        int padded = target.paddedInputs();
        int group = target.group();
        boolean one = target.rows() == 1;
        long at = from * source.stride() * Float.BYTES;
        int tail = inputs % LANES;
        long[] w = frame.words();
        w[RowCode.X] = source.x().address() + source.xOffset() + at;
        w[RowCode.X_STRIDE] = source.stride() * Float.BYTES;
        w[RowCode.RESIDUAL] = source.residual().address() + source.residualOffset() + at;
        w[RowCode.SUM] = source.sum().address() + source.sumOffset() + at;
        w[RowCode.WEIGHT] = source.weight().address() + source.weightOffset();
        w[RowCode.LINE] = kind == RowCode.Kind.DIRECT
                ? 0
                : frame.scores((long) padded * Float.BYTES).address();
        w[RowCode.WHOLE] = inputs / LANES;
        w[RowCode.TAIL_MASK] = (1L << tail) - 1;
        w[RowCode.TAIL] = tail;
        w[RowCode.ZEROS] = ((long) padded - inputs) / LANES;
        w[RowCode.LENGTH_EPS] = pair(inputs, source.eps());
        w[RowCode.ROW] = from;
        w[RowCode.ROWS] = target.rows();
        w[RowCode.END] = to;
        long entry = target.entryAt(from, 0) * Float.BYTES;
        w[RowCode.CODES] = target.codes().address() + target.codeAt(from, 0);
        w[RowCode.SCALES] = target.scales().address() + entry;
        w[RowCode.SUMS] = target.sums().address() + entry;
        int tile = QuantizedRows.TILE;
        w[RowCode.CHUNK_STEP] = one ? QuantizedRows.CHUNK : (long) tile * QuantizedRows.CHUNK;
        w[RowCode.GROUP_STEP] = one ? Float.BYTES : (long) tile * Float.BYTES;
        w[RowCode.TILE_STEP] = tile * ((long) padded - QuantizedRows.CHUNK);
        w[RowCode.TILE_GROUP_STEP] = tile * (target.groups() - 1L) * Float.BYTES;
        w[RowCode.GROUPS] = padded / Math.max(QuantizedRows.CHUNK, group);
        w[RowCode.CHUNKS] = Math.max(1, group / QuantizedRows.CHUNK);
        frame.write(RowCode.WORDS);
    }

    private static long pair(float low, float high) {
        return Integer.toUnsignedLong(Float.floatToRawIntBits(low))
                | (long) Float.floatToRawIntBits(high) << Integer.SIZE;
    }

    @Override
    public void rms(
            MemorySegment x,
            long xOffset,
            MemorySegment weight,
            long weightOffset,
            float eps,
            int n,
            long from,
            long to,
            MemorySegment y,
            long yOffset) {
        if (!x.isNative() || !isNative(weight) || !y.isNative() || n == 0 || from >= to) {
            portable.rms(x, xOffset, weight, weightOffset, eps, n, from, to, y, yOffset);
            return;
        }
        boolean weighted = weight.byteSize() > 0;
        require(from >= 0 && holds(x, xOffset, to * n), "rows beyond x");
        require(holds(y, yOffset, to * n), "rows beyond y");
        require(!weighted || holds(weight, weightOffset, n), "inputs beyond the weight");
        Frame frame = Frame.current();
        Routine routine = routine(RowCode.Kind.RMS, weighted, RowCode.Result.FLOATS);
        int step = Math.max(1, CALL / n);
        int tail = n % LANES;
        try {
            for (long m = from; m < to; m += step) {
                long at = m * n * Float.BYTES;
                long[] w = frame.words();
                w[RowCode.X] = x.address() + xOffset + at;
                w[RowCode.X_STRIDE] = (long) n * Float.BYTES;
                w[RowCode.WEIGHT] = weight.address() + weightOffset;
                w[RowCode.LINE] = y.address() + yOffset + at;
                w[RowCode.Y_STRIDE] = (long) n * Float.BYTES;
                w[RowCode.WHOLE] = n / LANES;
                w[RowCode.TAIL_MASK] = (1L << tail) - 1;
                w[RowCode.TAIL] = tail;
                w[RowCode.ZEROS] = 0;
                w[RowCode.LENGTH_EPS] = pair(n, eps);
                w[RowCode.ROW] = m;
                w[RowCode.END] = Math.min(to, m + step);
                frame.write(RowCode.WORDS);
                routine.call(frame.block());
            }
        } finally {
            Reference.reachabilityFence(x);
            Reference.reachabilityFence(weight);
            Reference.reachabilityFence(y);
        }
    }

    @Override
    public void gate(
            UnaryOp op,
            float alpha,
            MemorySegment both,
            long gateAt,
            long upAt,
            long stride,
            int rows,
            int n,
            MemorySegment y,
            long yAt,
            long yStride) {
        if (op != UnaryOp.SWISH || !both.isNative() || !y.isNative()) {
            portable.gate(op, alpha, both, gateAt, upAt, stride, rows, n, y, yAt, yStride);
            return;
        }
        require(rows > 0 && n > 0 && stride >= 0 && yStride >= 0, "sizes that are not positive");
        long last = (rows - 1) * stride + n;
        require(holds(both, gateAt, last) && holds(both, upAt, last), "rows beyond the gate");
        require(holds(y, yAt, (rows - 1) * yStride + n), "rows beyond y");
        Frame frame = Frame.current();
        int step = Math.max(1, CALL / n);
        try {
            for (int m = 0; m < rows; m += step) {
                long at = both.address() + m * stride * Float.BYTES;
                long[] w = frame.words();
                w[GateCode.GATE] = at + gateAt;
                w[GateCode.UP] = at + upAt;
                w[GateCode.Y] = y.address() + yAt + m * yStride * Float.BYTES;
                w[GateCode.STRIDE] = stride * Float.BYTES;
                w[GateCode.Y_STRIDE] = yStride * Float.BYTES;
                w[GateCode.ROWS] = Math.min(step, rows - m);
                w[GateCode.WHOLE] = n / LANES * (long) VECTOR;
                w[GateCode.TAIL_MASK] = (1L << n % LANES) - 1;
                w[GateCode.FACTOR] = Float.floatToRawIntBits(-alpha);
                frame.write(GateCode.WORDS);
                gate.call(frame.block());
            }
        } finally {
            Reference.reachabilityFence(both);
            Reference.reachabilityFence(y);
        }
    }

    @Override
    public void gather(
            Packer.Source table,
            Optional<Quantization> quantization,
            MemorySegment indices,
            long indexOffset,
            Gather.IndexType indexType,
            long from,
            long to,
            MemorySegment y,
            long yOffset) {
        boolean reads = table.data().isNative() && indices.isNative() && y.isNative() && reads(table, quantization);
        if (!reads || from >= to) {
            portable.gather(table, quantization, indices, indexOffset, indexType, from, to, y, yOffset);
            return;
        }
        int n = table.inputs();
        boolean longs = indexType == Gather.IndexType.I64;
        int indexBytes = longs ? Long.BYTES : Integer.BYTES;
        require(
                from >= 0 && indexOffset >= 0 && indexOffset + to * indexBytes <= indices.byteSize(),
                "too few indices");
        require(holds(y, yOffset, to * n), "rows beyond y");
        require(!table.inputMajor(), "rows that do not lie together");
        int bits = table.format().bits();
        Frame frame = Frame.current();
        long[] w = frame.words();
        w[GatherCode.TABLE] = table.data().address() + table.offset();
        w[GatherCode.ROW_BYTES] = (long) n * bits / Byte.SIZE;
        w[GatherCode.OUTPUTS] = table.outputs();
        w[GatherCode.GROUPS] = 1;
        w[GatherCode.VECTORS] = n / LANES;
        GatherCode code = new GatherCode(table.format(), WeightFormat.F32, WeightFormat.F32, longs);
        if (quantization.isPresent()) {
            Quantization q = quantization.get();
            Quantization.Entries scales = q.scales();
            Quantization.Entries zeros = q.zeroPoints();
            int group = Math.min(q.groupSize(), n);
            w[GatherCode.SCALES] = scales.data().address() + scales.offset();
            w[GatherCode.SCALE_ROW] = scales.rowStride() * scales.format().bits() / Byte.SIZE;
            w[GatherCode.ZEROS] = zeros.data().address() + zeros.offset();
            w[GatherCode.ZERO_ROW] = zeros.rowStride();
            w[GatherCode.GROUPS] = n / group;
            w[GatherCode.VECTORS] = group / LANES;
            WeightFormat zero = zeros.absent() ? WeightFormat.F32 : zeros.format();
            code = new GatherCode(table.format(), scales.format(), zero, longs);
        }
        Routine routine = routine(code);
        int step = Math.max(1, CALL / n);
        try {
            for (long i = from; i < to; i += step) {
                w[GatherCode.INDICES] = indices.address() + indexOffset + i * indexBytes;
                w[GatherCode.COUNT] = Math.min(step, to - i);
                w[GatherCode.Y] = y.address() + yOffset + i * n * Float.BYTES;
                frame.write(GatherCode.WORDS);
                routine.call(frame.block());
            }
        } finally {
            Reference.reachabilityFence(table);
            Reference.reachabilityFence(quantization);
            Reference.reachabilityFence(indices);
            Reference.reachabilityFence(y);
        }
    }

    private Routine routine(GatherCode code) {
        for (Made<GatherCode> made : gatherRoutines) {
            GatherCode known = made.code;
            if (known.format() == code.format()
                    && known.scales() == code.scales()
                    && known.zeros() == code.zeros()
                    && known.longs() == code.longs()) {
                return made.routine;
            }
        }
        Routine routine = Routine.of(code.write());
        gatherRoutines.add(new Made<>(code, routine));
        return routine;
    }

    /** Whether there is code for rows of a table. */
    private static boolean reads(Packer.Source table, Optional<Quantization> quantization) {
        int n = table.inputs();
        if (n % LANES != 0 || table.format().coded() || table.format().quantized() != quantization.isPresent()) {
            return false;
        }
        if (quantization.isEmpty()) {
            return true;
        }
        Quantization q = quantization.get();
        int group = Math.min(q.groupSize(), n);
        int groups = n / group;
        WeightFormat scale = q.scales().format();
        WeightFormat zero = q.zeroPoints().format();
        boolean zeros = q.zeroPoints().absent() || (zero.quantized() && !zero.coded());
        return group % LANES == 0
                && n % group == 0
                && (scale == WeightFormat.F16 || scale == WeightFormat.F32)
                && zeros
                && plain(q.scales(), table.outputs(), groups)
                && plain(q.zeroPoints(), table.outputs(), groups);
    }

    /** Whether entries are numbers as they are stored, groups side by side, in memory that has them all. */
    private static boolean plain(Quantization.Entries entries, int rows, int groups) {
        if (entries.absent()) {
            return true;
        }
        long count = (rows - 1) * entries.rowStride() + groups;
        return entries.data().isNative()
                && entries.factor() == 1
                && entries.rowStride() >= 0
                && (entries.groupStride() == 1 || groups == 1)
                && entries.offset() + Math.ceilDiv(count * entries.format().bits(), Byte.SIZE)
                        <= entries.data().byteSize();
    }
}
