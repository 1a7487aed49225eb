package dev.decanter.tokenizers.ops;

import dev.decanter.ir.Node;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;

/**
 * UnigramTokenizer: ragged strings → ids, by the segmentation of the greatest sum of scores (Viterbi). Inputs: 5 ragged
 * strings, vocabulary (3), scores f32. Ties and unknown characters as in the {@code tokenizers} library's Unigram model.
 *
 * <p>The attribute {@code added_tokens}, which is our own, has the ids of added tokens: a piece that is one of them as a whole has
 * its id, and those with a score above zero are whole pieces only. Without it every token with a score above zero is taken
 * for such a one. {@code score_differences}, our own too, has what the scores were in a file of doubles ({@link ExactScores}).
 */
final class UnigramKernel implements Kernel {
    private static final double UNKNOWN_PENALTY = 10.0;

    private final StringTable vocabulary;
    private final double[] scores;
    private final BitSet whole;
    private final BitSet notInside;
    private final int longest;
    private final int unknown;
    private final boolean fuseUnknown;
    private final int[] fallback;
    private final double unknownScore;

    private UnigramKernel(Node node) {
        Constants.requireInputs(node, 9);
        Strings tokens = Constants.strings(node, 5);
        vocabulary = new StringTable(tokens);
        float[] rounded = Constants.floats(node, 8);
        scores = ExactScores.restore(rounded, Constants.attributes(node).getOrDefault("score_differences", ""));
        if (scores.length != tokens.size()) {
            throw new InferenceException(
                    "layer " + node + ": " + tokens.size() + " tokens but " + scores.length + " scores");
        }
        unknown = Constants.number(node, "unk_token_id", -1);
        fuseUnknown = Constants.flag(node, "fuse_unk", true);
        boolean legacy = !Constants.attributes(node).containsKey("added_tokens");
        whole = addedTokens(node);
        notInside = (BitSet) whole.clone();
        double least = Double.POSITIVE_INFINITY;
        int max = 0;
        for (int i = 0; i < tokens.size(); i++) {
            if (scores[i] <= 0) {
                notInside.clear(i);
            }
            // Ids without a token have no score.
            least = (legacy && tokens.length(i) == 0) || notInside.get(i) ? least : Math.min(least, scores[i]);
            max = Math.max(max, tokens.length(i));
        }
        longest = max;
        unknownScore = least - UNKNOWN_PENALTY;
        fallback = Constants.flag(node, "byte_fallback", false) ? fallbackIds() : new int[0];
    }

    static Kernel of(Node node) {
        return new UnigramKernel(node);
    }

    private BitSet addedTokens(Node node) {
        BitSet added = new BitSet();
        if (Constants.attributes(node).containsKey("added_tokens")) {
            return Constants.ids(node, "added_tokens");
        }
        for (int i = 0; i < scores.length; i++) {
            added.set(i, scores[i] > 0);
        }
        return added;
    }

    private int[] fallbackIds() {
        int[] ids = new int[256];
        for (int b = 0; b < 256; b++) {
            String token = "<0x" + HexFormat.of().withUpperCase().toHexDigits((byte) b) + ">";
            ids[b] = vocabulary.find(token.getBytes(StandardCharsets.US_ASCII));
        }
        return ids;
    }

    @Override
    public List<Tensor> evaluate(List<Tensor> inputs) {
        Strings pieces = Strings.read(inputs, 2);
        Ragged rows = Ragged.read(inputs, 0).within(pieces.size());
        Ints ids = new Ints(pieces.size() + 16);
        int[] begins = new int[rows.size()];
        int[] ends = new int[rows.size()];
        Path path = new Path();
        for (int row = 0; row < rows.size(); row++) {
            begins[row] = ids.size();
            for (int piece = rows.begins[row]; piece < rows.ends[row]; piece++) {
                path.encode(pieces.chars, pieces.begins[piece], pieces.ends[piece], ids);
            }
            ends[row] = ids.size();
        }
        return List.of(Tensors.of(begins), Tensors.of(ends), Tensors.of(ids.toArray()));
    }

    /** Scratch of one call: for each byte position, the best way to reach it. */
    private final class Path {
        private double[] best = {};
        private int[] from = {};
        private int[] ids = {};

        void encode(byte[] text, int begin, int end, Ints out) {
            int piece = vocabulary.find(text, begin, end);
            if (piece >= 0 && whole.get(piece)) {
                out.add(piece);
                return;
            }
            int size = end - begin;
            if (best.length <= size) {
                best = new double[size + 1];
                from = new int[size + 1];
                ids = new int[size + 1];
            }
            Arrays.fill(from, 0, size + 1, -1);
            best[0] = 0;
            for (int at = 0; at < size; at += Math.max(1, Utf8.sequence(text, begin + at, end))) {
                extend(text, begin, end, at);
            }
            int start = out.size();
            int stop = size;
            int fused = -1;
            while (stop > 0) {
                int id = ids[stop];
                if (id != unknown || !fuseUnknown) {
                    emitUnknown(text, begin + stop, fused, out);
                    fused = -1;
                    emit(text, begin + from[stop], begin + stop, id, out);
                } else {
                    fused = fused < 0 ? begin + stop : fused;
                }
                stop = from[stop];
            }
            emitUnknown(text, begin, fused, out);
            out.reverse(start);
        }

        /** All tokens that begin at {@code at}, shortest first: a later way must be better to count. */
        private void extend(byte[] text, int begin, int end, int at) {
            int first = Math.max(1, Utf8.sequence(text, begin + at, end));
            boolean single = false;
            int limit = Math.min(end, begin + at + longest);
            for (int stop = begin + at; stop < limit; ) {
                stop += Math.max(1, Utf8.sequence(text, stop, end));
                int id = stop > end ? -1 : vocabulary.find(text, begin + at, stop);
                if (id >= 0 && !notInside.get(id)) {
                    reach(at, stop - begin, id, scores[id]);
                    single |= stop - begin - at == first;
                }
            }
            if (!single) {
                reach(at, at + first, unknown, unknownScore);
            }
        }

        private void reach(int at, int stop, int id, double score) {
            double total = best[at] + score;
            if (from[stop] < 0 || total > best[stop]) {
                best[stop] = total;
                from[stop] = at;
                ids[stop] = id;
            }
        }

        private void emitUnknown(byte[] text, int begin, int end, Ints out) {
            if (end >= 0) {
                // A run of unknown characters may spell a token.
                int spelled = vocabulary.find(text, begin, end);
                emit(text, begin, end, spelled >= 0 && !notInside.get(spelled) ? spelled : unknown, out);
            }
        }

        /** Ids are written back to front. */
        private void emit(byte[] text, int begin, int end, int id, Ints out) {
            boolean bytes = id == unknown && fallback.length > 0 && vocabulary.find(text, begin, end) != unknown;
            for (int i = begin; i < end && bytes; i++) {
                bytes = fallback[text[i] & 0xFF] >= 0;
            }
            if (bytes) {
                for (int i = end - 1; i >= begin; i--) {
                    out.add(fallback[text[i] & 0xFF]);
                }
            } else if (id >= 0) {
                out.add(id);
            } else {
                throw new InferenceException(
                        "UnigramTokenizer: a character is not in the vocabulary and there is no " + "unknown token");
            }
        }
    }
}
