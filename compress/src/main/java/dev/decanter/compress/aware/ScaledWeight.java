package dev.decanter.compress.aware;

import dev.decanter.compress.weights.WeightLayout;
import dev.decanter.compress.weights.WeightMatrix;
import dev.decanter.compress.weights.WeightedLayer;
import java.util.List;

/** A weight times a factor for each column, or for each row. */
final class ScaledWeight extends ComputedWeight {
    private final WeightMatrix source;
    private final float[] factors;
    private final boolean ofRows;
    private final int rowsPerBatch;
    private final int columns;

    private ScaledWeight(WeightedLayer layer, float[] factors, boolean ofRows) {
        super(layer);
        this.factors = factors;
        this.ofRows = ofRows;
        // The elements as they lie in the file, in lines of the last dimension.
        long width = layer.layout().shape().dim(-1);
        WeightLayout flat = new WeightLayout(
                layer.layout().shape(),
                List.of(layer.layout().shape().rank() - 1),
                layer.elements() / width,
                width,
                1,
                1);
        source = new WeightedLayer(layer.kind(), layer.consumer(), layer.port(), layer.constant(), flat).matrix();
        columns = layer.layout().columns();
        rowsPerBatch = ofRows ? 1 : layer.layout().rows() / (factors.length / columns);
    }

    /** With factors [columns], or [experts, columns] for stacked experts. */
    static ScaledWeight columns(WeightedLayer layer, float[] factors) {
        return new ScaledWeight(layer, factors, false);
    }

    /** With factors [rows]. */
    static ScaledWeight rows(WeightedLayer layer, float[] factors) {
        return new ScaledWeight(layer, factors, true);
    }

    @Override
    void values(long first, double[] target) {
        int width = source.columns();
        int firstLine = (int) (first / width);
        int lines = (int) ((first + target.length - 1) / width) - firstLine + 1;
        float[] read = new float[lines * width];
        source.read(firstLine, lines, read);
        int skip = (int) (first - (long) firstLine * width);
        for (int i = 0; i < target.length; i++) {
            int row = row(first + i);
            int factor = ofRows ? row : row / rowsPerBatch * columns + column(first + i);
            target[i] = read[skip + i] * factors[factor];
        }
    }
}
