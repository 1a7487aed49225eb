package dev.decanter.compress.weights;

import dev.decanter.compress.CompressionException;

/**
 * A weight as rows, one for each output channel (experts and groups stacked), of columns, one for each input that the
 * channel sums over, whatever the orientation in the file. Values are f32.
 */
public interface WeightMatrix {
    int rows();

    int columns();

    /** Reads {@code count} rows from {@code row} on into the start of {@code target}, row by row. */
    void read(int row, int count, float[] target);

    /** The whole matrix; throws {@link CompressionException} if it is larger than an array can be. */
    default float[] all() {
        long elements = (long) rows() * columns();
        if (elements > Integer.MAX_VALUE - 8) {
            throw new CompressionException("a weight of " + rows() + " x " + columns()
                    + " elements is too large for a data-aware method; leave its layer out with --ignored-scope");
        }
        float[] values = new float[(int) elements];
        read(0, rows(), values);
        return values;
    }
}
