package dev.decanter.tokenizers.ops;

import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.util.List;

/** Rows of differing length: row {@code b} owns the elements {@code begins[b]} (included) to {@code ends[b]} (excluded). */
final class Ragged {
    final int[] begins;
    final int[] ends;

    Ragged(int[] begins, int[] ends) {
        this.begins = begins;
        this.ends = ends;
        if (begins.length != ends.length) {
            throw new InferenceException(
                    "tokenizer op: " + begins.length + " begins of rows but " + ends.length + " ends");
        }
    }

    static Ragged read(List<Tensor> inputs, int at) {
        return new Ragged(Tensors.ints(inputs.get(at)), Tensors.ints(inputs.get(at + 1)));
    }

    int size() {
        return begins.length;
    }

    /** Throws {@link InferenceException} if a row reaches outside {@code elements}. Returns this. */
    Ragged within(int elements) {
        for (int row = 0; row < begins.length; row++) {
            if (begins[row] < 0 || begins[row] > ends[row] || ends[row] > elements) {
                throw new InferenceException("tokenizer op: row " + row + " is elements " + begins[row] + " to "
                        + ends[row] + " of " + elements);
            }
        }
        return this;
    }
}
