package dev.decanter.tokenizers.ops;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.Op;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel;
import java.lang.foreign.ValueLayout;
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
        for (String type : List.of("SentencepieceDetokenizer", "SentencepieceStreamDetokenizer")) {
            for (Node node : nodes(model, type)) {
                return Optional.of(Strings.of(pieces(node).stream()
                        .map(SentencePieceModel.Piece::text)
                        .toList()));
            }
        }
        for (String type : List.of("BPETokenizer", "UnigramTokenizer", "WordpieceTokenizer")) {
            for (Node node : nodes(model, type)) {
                return Optional.of(Constants.strings(node, 5));
            }
        }
        return Optional.empty();
    }

    private static List<SentencePieceModel.Piece> pieces(Node node) {
        return SentencePieceModel.parse(Constants.bytes(node, 0), "layer " + node)
                .pieces();
    }

    /** The ids that a SentencepieceDetokenizer leaves out: those of control pieces and of the unknown one if it has no text. */
    public static int[] hiddenIds(Node detokenizer) {
        SentencePieceModel model = SentencePieceModel.parse(Constants.bytes(detokenizer, 0), "layer " + detokenizer);
        boolean unknownHidden = model.trainer().unknownSurface().isEmpty();
        Ints ids = new Ints(16);
        for (int id = 0; id < model.pieces().size(); id++) {
            SentencePieceModel.PieceType type = model.pieces().get(id).type();
            if (type == SentencePieceModel.PieceType.CONTROL
                    || (unknownHidden && type == SentencePieceModel.PieceType.UNKNOWN)) {
                ids.add(id);
            }
        }
        return ids.toArray();
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
        return input < node.inputs().size() ? scalar(node.input(input)) : Optional.empty();
    }

    /** The value of an i32 constant of a single element. */
    public static Optional<Integer> scalar(Output output) {
        return output.node().op() instanceof Op.Constant constant
                        && constant.elementType() == ElementType.I32
                        && constant.data().segment().byteSize() == Integer.BYTES
                ? Optional.of(constant.data().segment().get(ValueLayout.JAVA_INT_UNALIGNED, 0))
                : Optional.empty();
    }

    /** A u8 constant as text. */
    public static Optional<String> text(Node node, int input) {
        return Constants.isConstant(node, input) ? Optional.of(Constants.text(node, input)) : Optional.empty();
    }

    /** The byte that token {@code <0xNN>} stands for; −1 for any other. */
    public static int fallbackByte(Strings vocabulary, int id) {
        return DecoderKernels.fallbackByte(vocabulary, id);
    }
}
