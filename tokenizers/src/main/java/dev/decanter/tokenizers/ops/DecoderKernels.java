package dev.decanter.tokenizers.ops;

import dev.decanter.ir.Node;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Ops of detokenizers: VocabDecoder, ByteFallback, UTF8Validate. */
final class DecoderKernels {
    private DecoderKernels() {}

    /**
     * Inputs: ids [rows, length], vocabulary (3), ids to leave out (optional; else attribute skip_tokens). Outputs: ragged
     * strings, a piece for each id. Ids that the vocabulary does not reach (models pad theirs) are left out too.
     */
    static Kernel vocabDecoder(Node node) {
        Constants.requireInputs(node, 4, 5);
        Strings vocabulary = Constants.strings(node, 1);
        BitSet skipped = skipTokens(node);
        return inputs -> vocabDecoder(inputs, vocabulary, skipped);
    }

    /** The ids in the attribute skip_tokens. */
    static BitSet skipTokens(Node node) {
        return Constants.ids(node, "skip_tokens");
    }

    private static List<Tensor> vocabDecoder(List<Tensor> inputs, Strings vocabulary, BitSet always) {
        Tensor idTensor = inputs.getFirst();
        int[] ids = Tensors.anyInts(idTensor);
        int rows = idTensor.shape().rank() < 2
                ? 1
                : Math.toIntExact(idTensor.shape().dim(0));
        int length = rows == 0 ? 0 : ids.length / rows;
        BitSet skipped = always;
        if (inputs.size() == 5) {
            skipped = (BitSet) always.clone();
            for (int id : Tensors.anyInts(inputs.get(4))) {
                if (id >= 0) {
                    skipped.set(id);
                }
            }
        }
        StringsBuilder out = new StringsBuilder(ids.length, 4 * ids.length);
        int[] begins = new int[rows];
        int[] ends = new int[rows];
        int count = 0;
        for (int row = 0; row < rows; row++) {
            begins[row] = count;
            if (count > 0) {
                out.gap();
            }
            for (int i = row * length; i < (row + 1) * length; i++) {
                int id = ids[i];
                if (id < 0) {
                    throw new InferenceException("VocabDecoder: id " + id + " is negative");
                }
                if (id < vocabulary.size() && !skipped.get(id)) {
                    out.append(vocabulary.chars, vocabulary.begins[id], vocabulary.ends[id]);
                    out.endString();
                    count++;
                }
            }
            ends[row] = count;
        }
        List<Tensor> tensors = new ArrayList<>(List.of(Tensors.of(begins), Tensors.of(ends)));
        tensors.addAll(out.build().tensors());
        return tensors;
    }

    /**
     * Pieces {@code <0x00>} … {@code <0xFF>} become bytes. As in the {@code tokenizers} library a run of such pieces that is
     * not UTF-8 as a whole becomes one U+FFFD for each. A gap between pieces (see {@link StringsBuilder#gap}) ends a run.
     */
    static Kernel byteFallback(Node node) {
        Constants.requireInputs(node, 3);
        return inputs -> byteFallback(Strings.read(inputs, 0)).tensors();
    }

    private static Strings byteFallback(Strings pieces) {
        StringsBuilder out = new StringsBuilder(pieces.size(), pieces.chars.length);
        byte[] run = new byte[16];
        for (int i = 0; i < pieces.size(); ) {
            int length = 0;
            int first = i;
            while (i < pieces.size() && (i == first || pieces.begins[i] == pieces.ends[i - 1])) {
                int value = fallbackByte(pieces, i);
                if (value < 0) {
                    break;
                }
                if (length == run.length) {
                    run = java.util.Arrays.copyOf(run, 2 * length);
                }
                run[length++] = (byte) value;
                i++;
            }
            boolean valid = Utf8.isValid(run, 0, length);
            for (int k = 0; k < length; k++) {
                out.gapLike(pieces, first + k);
                if (valid) {
                    out.append(run[k]);
                } else {
                    out.append(Utf8.REPLACEMENT);
                }
                out.endString();
            }
            if (length == 0) {
                out.gapLike(pieces, i);
                out.append(pieces.chars, pieces.begins[i], pieces.ends[i]);
                out.endString();
                i++;
            }
        }
        return out.build();
    }

    /** The byte that piece {@code <0xNN>} stands for; −1 for any other piece. */
    static int fallbackByte(Strings pieces, int index) {
        int at = pieces.begins[index];
        byte[] chars = pieces.chars;
        if (pieces.length(index) != 6
                || chars[at] != '<'
                || chars[at + 1] != '0'
                || chars[at + 2] != 'x'
                || chars[at + 5] != '>') {
            return -1;
        }
        int high = Character.digit(chars[at + 3], 16);
        int low = Character.digit(chars[at + 4], 16);
        return high < 0 || low < 0 ? -1 : 16 * high + low;
    }

    /** Ill-formed bytes become U+FFFD, one for each maximal subpart (replace_mode), or vanish. */
    static Kernel utf8Validate(Node node) {
        Constants.requireInputs(node, 3);
        boolean replace = Constants.flag(node, "replace_mode", false);
        return inputs -> utf8Validate(Strings.read(inputs, 0), replace).tensors();
    }

    private static Strings utf8Validate(Strings strings, boolean replace) {
        StringsBuilder out = new StringsBuilder(strings.size(), strings.chars.length + 16);
        for (int i = 0; i < strings.size(); i++) {
            out.gapLike(strings, i);
            int end = strings.ends[i];
            for (int at = strings.begins[i]; at < end; ) {
                int length = Utf8.sequence(strings.chars, at, end);
                if (length > 0) {
                    out.append(strings.chars, at, at + length);
                    at += length;
                } else {
                    at += Utf8.validPrefix(strings.chars, at, end);
                    if (replace) {
                        out.append(Utf8.REPLACEMENT);
                    }
                }
            }
            out.endString();
        }
        return out.build();
    }
}
