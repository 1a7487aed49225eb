package dev.decanter.tokenizers.convert;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a tokenizer class of Transformers makes of a SentencePiece model: where the model's pieces stand among the ids, which
 * special tokens it has where no file names them, and what it puts around a text.
 */
enum SentencePieceFamily {
    /** No class: the model as the library runs it. */
    PLAIN(Ids.AS_IN_MODEL, Around.NOTHING, ""),
    LLAMA(Ids.AS_IN_MODEL, Around.BOS, "bos=<s> eos=</s> unk=<unk>"),
    CODE_LLAMA(Ids.AS_IN_MODEL, Around.BOS, "bos=<s> eos=</s> unk=<unk>"),
    GEMMA(Ids.AS_IN_MODEL, Around.BOS, "bos=<bos> eos=<eos> unk=<unk> pad=<pad>"),
    /** Classes of models' own code that repeat the one for Llama, but leave the dummy prefix to the model. */
    LLAMA_LIKE(Ids.AS_IN_MODEL, Around.BOS, "bos=<s> eos=</s> unk=<unk>"),
    /** A class that is not known; its files say whether tokens are put around a text. */
    UNKNOWN(Ids.AS_IN_MODEL, Around.FLAGS, ""),
    T5(Ids.AS_IN_MODEL, Around.EOS, "eos=</s> unk=<unk> pad=<pad>"),
    ALBERT(Ids.AS_IN_MODEL, Around.CLS_SEP, "bos=[CLS] eos=[SEP] unk=<unk> sep=[SEP] pad=<pad> cls=[CLS] mask=[MASK]"),
    BIG_BIRD(Ids.AS_IN_MODEL, Around.CLS_SEP, "bos=<s> eos=</s> unk=<unk> sep=[SEP] pad=<pad> cls=[CLS] mask=[MASK]"),
    DEBERTA_V2(
            Ids.AS_IN_MODEL, Around.CLS_SEP, "bos=[CLS] eos=[SEP] unk=[UNK] sep=[SEP] pad=[PAD] cls=[CLS] mask=[MASK]"),
    XLM_ROBERTA(Ids.FAIRSEQ, Around.CLS_SEP_SEP, "bos=<s> eos=</s> unk=<unk> sep=</s> pad=<pad> cls=<s> mask=<mask>"),
    CAMEMBERT(Ids.CAMEMBERT, Around.CLS_SEP_SEP, "bos=<s> eos=</s> unk=<unk> sep=</s> pad=<pad> cls=<s> mask=<mask>"),
    XGLM(Ids.FAIRSEQ, Around.XGLM, "bos=<s> eos=</s> unk=<unk> sep=</s> pad=<pad> cls=<s>"),
    MBART(Ids.FAIRSEQ, Around.EOS_LANGUAGE, "bos=<s> eos=</s> unk=<unk> sep=</s> pad=<pad> cls=<s> mask=<mask>"),
    MBART50(Ids.FAIRSEQ, Around.LANGUAGE_EOS, "bos=<s> eos=</s> unk=<unk> sep=</s> pad=<pad> cls=<s> mask=<mask>"),
    NLLB(Ids.FAIRSEQ, Around.LANGUAGE_EOS, "bos=<s> eos=</s> unk=<unk> sep=</s> pad=<pad> cls=<s> mask=<mask>"),
    CHAT_GLM(Ids.AS_IN_MODEL, Around.GMASK_SOP, "eos=</s> unk=<unk> pad=<unk>");

    /** Which ids the model's pieces have. */
    enum Ids {
        AS_IN_MODEL,
        /** {@code <s> <pad> </s> <unk>}, then the model's pieces from the fourth on. */
        FAIRSEQ,
        /** Five tokens of which two stand for others, then the model's pieces from the second on. */
        CAMEMBERT
    }

    /** What is put around a text, and between two. */
    enum Around {
        NOTHING,
        /** bos and eos as {@code add_bos_token} (true) and {@code add_eos_token} (false) say. */
        BOS,
        /** The same, both false unless said. */
        FLAGS,
        EOS,
        CLS_SEP,
        CLS_SEP_SEP,
        XGLM,
        EOS_LANGUAGE,
        LANGUAGE_EOS,
        GMASK_SOP
    }

