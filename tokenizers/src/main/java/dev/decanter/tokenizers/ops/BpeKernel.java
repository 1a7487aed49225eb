package dev.decanter.tokenizers.ops;

import dev.decanter.ir.Node;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension.Kernel;
import java.util.List;
import java.util.Optional;

/**
 * BPETokenizer: ragged strings → ids. Inputs: 5 ragged strings; vocabulary (3); merges as {@code "a b"} strings (3) or as
 * left and right parts (6); then, optionally, added tokens (3) and their ids. A piece that is an added token as a whole
 * has its id.
 */
final class BpeKernel implements Kernel {
    private static final int VOCABULARY = 5;
    private static final int MERGES = 8;
    private static final int DEFAULT_CACHE = 20_000;

    private final BytePairModel model;
    private final Optional<StringTable> added;
    private final int[] addedIds;
    private final PieceCache cache;

    private BpeKernel(BytePairModel model, Optional<StringTable> added, int[] addedIds, int cacheCapacity) {
        this.model = model;
        this.added = added;
        this.addedIds = addedIds;
        this.cache = new PieceCache(cacheCapacity);
    }

    static Kernel of(Node node) {
        Constants.requireInputs(node, 11, 14, 15, 18);
        int inputs = node.inputs().size();
        boolean parts = inputs == 14 || inputs == 18;
        Strings left;
        Strings right;
        if (parts) {
            left = Constants.strings(node, MERGES);
            right = Constants.strings(node, MERGES + 3);
        } else {
            Strings merges = Constants.strings(node, MERGES);
            left = half(merges, true);
            right = half(merges, false);
        }
        boolean hasAdded = inputs == 15 || inputs == 18;
        Optional<StringTable> added =
                hasAdded ? Optional.of(new StringTable(Constants.strings(node, inputs - 4))) : Optional.empty();
        int[] addedIds = hasAdded ? Constants.ints(node, inputs - 1) : new int[0];
        if (added.isPresent() && added.get().strings().size() != addedIds.length) {
            throw new InferenceException("layer " + node + ": "
                    + added.get().strings().size() + " added tokens but " + addedIds.length + " ids");
        }
        String unknown = Constants.attribute(node, "unk_token", "");
        BytePairModel.Settings settings = new BytePairModel.Settings(
                unknown.isEmpty() ? Optional.empty() : Optional.of(unknown),
                Constants.flag(node, "fuse_unk", false),
                Constants.attribute(node, "suffix_indicator", ""),
                Constants.attribute(node, "end_suffix", ""),
                Constants.flag(node, "byte_fallback", false));
        try {
            BytePairModel model =
                    new BytePairModel(Constants.strings(node, VOCABULARY), addedIds, left, right, settings);
            return new BpeKernel(model, added, addedIds, Constants.number(node, "cache_capacity", DEFAULT_CACHE));
        } catch (InferenceException e) {
            throw new InferenceException("layer " + node + ": " + e.getMessage(), e);
        }
    }

    /** The part of each merge before or after its first space that is not its first byte. */
    private static Strings half(Strings merges, boolean left) {
        int[] begins = merges.begins.clone();
        int[] ends = merges.ends.clone();
        for (int i = 0; i < begins.length; i++) {
            int space = begins[i] + 1;
            while (space < ends[i] && merges.chars[space] != ' ') {
                space++;
            }
            if (space >= ends[i]) {
                throw new InferenceException(
                        "BPE merge " + i + " \"" + merges.text(i) + "\" has no space between parts");
            }
            if (left) {
                ends[i] = space;
            } else {
                begins[i] = space + 1;
            }
        }
        return new Strings(begins, ends, merges.chars);
    }

    @Override
    public List<Tensor> evaluate(List<Tensor> inputs) {
        Ragged rows = Ragged.read(inputs, 0);
        Strings pieces = Strings.read(inputs, 2);
        BytePairEncoder encoder = new BytePairEncoder(model);
        Ints ids = new Ints(pieces.size() + 16);
        int[] begins = new int[rows.size()];
        int[] ends = new int[rows.size()];
        for (int row = 0; row < rows.size(); row++) {
            begins[row] = ids.size();
            for (int piece = rows.begins[row]; piece < rows.ends[row]; piece++) {
                ids.addAll(encode(encoder, pieces.chars, pieces.begins[piece], pieces.ends[piece]));
            }
            ends[row] = ids.size();
        }
        return List.of(Tensors.of(begins), Tensors.of(ends), Tensors.of(ids.toArray()));
    }

    private int[] encode(BytePairEncoder encoder, byte[] text, int from, int to) {
        int hash = StringTable.hash(text, from, to);
        int[] known = cache.get(text, from, to, hash);
        if (known != null) {
            return known;
        }
        int whole = added.isPresent() ? added.get().find(text, from, to, hash) : -1;
        int[] ids = whole >= 0 ? new int[] {addedIds[whole]} : encoder.encode(text, from, to);
        cache.put(text, from, to, hash, ids);
        return ids;
    }
}
