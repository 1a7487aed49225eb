package dev.decanter.tokenizers.ops;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import java.util.Arrays;
import java.util.List;

/** RaggedToRagged, RaggedToSparse, RaggedTensorPack, VocabEncoder and TrieTokenizer. */
final class RaggedHelperKernels {
    private RaggedHelperKernels() {}

    /** Inputs: row of each element i32, ascending; number of rows i32. Outputs: begins and ends of rows. */
    static Kernel raggedToRagged(Node node) {
        Constants.requireInputs(node, 2);
        return inputs -> {
            int[] rowOf = Tensors.ints(inputs.getFirst());
            int rows = Tensors.scalar(inputs.get(1));
            if (rows < 0) {
                throw new InferenceException("layer " + node + ": " + rows + " rows");
            }
            int[] begins = new int[rows];
            int[] ends = new int[rows];
            int at = 0;
            for (int row = 0; row < rows; row++) {
                begins[row] = at;
                while (at < rowOf.length && rowOf[at] == row) {
                    at++;
                }
                ends[row] = at;
            }
            if (at < rowOf.length && rowOf[at] < rows) {
                throw new InferenceException("layer " + node + ": the row of element " + at + ", " + rowOf[at]
                        + ", is negative or less than the one before");
            }
            return List.of(Tensors.of(begins), Tensors.of(ends));
        };
    }

    /** Inputs: begins and ends of rows. Output: row and column of each element, i32 [n, 2]. */
    static Kernel raggedToSparse(Node node) {
        Constants.requireInputs(node, 2);
        return inputs -> {
            Ragged rows = Ragged.read(inputs, 0).within(Integer.MAX_VALUE);
            Ints indices = new Ints(64);
            for (int row = 0; row < rows.size(); row++) {
                for (int column = 0; column < rows.ends[row] - rows.begins[row]; column++) {
                    indices.add(row);
                    indices.add(column);
                }
            }
            return List.of(Tensors.of(indices.toArray(), Shape.of(indices.size() / 2, 2)));
        };
    }

    /** Inputs: begins and ends, which tell nothing new, and the elements, which are the output. */
    static Kernel raggedTensorPack(Node node) {
        Constants.requireInputs(node, 3);
        return inputs -> {
            Tensor elements = inputs.get(2);
            return List.of(
                    elements.elementType() == ElementType.STRING
                            ? Tensor.ofStrings(elements.shape(), elements.strings())
                            : Tensor.of(
                                    elements.elementType(),
                                    elements.shape(),
                                    java.lang.foreign.MemorySegment.ofArray(
                                            elements.memory().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))));
        };
    }

    /** Inputs: strings, keys (3 of strings), values i32 or i64, value of what is no key. Output: a value for each string. */
    static Kernel vocabEncoder(Node node) {
        Constants.requireInputs(node, 8);
        StringTable keys = new StringTable(Constants.strings(node, 3));
        int emptyKey = empty(keys.strings());
        return inputs -> {
            Strings strings = Strings.read(inputs, 0);
            Tensor values = inputs.get(6);
            boolean longs = values.elementType() == ElementType.I64;
            long[] table = longs
                    ? values.toLongs()
                    : Arrays.stream(Tensors.ints(values)).asLongStream().toArray();
            if (table.length != keys.strings().size()) {
                throw new InferenceException(
                        "layer " + node + ": " + keys.strings().size() + " keys but " + table.length + " values");
            }
            long absent = longs ? inputs.get(7).toLongs()[0] : Tensors.ints(inputs.get(7))[0];
            long[] out = new long[strings.size()];
            for (int i = 0; i < out.length; i++) {
                int key = strings.length(i) == 0
                        ? emptyKey
                        : keys.find(strings.chars, strings.begins[i], strings.ends[i]);
                out[i] = key < 0 ? absent : table[key];
            }
            return List.of(
                    longs
                            ? Tensor.ofLongs(inputs.getFirst().shape(), out)
                            : Tensors.of(
                                    Arrays.stream(out).mapToInt(v -> (int) v).toArray(),
                                    inputs.getFirst().shape()));
        };
    }

    /** The table leaves empty strings out. */
    private static int empty(Strings keys) {
        for (int i = 0; i < keys.size(); i++) {
            if (keys.length(i) == 0) {
                return i;
            }
        }
        return -1;
    }

    /**
     * Inputs: 5 of ragged strings, vocabulary (3 of strings), its ids i32. Outputs: 3 of ragged ids, from the left the longest
     * token of the vocabulary each time. Throws where no token fits.
     */
    static Kernel trieTokenizer(Node node) {
        Constants.requireInputs(node, 9);
        StringTable tokens = new StringTable(Constants.strings(node, 5));
        int[] ids = Constants.ints(node, 8);
        if (ids.length != tokens.strings().size()) {
            throw new InferenceException(
                    "layer " + node + ": " + tokens.strings().size() + " tokens but " + ids.length + " ids");
        }
        ByteTokens byFirst = new ByteTokens(tokens.strings());
        return inputs -> {
            Strings pieces = Strings.read(inputs, 2);
            Ragged rows = Ragged.read(inputs, 0).within(pieces.size());
            Ints out = new Ints(pieces.chars.length / 3 + 16);
            int[] begins = new int[rows.size()];
            int[] ends = new int[rows.size()];
            for (int row = 0; row < rows.size(); row++) {
                begins[row] = out.size();
                for (int piece = rows.begins[row]; piece < rows.ends[row]; piece++) {
                    for (int at = pieces.begins[piece]; at < pieces.ends[piece]; ) {
                        int limit = Math.min(pieces.ends[piece], at + byFirst.longest(pieces.chars[at]));
                        int found = -1;
                        int stop = limit;
                        for (; stop > at && found < 0; stop--) {
                            found = tokens.find(pieces.chars, at, stop);
                        }
                        if (found < 0) {
                            throw new InferenceException("layer " + node + ": no token begins with byte "
                                    + (pieces.chars[at] & 0xFF) + " at byte " + (at - pieces.begins[piece])
                                    + " of a text");
                        }
                        out.add(ids[found]);
                        at = stop + 1;
                    }
                }
                ends[row] = out.size();
            }
            return List.of(Tensors.of(begins), Tensors.of(ends), Tensors.of(out.toArray()));
        };
    }

    /** The length of the longest token by first byte. */
    private static final class ByteTokens {
        private final int[] longest = new int[256];

        ByteTokens(Strings tokens) {
            for (int i = 0; i < tokens.size(); i++) {
                if (tokens.length(i) > 0) {
                    int first = tokens.chars[tokens.begins[i]] & 0xFF;
                    longest[first] = Math.max(longest[first], tokens.length(i));
                }
            }
        }

        int longest(byte first) {
            return longest[first & 0xFF];
        }
    }
}