    private static final Map<String, SentencePieceFamily> CLASSES = names(
            "LlamaTokenizer", LLAMA,
            "CodeLlamaTokenizer", CODE_LLAMA,
            "GemmaTokenizer", GEMMA,
            "InternLMTokenizer InternLM2Tokenizer BaichuanTokenizer YiTokenizer OrionTokenizer", LLAMA_LIKE,
            "T5Tokenizer", T5,
            "AlbertTokenizer", ALBERT,
            "BigBirdTokenizer", BIG_BIRD,
            "DebertaV2Tokenizer", DEBERTA_V2,
            "XLMRobertaTokenizer", XLM_ROBERTA,
            "CamembertTokenizer", CAMEMBERT,
            "XGLMTokenizer", XGLM,
            "MBartTokenizer", MBART,
            "MBart50Tokenizer", MBART50,
            "NllbTokenizer", NLLB,
            "ChatGLMTokenizer", CHAT_GLM);

    private static final Map<String, SentencePieceFamily> MODELS = names(
            "llama mistral mixtral phi3 phimoe", LLAMA,
            "gemma gemma2 gemma3 gemma3_text", GEMMA,
            "internlm internlm2 baichuan Yi orion", LLAMA_LIKE,
            "t5 mt5 umt5 longt5 switch_transformers", T5,
            "albert", ALBERT,
            "big_bird bigbird_pegasus", BIG_BIRD,
            "deberta-v2", DEBERTA_V2,
            "xlm-roberta xlm-roberta-xl", XLM_ROBERTA,
            "camembert", CAMEMBERT,
            "xglm", XGLM,
            "mbart", MBART,
            "chatglm", CHAT_GLM);

    /** Classes that number tokens in ways of their own, which nothing in their files shows. */
    static final List<String> OWN_NUMBERS = List.of(
            "PegasusTokenizer",
            "M2M100Tokenizer",
            "MarianTokenizer",
            "XLMProphetNetTokenizer",
            "SeamlessM4TTokenizer",
            "PLBartTokenizer",
            "BarthezTokenizer",
            "BartphoTokenizer",
            "MLukeTokenizer",
            "ErnieMTokenizer",
            "Speech2TextTokenizer",
            "CpmTokenizer",
            "GPTSw3Tokenizer");

    private final Ids ids;
    private final Around around;
    private final String tokens;

    SentencePieceFamily(Ids ids, Around around, String tokens) {
        this.ids = ids;
        this.around = around;
        this.tokens = tokens;
    }

    private static Map<String, SentencePieceFamily> names(Object... namesAndFamilies) {
        Map<String, SentencePieceFamily> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndFamilies.length; i += 2) {
            for (String name : ((String) namesAndFamilies[i]).split(" ", -1)) {
                map.put(name, (SentencePieceFamily) namesAndFamilies[i + 1]);
            }
        }
        return map;
    }

    /** The family of a tokenizer class without its ending Fast. */
    static Optional<SentencePieceFamily> ofClass(String name) {
        return Optional.ofNullable(CLASSES.get(name));
    }

    /** The family that a model's {@code model_type} implies. */
    static Optional<SentencePieceFamily> ofModel(String modelType) {
        return Optional.ofNullable(MODELS.get(modelType));
    }

    static String classes() {
        return String.join(", ", CLASSES.keySet());
    }

    Ids ids() {
        return ids;
    }

    Around around() {
        return around;
    }

    /** Special tokens by key ({@code bos_token} …) where no file names others. */
    Map<String, String> tokens() {
        Map<String, String> map = new LinkedHashMap<>();
        for (String entry : tokens.isEmpty() ? new String[0] : tokens.split(" ", -1)) {
            int equals = entry.indexOf('=');
            map.put(entry.substring(0, equals) + "_token", entry.substring(equals + 1));
        }
        return map;
    }
}
