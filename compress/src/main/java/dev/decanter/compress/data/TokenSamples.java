package dev.decanter.compress.data;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import java.util.List;
import java.util.Map;

/** Samples of token ids: the input {@code input_ids}, i64 [1, tokens]; the other inputs follow from it. */
final class TokenSamples implements CalibrationDataset {
    private static final String INPUT = "input_ids";

    private final List<long[]> rows;

    TokenSamples(List<long[]> rows) {
        this.rows = List.copyOf(rows);
    }

    @Override
    public int size() {
        return rows.size();
    }

    @Override
    public Map<String, Tensor> sample(int i) {
        long[] ids = rows.get(i);
        return Map.of(INPUT, Tensor.ofLongs(Shape.of(1, ids.length), ids));
    }
}
