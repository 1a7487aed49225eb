package dev.decanter.compress.weights;

import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionMode;

/**
 * How a weight is stored.
 *
 * @param groupSize elements of a row that share a scale; −1: all of them
 */
public record WeightConfig(CompressionMode mode, int groupSize) {
    public WeightConfig {
        if (groupSize < 1 && groupSize != -1) {
            throw new CompressionException(
                    "--group-size " + groupSize + " is neither a positive number nor -1 (one group for each row)");
        }
    }

    /** Groups of a row of {@code columns} elements; the group size must divide them. */
    public int groups(int columns) {
        return columns / groupLength(columns);
    }

    /** Elements of a group in rows of {@code columns} elements. */
    public int groupLength(int columns) {
        return groupSize == -1 ? columns : groupSize;
    }

    /** Whether rows of {@code columns} elements can be cut into groups. */
    public boolean divides(int columns) {
        return groupSize == -1 || columns % groupSize == 0;
    }

    /** As tables spell it: {@code int4_asym, group size 128} or {@code int8_asym, per-channel}. */
    public String label() {
        return mode.label() + (groupSize == -1 ? ", per-channel" : ", group size " + groupSize);
    }
}
