package dev.decanter.compress.weights;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The three constants of a compressed weight, computed when they are read. Codes are computed for the rows that are asked
 * for, on all cores; scales and zero points of those rows are kept until they have been read too, so that a writer that
 * takes codes, zero points and scales in turn makes one pass over the weight.
 *
 * <p>Several threads may read. They may compute the same rows twice, to the same result.
 */
final class CompressedWeight {
    /** Elements that a task computes at a time: floats of a second-level cache. */
    private static final int PIECE = 1 << 16;
    /** Elements of a run in the file below which reading a weight across its orientation is slow. */
    private static final int RUN = 512;

    private final WeightMatrix matrix;
    private final WeightLayout layout;
    private final WeightConfig config;
    private final Optional<GroupParameters> given;
    private final int groups;
    private final ParameterStore parameters;
    /** Codes of one index of the outer dimension in the order of the file, for weights across their orientation. */
    private @Nullable Block block;

    @SuppressWarnings("ArrayRecordComponent") // not compared
    private record Block(long outer, byte[] codes) {}

    /** The plan must have a configuration that divides the weight's columns. */
    CompressedWeight(LayerPlan plan) {
        WeightedLayer layer = plan.layer();
        matrix = layer.matrix();
        layout = layer.layout();
        config = plan.config().orElseThrow();
        given = plan.parameters();
        groups = config.groups(matrix.columns());
        parameters = new ParameterStore(layer.weightName(), config.mode(), matrix.rows(), groups, layout.inner());
    }

    WeightConfig config() {
        return config;
    }

    /** The compressed weight; with groups, the axis that they divide becomes two: groups, and elements of a group. */
    Op.Constant codes() {
        return new Op.Constant(
                config.mode().elementType(),
                shape(false),
                new View(config.mode().elementType().byteSize(layout.shape().elements()), this::readCodes));
    }

    /** Zero points in the type of the codes; the mode must have them. */
    Op.Constant zeroPoints() {
        return parameterConstant(
                config.mode().elementType(), (offset, target) -> readParameters(false, offset, target));
    }

    /** Scales, f16 or f8e8m0. */
    Op.Constant scales() {
        return parameterConstant(config.mode().scaleType(), (offset, target) -> readParameters(true, offset, target));
    }

    private Op.Constant parameterConstant(ElementType type, Reader reader) {
        Shape shape = shape(true);
        return new Op.Constant(type, shape, new View(type.byteSize(shape.elements()), reader));
    }

    private Shape shape(boolean ofParameters) {
        List<Long> dims = new ArrayList<>();
        for (int axis = 0; axis < layout.shape().rank(); axis++) {
            boolean reduced = layout.reductionAxes().contains(axis);
            if (reduced && config.groupSize() != -1) {
                dims.add((long) groups);
                dims.add(ofParameters ? 1L : config.groupSize());
            } else {
                dims.add(reduced && ofParameters ? 1L : layout.shape().dim(axis));
            }
        }
        return Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
    }

    @FunctionalInterface
    private interface Reader {
        void read(long offset, MemorySegment target);
    }

    private record View(long byteSize, Reader reader) implements ConstantData {
        @Override
        public void read(long offset, MemorySegment target) {
            reader.read(offset, target);
        }
    }

    private void readCodes(long offset, MemorySegment target) {
        int bits = config.mode().bits();
        long first = offset * 8 / bits;
        long end = Math.min(layout.shape().elements(), (offset + target.byteSize()) * 8 / bits);
        if (layout.isRowMajor()) {
            readRows(first, end, target);
            return;
        }
        long size = layout.shape().elements() / layout.outer();
        for (long at = first; at < end; ) {
            long outer = at / size;
            long stop = Math.min(end, (outer + 1) * size);
            byte[] codes = block(outer).codes();
            if (bits == 4 && (at - first) % 2 != 0) {
                // The low half of this byte is the previous block's last element.
                long place = (at - first) / 2;
                byte low = target.get(ValueLayout.JAVA_BYTE, place);
                target.set(ValueLayout.JAVA_BYTE, place, (byte) ((low & 15) | (codes[(int) (at - outer * size)] << 4)));
                at++;
            }
            if (at < stop) {
                int from = (int) (at - outer * size);
                Packing.pack(codes, from, (int) (stop - outer * size), bits, target, (at - first) * bits / 8);
            }
            at = stop;
        }
    }

