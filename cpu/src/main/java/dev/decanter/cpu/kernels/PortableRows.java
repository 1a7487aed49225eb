package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/** {@link RowKernels} in Java. */
final class PortableRows implements RowKernels {
    static final PortableRows INSTANCE = new PortableRows(VectorSupport.ENABLED);
    static final PortableRows PLAIN = new PortableRows(false);

    private static final float LEVELS = 127;
    private static final int TASK = 16 << 10;

    private final boolean vectors;

    private PortableRows(boolean vectors) {
        this.vectors = vectors;
    }

    @Override
    public int task() {
        return TASK;
    }

    @Override
    public void quantize(Source source, QuantizedRows target, int from, int to) {
        int padded = target.paddedInputs();
        Scratch scratch = Scratch.current();
        float[] line = scratch.floats(Scratch.STRIP, padded);
        float[] factors = scratch.floats(Scratch.A, padded);
        byte[] bytes = scratch.bytes(padded + RowQuantizer.SURPLUS);
        int inputs = target.inputs();
        for (int m = from; m < to; m++) {
            boolean there = m < target.rows();
            if (there) {
                load(source, m, inputs, line, factors);
            }
            Arrays.fill(line, there ? inputs : 0, padded, 0);
            row(target, m, line, bytes, padded);
        }
    }

    private void load(Source source, int m, int inputs, float[] line, float[] factors) {
        long at = m * source.stride() * Float.BYTES;
        Mem.read(source.x(), source.xOffset() + at, line, 0, inputs);
        if (source.adds()) {
            Mem.read(source.residual(), source.residualOffset() + at, factors, 0, inputs);
            BinaryOp.ADD.apply(line, factors, inputs);
            Mem.write(line, 0, inputs, source.sum(), source.sumOffset() + at);
        }
        if (source.normalizes()) {
            Norms.rmsRow(vectors, line, inputs, source.eps(), source.weight(), source.weightOffset(), factors);
        }
    }

    private void row(QuantizedRows target, int m, float[] line, byte[] bytes, int padded) {
        int group = target.group();
        for (int g = 0; g < target.groups(); g++) {
            float most = Float.intBitsToFloat(RowQuantizer.greatest(vectors, line, g * group, group));
            float scale = most / LEVELS;
            float inverse = 1 / scale;
            int sum = 0;
            if (inverse > 0 && inverse < Float.POSITIVE_INFINITY) {
                sum = RowQuantizer.codes(vectors, line, g * group, group, inverse, bytes);
            } else {
                Arrays.fill(bytes, g * group, (g + 1) * group, (byte) 0);
                // an infinity or a NaN stays in the scale and makes every product NaN
                scale = inverse == Float.POSITIVE_INFINITY ? 0 : scale;
            }
            long entry = target.entryAt(m, g);
            target.scales().set(Mem.F32, Float.BYTES * entry, scale);
            target.sums().set(Mem.I32, Integer.BYTES * entry, sum);
        }
        if (target.rows() == 1) {
            MemorySegment.copy(bytes, 0, target.codes(), Mem.I8, 0, padded);
            return;
        }
        for (int k = 0; k < padded; k += QuantizedRows.CHUNK) {
            MemorySegment.copy(bytes, k, target.codes(), Mem.I8, target.codeAt(m, k), QuantizedRows.CHUNK);
        }
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
        Scratch scratch = Scratch.current();
        float[] line = scratch.floats(Scratch.STRIP, n);
        float[] factors = scratch.floats(Scratch.A, n);
        for (long m = from; m < to; m++) {
            long at = m * n * Float.BYTES;
            Mem.read(x, xOffset + at, line, 0, n);
            Norms.rmsRow(vectors, line, n, eps, weight, weightOffset, factors);
            Mem.write(line, 0, n, y, yOffset + at);
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
        Scratch scratch = Scratch.current();
        int width = Math.toIntExact(stride);
        int lines = Math.max(1, Elementwise.STRIP / width);
        float[] left = scratch.floats(Scratch.STRIP, lines * width);
        float[] right = scratch.floats(Scratch.A, lines * width);
        for (int m = 0; m < rows; m += lines) {
            int count = Math.min(lines, rows - m);
            int numbers = (count - 1) * width + n;
            long from = (long) m * width * Float.BYTES;
            Mem.read(both, gateAt + from, left, 0, numbers);
            Mem.read(both, upAt + from, right, 0, numbers);
            if (vectors) {
                Rows.unary(op, left, 0, numbers, alpha, 0);
            } else {
                ScalarRows.unary(op, left, 0, numbers, alpha, 0);
            }
            BinaryOp.MULTIPLY.apply(left, right, numbers);
            for (int i = 0; i < count; i++) {
                Mem.write(left, i * width, n, y, yAt + (m + i) * yStride * Float.BYTES);
            }
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
        int n = table.inputs();
        float[] line = Scratch.current().floats(Scratch.STRIP, n);
        byte[] bytes = new byte[table.format() == WeightFormat.U8 ? n : 0];
        for (long i = from; i < to; i++) {
            long index = indexType == Gather.IndexType.I32
                    ? indices.get(Mem.I32, indexOffset + i * Integer.BYTES)
                    : indices.get(Mem.I64, indexOffset + i * Long.BYTES);
            long row = index < 0 ? index + table.outputs() : index;
            if (row < 0 || row >= table.outputs()) {
                Arrays.fill(line, 0, n, 0);
            } else {
                load(table, row, line, bytes);
                if (quantization.isPresent()) {
                    rescale(quantization.get(), row, line, n);
                }
            }
            Mem.write(line, 0, n, y, yOffset + i * n * Float.BYTES);
        }
    }

    /** Bytes go through an array: a plain loop over one is quick before the JIT has seen it, and there are few rows. */
    private static void load(Packer.Source table, long row, float[] line, byte[] bytes) {
        int n = table.inputs();
        if (bytes.length == 0) {
            Conversions.load(table.format(), table.data(), table.offset(), row * n, line, n);
            return;
        }
        MemorySegment.copy(table.data(), Mem.I8, table.offset() + row * n, bytes, 0, n);
        for (int i = 0; i < n; i++) {
            line[i] = bytes[i] & 0xff;
        }
    }

    /** Turns stored integers into numbers. */
    private static void rescale(Quantization quantization, long row, float[] line, int n) {
        int group = Math.min(quantization.groupSize(), n);
        if (quantization.table().isPresent()) {
            quantization.table().get().replace(line, n);
        }
        for (int g = 0; g * group < n; g++) {
            float scale = quantization.scales().at(row, g);
            float zero = quantization.zeroPoints().at(row, g);
            int end = Math.min(n, (g + 1) * group);
            for (int i = g * group; i < end; i++) {
                line[i] = (line[i] - zero) * scale;
            }
        }
    }
}
