package dev.decanter.compress;

import dev.decanter.runtime.Tensor;
import java.util.List;
import java.util.Map;

/** Samples that a model is run on to see its activations. */
public interface CalibrationDataset {
    /** The number of samples. */
    int size();

    /** Sample {@code i}: tensors by the model's input names; inputs that a sample does not name are the pipeline's own. */
    Map<String, Tensor> sample(int i);

    /** A dataset of samples that are there already. */
    static CalibrationDataset of(List<Map<String, Tensor>> samples) {
        List<Map<String, Tensor>> copy = samples.stream().map(Map::copyOf).toList();
        return new CalibrationDataset() {
            @Override
            public int size() {
                return copy.size();
            }

            @Override
            public Map<String, Tensor> sample(int i) {
                return copy.get(i);
            }
        };
    }
}
