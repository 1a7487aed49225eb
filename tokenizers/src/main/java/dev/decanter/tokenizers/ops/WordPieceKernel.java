package dev.decanter.tokenizers.ops;

import dev.decanter.ir.Node;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * WordpieceTokenizer: ragged strings → ids, by the longest match from the left. Inputs: 5 ragged strings, vocabulary (3),
 * unknown id. A piece with a part that is not in the vocabulary is unknown as a whole.
 */
final class WordPieceKernel implements Kernel {
    private final StringTable vocabulary;
    private final byte[] inner;
    private final int maxLength;

    private WordPieceKernel(Node node) {
        Constants.requireInputs(node, 9);
        vocabulary = new StringTable(Constants.strings(node, 5));
        inner = Constants.attribute(node, "suffix_indicator", "##").getBytes(StandardCharsets.UTF_8);
        maxLength = Constants.number(node, "max_bytes_per_word", 100);
    }

    static Kernel of(Node node) {
        return new WordPieceKernel(node);
    }

    @Override
    public List<Tensor> evaluate(List<Tensor> inputs) {
        Strings pieces = Strings.read(inputs, 2);
        Ragged rows = Ragged.read(inputs, 0).within(pieces.size());
        int unknown = Tensors.scalar(inputs.get(8));
        Ints ids = new Ints(pieces.size() + 16);
        int[] begins = new int[rows.size()];
        int[] ends = new int[rows.size()];
        for (int row = 0; row < rows.size(); row++) {
            begins[row] = ids.size();
            for (int piece = rows.begins[row]; piece < rows.ends[row]; piece++) {
                encode(pieces.chars, pieces.begins[piece], pieces.ends[piece], unknown, ids);
            }
            ends[row] = ids.size();
        }
        return List.of(Tensors.of(begins), Tensors.of(ends), Tensors.of(ids.toArray()));
    }

    /** The attribute speaks of bytes, but the limit that it is converted from counts characters. */
    private static int characters(byte[] text, int from, int to) {
        int count = 0;
        for (int i = from; i < to; i++) {
            count += (text[i] & 0xC0) == 0x80 ? 0 : 1;
        }
        return count;
    }

    private void encode(byte[] text, int from, int to, int unknown, Ints ids) {
        int start = ids.size();
        if (to - from > maxLength && characters(text, from, to) > maxLength) {
            ids.add(unknown);
            return;
        }
        byte[] part = new byte[inner.length + to - from];
        System.arraycopy(inner, 0, part, 0, inner.length);
        System.arraycopy(text, from, part, inner.length, to - from);
        for (int at = from; at < to; ) {
            int offset = inner.length + at - from;
            int id = -1;
            int end = to;
            while (end > at && id < 0) {
                int stop = inner.length + end - from;
                if (at == from) {
                    id = vocabulary.find(part, offset, stop);
                } else {
                    System.arraycopy(inner, 0, part, offset - inner.length, inner.length);
                    id = vocabulary.find(part, offset - inner.length, stop);
                }
                end -= id < 0 ? 1 : 0;
            }
            if (id < 0) {
                ids.size(start);
                ids.add(unknown);
                return;
            }
            ids.add(id);
            at = end;
        }
    }
}
