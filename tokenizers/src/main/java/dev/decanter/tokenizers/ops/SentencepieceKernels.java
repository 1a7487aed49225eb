package dev.decanter.tokenizers.ops;

import dev.decanter.ir.DecanterException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel;
import dev.decanter.tokenizers.sentencepiece.SentencePieceProcessor;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** SentencepieceTokenizer, SentencepieceDetokenizer and SentencepieceStreamDetokenizer: ops that hold a whole model file. */
final class SentencepieceKernels {
    private SentencepieceKernels() {}

    private static SentencePieceProcessor processor(Node node) {
        byte[] file = Constants.bytes(node, 0);
        try {
            return new SentencePieceProcessor(SentencePieceModel.parse(file, "its constant"));
        } catch (DecanterException e) {
            throw new InferenceException("layer " + node + ": " + e.getMessage(), e);
        }
    }

    /**
     * Inputs: model file u8, texts (a string tensor, or 3 of strings), optionally added tokens (3 of strings, ids i32). Outputs:
     * sparse indices i64 [n, 2], ids i32 [n], dense shape i64 [2]. A loaded graph that was given a switch has one input more: zero
     * adds neither a beginning nor an end.
     */
    static Kernel tokenizer(Node node) {
        Constants.requireInputs(node, 2, 3, 4, 5, 6, 7, 8, 9);
        int best = Constants.number(node, "nbest_size", 1);
        if (best != 0 && best != 1) {
            throw new InferenceException("layer " + node + ": nbest_size=\"" + best
                    + "\" draws segmentations at random, which is not supported; set it to 1");
        }
        return new Encoder(node);
    }

    private static final class Encoder implements Kernel {
        private final SentencePieceProcessor processor;
        private final boolean unpacked;
        private final Optional<AddedTokens> added;
        private final int bos;
        private final int eos;
        private final boolean reverse;

        Encoder(Node node) {
            processor = processor(node);
            int inputs = node.inputs().size() & ~1;
            unpacked = inputs == 4 || inputs == 8;
            added = inputs > 4
                    ? Optional.of(
                            new AddedTokens(Constants.strings(node, inputs - 4), Constants.ints(node, inputs - 1)))
                    : Optional.empty();
            bos = Constants.flag(node, "add_bos", false) ? required(node, "bos", processor.bos()) : -1;
            eos = Constants.flag(node, "add_eos", false) ? required(node, "eos", processor.eos()) : -1;
            reverse = Constants.flag(node, "reverse", false);
        }

        private static int required(Node node, String name, int id) {
            if (id < 0) {
                throw new InferenceException(
                        "layer " + node + ": add_" + name + " is set, but the model has no " + name + " piece");
            }
            return id;
        }

        @Override
        public List<Tensor> evaluate(List<Tensor> inputs) {
            boolean special = inputs.size() % 2 == 0 || Tensors.scalar(inputs.getLast()) != 0;
            Strings texts = texts(inputs);
            Ints ids = new Ints(texts.chars.length / 3 + 16);
            int[] ends = new int[texts.size()];
            int longest = 0;
            for (int i = 0; i < texts.size(); i++) {
                int begin = ids.size();
                encode(texts.chars, texts.begins[i], texts.ends[i], special, ids);
                ends[i] = ids.size();
                longest = Math.max(longest, ids.size() - begin);
            }
            long[] indices = new long[2 * ids.size()];
            int at = 0;
            for (int row = 0; row < ends.length; row++) {
                for (int column = 0; at < ends[row]; column++, at++) {
                    indices[2 * at] = row;
                    indices[2 * at + 1] = column;
                }
            }
            return List.of(
                    Tensor.ofLongs(Shape.of(at, 2), indices),
                    Tensors.of(ids.toArray()),
                    Tensor.ofLongs(Shape.of(2), texts.size(), longest));
        }

        private Strings texts(List<Tensor> inputs) {
            if (unpacked) {
                return Strings.read(inputs, 1);
            }
            Tensor input = inputs.get(1);
            return input.elementType() == ElementType.STRING
                    ? Strings.of(input.strings())
                    : Constants.PackedStrings.read(Tensors.bytes(input));
        }

        private void encode(byte[] text, int from, int to, boolean special, Ints out) {
            int begin = out.size();
            if (added.isEmpty()) {
                part(text, from, to, special, out);
            } else {
                added.get().split(text, from, to, new AddedTokens.Sink() {
                    @Override
                    public void text(int partFrom, int partTo) {
                        part(text, partFrom, partTo, special, out);
                    }

                    @Override
                    public void token(int id) {
                        out.add(id);
                    }
                });
            }
            if (eos >= 0 && special) {
                out.add(eos);
            }
            if (reverse) {
                out.reverse(begin);
            }
        }

        /** With added tokens each part between them has its own bos, as in the original. */
        private void part(byte[] text, int from, int to, boolean special, Ints out) {
            if (bos >= 0 && special) {
                out.add(bos);
            }
            processor.encode(text, from, to, out);
        }
    }

