package dev.decanter.tokenizers.ops;

import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What tokenizer and detokenizer graphs hold as constants. */
public final class Vocabularies {
    private Vocabularies() {}

    /** The nodes of an op of OpenVINO Tokenizers, in topological order. */
    public static List<Node> nodes(Model model, String type) {
        List<Node> found = new ArrayList<>();
        for (Node node : model.topologicalOrder()) {
            if (node.op().opset().equals("extension") && node.op().type().equals(type)) {
                found.add(node);
            }
        }
        return found;
    }

    /** The vocabulary of a detokenizer (or, failing that, of a tokenizer), by id. */
    public static Optional<Strings> vocabulary(Model model) {
        for (Node node : nodes(model, "VocabDecoder")) {
            return Optional.of(Constants.strings(node, 1));
        }
        for (String type : List.of("BPETokenizer", "UnigramTokenizer", "WordpieceTokenizer")) {
            for (Node node : nodes(model, type)) {
                return Optional.of(Constants.strings(node, 5));
            }
        }
        return Optional.empty();
    }

    /** The ids that a VocabDecoder leaves out: its fifth input's and its attribute's. */
    public static int[] skippedIds(Node decoder) {
        Ints ids = new Ints(16);
        DecoderKernels.skipTokens(decoder).stream().forEach(ids::add);
        if (Constants.isConstant(decoder, 4)) {
            ids.addAll(Constants.ints(decoder, 4));
        }
        return ids.toArray();
    }

    /** An i32 constant's value if {@code input} of the node is one of a single element. */
    public static Optional<Integer> scalar(Node node, int input) {
        return Constants.isConstant(node, input) && Constants.ints(node, input).length == 1
                ? Optional.of(Constants.ints(node, input)[0])
                : Optional.empty();
    }

    /** The byte that token {@code <0xNN>} stands for; −1 for any other. */
    public static int fallbackByte(Strings vocabulary, int id) {
        return DecoderKernels.fallbackByte(vocabulary, id);
    }
}
