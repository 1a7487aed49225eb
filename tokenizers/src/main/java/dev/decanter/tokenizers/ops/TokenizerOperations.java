package dev.decanter.tokenizers.ops;

import dev.decanter.ir.Node;
import dev.decanter.runtime.spi.OperationExtension;
import java.util.Optional;

/** The runtime finds this class as a service: kernels for the ops of OpenVINO Tokenizers. */
public final class TokenizerOperations implements OperationExtension {
    /** For {@link java.util.ServiceLoader}. */
    public TokenizerOperations() {}

    @Override
    public Optional<Kernel> kernel(Node node) {
        if (!node.op().opset().equals("extension")) {
            return Optional.empty();
        }
        return switch (node.op().type()) {
            case "StringTensorUnpack" -> Optional.of(StringTensorKernels.unpack(node));
            case "StringTensorPack" -> Optional.of(StringTensorKernels.pack(node));
            case "SpecialTokensSplit" -> Optional.of(SpecialTokensSplitKernel.of(node));
            case "RegexNormalization" -> Optional.of(RegexNormalizationKernel.of(node));
            case "CharsMapNormalization" -> Optional.of(UnicodeKernel.charsMap(node));
            case "NormalizeUnicode" -> Optional.of(UnicodeKernel.normalizeUnicode(node));
            case "CaseFold" -> Optional.of(UnicodeKernel.caseFold(node));
            case "RegexSplit" -> Optional.of(RegexSplitKernel.of(node));
            case "BytesToChars" -> Optional.of(ByteLevelKernels.bytesToChars(node));
            case "CharsToBytes" -> Optional.of(ByteLevelKernels.charsToBytes(node));
            case "BPETokenizer" -> Optional.of(BpeKernel.of(node));
            case "UnigramTokenizer" -> Optional.of(UnigramKernel.of(node));
            case "WordpieceTokenizer" -> Optional.of(WordPieceKernel.of(node));
            case "Truncate" -> Optional.of(RaggedKernels.truncate(node));
            case "CombineSegments" -> Optional.of(RaggedKernels.combineSegments(node));
            case "RaggedToDense" -> Optional.of(RaggedKernels.raggedToDense(node));
            case "VocabDecoder" -> Optional.of(DecoderKernels.vocabDecoder(node));
            case "FuzeRagged" -> Optional.of(RaggedKernels.fuzeRagged(node));
            case "ByteFallback" -> Optional.of(DecoderKernels.byteFallback(node));
            case "UTF8Validate" -> Optional.of(DecoderKernels.utf8Validate(node));
            case "SentencepieceTokenizer" -> Optional.of(SentencepieceKernels.tokenizer(node));
            case "SentencepieceDetokenizer" -> Optional.of(SentencepieceKernels.detokenizer(node));
            case "SentencepieceStreamDetokenizer" -> Optional.of(SentencepieceKernels.streamDetokenizer(node));
            case "RaggedToRagged" -> Optional.of(RaggedHelperKernels.raggedToRagged(node));
            case "RaggedToSparse" -> Optional.of(RaggedHelperKernels.raggedToSparse(node));
            case "RaggedTensorPack" -> Optional.of(RaggedHelperKernels.raggedTensorPack(node));
            case "StringToHashBucket" -> Optional.of(TextHelperKernels.stringToHashBucket(node));
            case "EqualStr" -> Optional.of(TextHelperKernels.equalStr(node));
            case "NumericToString" -> Optional.of(TextHelperKernels.numericToString(node));
            case "ContribStringJoin" -> Optional.of(TextHelperKernels.join(node));
            case "ContribStringSplit" -> Optional.of(TextHelperKernels.split(node));
            case "VocabEncoder" -> Optional.of(RaggedHelperKernels.vocabEncoder(node));
            case "TrieTokenizer" -> Optional.of(RaggedHelperKernels.trieTokenizer(node));
            default -> Optional.empty();
        };
    }
}
