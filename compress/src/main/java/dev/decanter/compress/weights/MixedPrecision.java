package dev.decanter.compress.weights;

import dev.decanter.compress.CompressionMode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Divides the weights that a ratio counts between the primary and the backup mode. */
public final class MixedPrecision {
    private static final WeightConfig PROBE = new WeightConfig(CompressionMode.INT8_ASYM, -1);

    /** Elements of the pieces that a weight is read in. */
    private static final int PIECE = 1 << 18;

    private MixedPrecision() {}

    /**
     * Leaves the primary mode to the least sensitive weights: in ascending order of scores as long as their share of all
     * elements stays below {@code ratio}.
     *
     * @param plans as a {@link Selection} gives them
     * @param scores of those that the ratio counts, in their order
     * @param backup for those that do not keep the primary mode
     */
    public static List<LayerPlan> divide(
            List<LayerPlan> plans, double[] scores, double ratio, Optional<WeightConfig> backup) {
        List<LayerPlan> defining =
                plans.stream().filter(LayerPlan::ratioDefining).toList();
        long total = defining.stream().mapToLong(p -> p.layer().elements()).sum();
        boolean[] primary = new boolean[defining.size()];
        long taken = 0;
        // the sort is stable, as NNCF's: equal scores keep the order of the graph
        List<Integer> ascending = IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> scores[i]))
                .toList();
        for (int i : ascending) {
            long elements = defining.get(i).layer().elements();
            if ((double) (taken + elements) / total >= ratio) {
                break;
            }
            primary[i] = true;
            taken += elements;
        }
        List<LayerPlan> divided = new ArrayList<>(plans.size());
        int next = 0;
        for (LayerPlan plan : plans) {
            divided.add(plan.ratioDefining() && !primary[next++] ? plan.withConfig(backup) : plan);
        }
        return divided;
    }

    /** The score without data: the inverse of {@link #largestError}. */
    public static double inverseError(WeightedLayer layer) {
        // NNCF adds the machine epsilon of the stored type, and takes bf16 for f16.
        double epsilon = switch (layer.elementType()) {
            case F64 -> 0x1p-52;
            case F32 -> 0x1p-23;
            default -> 0x1p-10;
        };
        return 1 / (largestError(layer) + epsilon);
    }

    /** The largest, over rows, of the mean square of what 8-bit asymmetric quantization changes. */
    public static double largestError(WeightedLayer layer) {
        double worst = 0;
        int columns = layer.layout().columns();
        for (double rowError : rowErrors(layer)) {
            worst = Math.max(worst, rowError / columns);
        }
        return (float) worst;
    }

    /** The Frobenius norm of what 8-bit asymmetric quantization changes. */
    public static double errorNorm(WeightedLayer layer) {
        double sum = 0;
        for (double rowError : rowErrors(layer)) {
            sum += rowError;
        }
        return (float) Math.sqrt(sum);
    }

    /** For each row the sum of squares of what 8-bit asymmetric quantization changes. */
    private static double[] rowErrors(WeightedLayer layer) {
        WeightMatrix matrix = layer.matrix();
        int columns = matrix.columns();
        int step = Math.max(1, PIECE / columns);
        double[] errors = new double[matrix.rows()];
        IntStream.range(0, Math.ceilDiv(errors.length, step)).parallel().forEach(piece -> {
            int first = piece * step;
            int count = Math.min(step, errors.length - first);
            float[] w = new float[count * columns];
            matrix.read(first, count, w);
            float[] back = GroupQuantizer.roundTrip(w, count, columns, PROBE);
            for (int r = 0; r < count; r++) {
                double sum = 0;
                for (int k = r * columns; k < (r + 1) * columns; k++) {
                    float difference = back[k] - w[k];
                    sum += difference * difference;
                }
                errors[first + r] = sum;
            }
        });
        return errors;
    }
}
