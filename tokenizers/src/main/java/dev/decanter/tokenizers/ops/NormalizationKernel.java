package dev.decanter.tokenizers.ops;

import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import java.util.ArrayList;
import java.util.List;

/** Ops that rewrite each string by itself. Inputs: strings, skips (optional), others. Outputs: strings, skips if given. */
abstract class NormalizationKernel implements Kernel {
    /** Rewrites one string; has a call's scratch memory. */
    @FunctionalInterface
    interface Normalizer {
        /** Appends the new text to {@code out} and says whether it may differ from the old. */
        boolean normalize(byte[] text, int from, int to, StringsBuilder out);
    }

    private final boolean hasSkips;

    NormalizationKernel(boolean hasSkips) {
        this.hasSkips = hasSkips;
    }

    abstract Normalizer normalizer();

    @Override
    public List<Tensor> evaluate(List<Tensor> inputs) {
        Strings strings = Strings.read(inputs, 0);
        byte[] skips = hasSkips ? Tensors.bytes(inputs.get(3)) : new byte[strings.size()];
        StringsBuilder out = new StringsBuilder(strings.size(), strings.chars.length + 16);
        Normalizer normalizer = normalizer();
        boolean changed = false;
        for (int i = 0; i < strings.size(); i++) {
            out.gapLike(strings, i);
            if (skips[i] != 0) {
                out.append(strings.chars, strings.begins[i], strings.ends[i]);
            } else {
                changed |= normalizer.normalize(strings.chars, strings.begins[i], strings.ends[i], out);
            }
            out.endString();
        }
        List<Tensor> tensors = new ArrayList<>((changed ? out.build() : strings).tensors());
        if (hasSkips) {
            tensors.add(Tensors.ofFlags(skips.clone(), inputs.get(3).shape()));
        }
        return tensors;
    }
}
