package dev.decanter.tokenizers.ops;

import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Strings as the ops pass them: string {@code i} is the bytes from {@code begins[i]} (included) to {@code ends[i]}
 * (excluded) of {@code chars}. Strings may overlap, share bytes or leave gaps. The arrays are not to be changed.
 */
public final class Strings {
    final int[] begins;
    final int[] ends;
    final byte[] chars;

    /** Takes the arrays over; throws {@link InferenceException} if a string reaches outside {@code chars}. */
    public Strings(int[] begins, int[] ends, byte[] chars) {
        this.begins = begins;
        this.ends = ends;
        this.chars = chars;
        if (begins.length != ends.length) {
            throw new InferenceException(
                    "tokenizer op: " + begins.length + " begins of strings but " + ends.length + " ends");
        }
        for (int i = 0; i < begins.length; i++) {
            if (begins[i] < 0 || begins[i] > ends[i] || ends[i] > chars.length) {
                throw new InferenceException("tokenizer op: string " + i + " is bytes " + begins[i] + " to " + ends[i]
                        + " of " + chars.length);
            }
        }
    }

    /** The strings in UTF-8. */
    public static Strings of(List<String> values) {
        StringsBuilder builder = new StringsBuilder(values.size(), 16 * values.size());
        for (String value : values) {
            builder.append(value.getBytes(StandardCharsets.UTF_8));
            builder.endString();
        }
        return builder.build();
    }

    /** Three tensors from {@code inputs[at]} on: begins, ends, chars. */
    static Strings read(List<Tensor> inputs, int at) {
        return new Strings(
                Tensors.ints(inputs.get(at)), Tensors.ints(inputs.get(at + 1)), Tensors.bytes(inputs.get(at + 2)));
    }

    public int size() {
        return begins.length;
    }

    int length(int index) {
        return ends[index] - begins[index];
    }

    public int[] begins() {
        return begins;
    }

    public int[] ends() {
        return ends;
    }

    public byte[] chars() {
        return chars;
    }

    /** String {@code index} decoded from UTF-8. */
    public String text(int index) {
        return new String(chars, begins[index], ends[index] - begins[index], StandardCharsets.UTF_8);
    }

    List<Tensor> tensors() {
        return List.of(Tensors.of(begins), Tensors.of(ends), Tensors.of(chars));
    }
}