    /**
     * Added tokens in the order given: the first that a place begins with counts. One of ASCII letters only counts where a word
     * begins before it or ends behind it.
     */
    static final class AddedTokens {
        /** Parts of a text in order. */
        interface Sink {
            void text(int from, int to);

            void token(int id);
        }

        private final byte[][] texts;
        private final boolean[] letters;
        private final int[][] byFirst = new int[256][];
        private final int[] ids;

        AddedTokens(Strings tokens, int[] ids) {
            if (tokens.size() != ids.length) {
                throw new InferenceException(
                        "SentencepieceTokenizer: " + tokens.size() + " added tokens but " + ids.length + " ids");
            }
            this.ids = ids;
            texts = new byte[tokens.size()][];
            letters = new boolean[texts.length];
            Ints[] first = new Ints[256];
            for (int i = 0; i < texts.length; i++) {
                texts[i] = java.util.Arrays.copyOfRange(tokens.chars, tokens.begins[i], tokens.ends[i]);
                letters[i] = new String(texts[i], StandardCharsets.ISO_8859_1).matches("[A-Za-z]+");
                if (texts[i].length > 0) {
                    int lead = texts[i][0] & 0xFF;
                    first[lead] = first[lead] == null ? new Ints(4) : first[lead];
                    first[lead].add(i);
                }
            }
            for (int lead = 0; lead < 256; lead++) {
                byFirst[lead] = first[lead] == null ? new int[0] : first[lead].toArray();
            }
        }

        void split(byte[] text, int from, int to, Sink sink) {
            int done = from;
            for (int at = from; at < to; ) {
                int token = find(text, from, at, to);
                if (token < 0) {
                    at++;
                    continue;
                }
                if (done < at) {
                    sink.text(done, at);
                }
                sink.token(ids[token]);
                at += texts[token].length;
                done = at;
            }
            if (done < to) {
                sink.text(done, to);
            }
        }

        private int find(byte[] text, int from, int at, int to) {
            for (int token : byFirst[text[at] & 0xFF]) {
                int end = at + texts[token].length;
                if (end <= to
                        && java.util.Arrays.equals(texts[token], 0, texts[token].length, text, at, end)
                        && (!letters[token] || isBorder(text, from, at, to) || isBorder(text, from, end, to))) {
                    return token;
                }
            }
            return -1;
        }

        /** PCRE2's {@code \b} next to a letter: whether the other side is no word character. */
        private static boolean isBorder(byte[] text, int from, int at, int to) {
            boolean before = at > from && Chars.isWord(Chars.before(text, from, at));
            boolean after = at < to && Chars.isWord(Chars.at(text, at, to));
            return before != after;
        }
    }

    /**
     * Inputs: model file u8, ids [rows, ids]; and, where a loaded graph was given a switch, a number: zero shows control and
     * unknown pieces as their text. Ids beyond the vocabulary are left out. Outputs: 3 of strings.
     */
    static Kernel detokenizer(Node node) {
        Constants.requireInputs(node, 2, 3);
        SentencePieceProcessor processor = processor(node);
        int size = processor.model().pieces().size();
        return inputs -> {
            boolean showControl = inputs.size() == 3 && Tensors.scalar(inputs.get(2)) == 0;
            return rows(inputs.get(1), (ids, out) -> {
                Ints known = new Ints(ids.length);
                for (int id : ids) {
                    if (id < size) {
                        known.add(id);
                    }
                }
                out.append(processor.decode(known.toArray(), showControl));
            });
        };
    }

    /** As {@link #detokenizer}, but pieces stay as they are, ▁ included; only {@code <0xNN>} become bytes. */
    static Kernel streamDetokenizer(Node node) {
        Constants.requireInputs(node, 2);
        List<SentencePieceModel.Piece> pieces = processor(node).model().pieces();
        return inputs -> rows(inputs.get(1), (ids, out) -> {
            for (int id : ids) {
                if (id < 0) {
                    throw new InferenceException("SentencepieceStreamDetokenizer: id " + id + " is negative");
                }
                if (id < pieces.size()) {
                    String text = pieces.get(id).text();
                    int value = SentencePieceModel.byteOf(text);
                    if (value >= 0) {
                        out.append((byte) value);
                    } else {
                        out.append(text.getBytes(StandardCharsets.UTF_8));
                    }
                }
            }
        });
    }

    @FunctionalInterface
    private interface RowDecoder {
        void decode(int[] ids, StringsBuilder out);
    }

    private static List<Tensor> rows(Tensor ids, RowDecoder decoder) {
        if (ids.shape().rank() != 2) {
            throw new InferenceException(
                    "Sentencepiece detokenizer: ids of shape " + ids.shape() + " are no [rows, ids]");
        }
        int[] values = Tensors.anyInts(ids);
        int rows = (int) ids.shape().dim(0);
        int columns = (int) ids.shape().dim(1);
        StringsBuilder out = new StringsBuilder(rows, 4 * values.length);
        for (int row = 0; row < rows; row++) {
            decoder.decode(java.util.Arrays.copyOfRange(values, row * columns, (row + 1) * columns), out);
            out.endString();
        }
        return out.build().tensors();
    }
}
