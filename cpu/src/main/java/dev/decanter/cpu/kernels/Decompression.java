package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/** Whole compressed constants to f32, for what multiplies by no {@link PackedWeights}. */
public final class Decompression {
    private static final int CHUNK = 4096;

    private Decompression() {}

    /** Scales or zero points that are broadcast. */
    public static final class Operand {
        private final Quantization.Entries entries;
        private final long[] strides;

        /**
         * Says how entries follow the data.
         *
         * @param entries the numbers, by index
         * @param strides entries from one element to the next, for each dimension of the data
         */
        public Operand(Quantization.Entries entries, long... strides) {
            this.entries = entries;
            this.strides = strides.clone();
        }

        /** Index of the entry of an element. */
        private long at(long[] index) {
            long at = 0;
            for (int d = 0; d < index.length; d++) {
                at += index[d] * strides[d];
            }
            return at;
        }

        private float number(long at) {
            return entries.absent() ? 0 : entries.number(at);
        }

        private long step(int dim) {
            return dim < 0 ? 0 : strides[dim];
        }
    }

    /**
     * {@code y = (number - zero) * scale}.
     *
     * @param data stored integers or codes, in C order
     * @param table what codes stand for; needed by the formats that are {@link WeightFormat#coded}
     * @param dims the data's dimensions
     * @param y receives f32 of the same number of elements
     */
    public static void apply(
            ThreadTeam team,
            MemorySegment data,
            WeightFormat format,
            Optional<CodeTable> table,
            long[] dims,
            Operand scale,
            Operand zero,
            MemorySegment y) {
        // dimensions at the end that share their entries make one run; where there are none, the last one is a run
        int rank = dims.length;
        long run = 1;
        while (rank > 0 && scale.step(rank - 1) == 0 && zero.step(rank - 1) == 0) {
            run *= dims[--rank];
        }
        boolean steps = run == 1 && rank > 0;
        if (steps) {
            run = dims[--rank];
        }
        long[] outer = Arrays.copyOf(dims, rank);
        Run shape = new Run(run, steps ? scale.step(rank) : 0, steps ? zero.step(rank) : 0);
        long runs = 1;
        for (long dim : outer) {
            runs *= dim;
        }
        team.runRange(runs, Math.max(1, CHUNK / Math.max(1, run)), (from, to) -> {
            long[] index = new long[dims.length];
            float[] line = Scratch.current().floats(Scratch.STRIP, CHUNK);
            for (long r = from; r < to; r++) {
                long rest = r;
                for (int d = outer.length - 1; d >= 0; d--) {
                    index[d] = rest % outer[d];
                    rest /= outer[d];
                }
                long first = r * shape.length;
                for (long i = 0; i < shape.length; i += CHUNK) {
                    int count = (int) Math.min(CHUNK, shape.length - i);
                    Conversions.load(format, data, 0, first + i, line, count);
                    table.ifPresent(numbers -> numbers.replace(line, count));
                    shape.rescale(line, count, i, scale, scale.at(index), zero, zero.at(index));
                    Mem.write(line, 0, count, y, (first + i) * Float.BYTES);
                }
            }
        });
    }

    /** Elements that lie together, and the entries from one to the next. */
    private record Run(long length, long scaleStep, long zeroStep) {
        /** Turns elements {@code [at, at + n)} of the run, which are in {@code line}, into numbers. */
        void rescale(float[] line, int n, long at, Operand scale, long scaleAt, Operand zero, long zeroAt) {
            if (scaleStep == 0 && zeroStep == 0) {
                float s = scale.number(scaleAt);
                float z = zero.number(zeroAt);
                for (int i = 0; i < n; i++) {
                    line[i] = (line[i] - z) * s;
                }
                return;
            }
            for (int i = 0; i < n; i++) {
                float z = zero.number(zeroAt + (at + i) * zeroStep);
                line[i] = (line[i] - z) * scale.number(scaleAt + (at + i) * scaleStep);
            }
        }
    }
}