    private void readRows(long first, long end, MemorySegment target) {
        int columns = matrix.columns();
        int bits = config.mode().bits();
        // Tasks must not share a byte: with odd rows of 4 bits they begin at even rows.
        int unit = bits == 4 && columns % 2 != 0 ? 2 : 1;
        int firstRow = (int) (first / columns) / unit * unit;
        int endRow = (int) Math.ceilDiv(end, columns);
        forRows(firstRow, endRow, Math.max(1, PIECE / columns / unit) * unit, (row, count) -> {
            byte[] codes = compute(row, count);
            long start = (long) row * columns;
            long from = Math.max(first, start);
            long to = Math.min(end, start + (long) count * columns);
            Packing.pack(codes, (int) (from - start), (int) (to - start), bits, target, (from - first) * bits / 8);
        });
    }

    @FunctionalInterface
    private interface RowTask {
        void run(int row, int count);
    }

    private static void forRows(int first, int end, int step, RowTask task) {
        int tasks = Math.ceilDiv(end - first, step);
        IntStream pieces = IntStream.range(0, tasks);
        (tasks > 1 ? pieces.parallel() : pieces).forEach(i -> {
            int row = first + i * step;
            task.run(row, Math.min(step, end - row));
        });
    }

    private Block block(long outer) {
        synchronized (this) {
            if (block != null && block.outer == outer) {
                return block;
            }
        }
        int columns = matrix.columns();
        int inner = (int) layout.inner();
        int tail = (int) layout.tail();
        byte[] codes = new byte[Math.toIntExact(layout.reduced() * inner * tail)];
        int firstRow = Math.toIntExact(outer * inner);
        int step = Math.max(Math.ceilDiv(RUN, tail), PIECE / columns);
        forRows(firstRow, firstRow + inner, step, (row, count) -> {
            byte[] part = compute(row, count);
            for (int r = 0; r < layout.reduced(); r++) {
                for (int i = 0; i < count; i++) {
                    int to = (r * inner + row - firstRow + i) * tail;
                    System.arraycopy(part, i * columns + r * tail, codes, to, tail);
                }
            }
        });
        Block made = new Block(outer, codes);
        synchronized (this) {
            block = made;
        }
        return made;
    }

    /** The codes of some rows; their scales and zero points are kept. */
    private byte[] compute(int row, int count) {
        float[] w = weights(row, count);
        GroupParameters p = parametersOf(row, count, w);
        parameters.keep(row, p);
        return GroupQuantizer.codes(w, count, matrix.columns(), config, p);
    }

    private float[] weights(int row, int count) {
        float[] w = new float[count * matrix.columns()];
        matrix.read(row, count, w);
        return w;
    }

    private GroupParameters parametersOf(int row, int count, float[] w) {
        if (given.isEmpty()) {
            return GroupQuantizer.parameters(w, count, matrix.columns(), config);
        }
        GroupParameters all = given.get();
        int from = row * groups;
        int to = from + count * groups;
        int[] zeros = all.zeroPoints();
        return new GroupParameters(
                count,
                groups,
                Arrays.copyOfRange(all.scales(), from, to),
                zeros.length == 0 ? zeros : Arrays.copyOfRange(zeros, from, to));
    }

    /** Bytes of the zero points or the scales. */
    private void readParameters(boolean ofScales, long offset, MemorySegment target) {
        while (!parameters.read(ofScales, offset, target)) {
            int row = parameters.firstUnknownRow();
            int end = parameters.endOfUnknownRows(row);
            forRows(row, end, Math.max(1, PIECE / matrix.columns()), this::computeParameters);
        }
    }

    private void computeParameters(int row, int count) {
        float[] w = given.isPresent() ? new float[0] : weights(row, count);
        parameters.keep(row, parametersOf(row, count, w));
    }
}
