package dev.decanter.tokenizers.convert;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a tokenizer class of Transformers makes of its vocabulary files. The classes that do the same are one family; those
 * that are not here have no definition but their Python code.
 */
enum Family {
    GPT2("vocab.json merges.txt", "bos eos unk=<|endoftext|>"),
    NEOX("vocab.json merges.txt", "bos eos unk=<|endoftext|> pad=<|padding|>"),
    QWEN2("vocab.json merges.txt", "eos unk pad=<|endoftext|>"),
    QWEN3_5("vocab.json merges.txt", "eos unk pad=<|endoftext|>"),
    ROBERTA("vocab.json merges.txt", "bos cls=<s> eos sep=</s> unk=<unk> pad=<pad> mask=<mask>"),
    BLENDERBOT("vocab.json merges.txt", "bos cls=<s> eos sep=</s> unk=<unk> pad=<pad> mask=<mask>"),
    DEBERTA("vocab.json merges.txt", "bos cls=[CLS] eos sep=[SEP] unk=[UNK] pad=[PAD] mask=[MASK]"),
    CLIP("vocab.json merges.txt", "bos=<|startoftext|> eos unk pad=<|endoftext|>"),
    WHISPER("vocab.json merges.txt", "bos eos unk=<|endoftext|>"),
    OPENAI_GPT("vocab.json merges.txt", "unk=<unk>"),
    HERBERT("vocab.json merges.txt", "cls=<s> sep=</s> unk=<unk> pad=<pad> mask=<mask>"),
    BERT("vocab.txt", "unk=[UNK] sep=[SEP] pad=[PAD] cls=[CLS] mask=[MASK]"),
    MPNET("vocab.txt", "bos cls=<s> eos sep=</s> unk=[UNK] pad=<pad> mask=<mask>"),
    FUNNEL("vocab.txt", "bos=<s> eos=</s> unk=<unk> sep=<sep> pad=<pad> cls=<cls> mask=<mask>"),
    SPLINTER("vocab.txt", "unk=[UNK] sep=[SEP] pad=[PAD] cls=[CLS] mask=[MASK] question=[QUESTION]"),
    ESM("vocab.txt", "unk=<unk> cls=<cls> pad=<pad> mask=<mask> eos=<eos>"),
    WAV2VEC2("vocab.json", "bos=<s> eos=</s> unk=<unk> pad=<pad>");

    /** Classes by name, without the ending Fast. */
    private static final Map<String, Family> CLASSES = names(
            "GPT2Tokenizer CodeGenTokenizer GPTJTokenizer",
            GPT2,
            "GPTNeoXTokenizer",
            NEOX,
            "Qwen2Tokenizer",
            QWEN2,
            "Qwen3_5Tokenizer",
            QWEN3_5,
            "RobertaTokenizer BartTokenizer LongformerTokenizer LEDTokenizer MvpTokenizer",
            ROBERTA,
            "BlenderbotTokenizer",
            BLENDERBOT,
            "DebertaTokenizer",
            DEBERTA,
            "CLIPTokenizer",
            CLIP,
            "WhisperTokenizer",
            WHISPER,
            "OpenAIGPTTokenizer",
            OPENAI_GPT,
            "HerbertTokenizer",
            HERBERT,
            "BertTokenizer DistilBertTokenizer ElectraTokenizer MobileBertTokenizer SqueezeBertTokenizer ConvBertTokenizer"
                    + " LxmertTokenizer LayoutLMTokenizer RetriBertTokenizer RealmTokenizer DPRQuestionEncoderTokenizer"
                    + " DPRContextEncoderTokenizer DPRReaderTokenizer",
            BERT,
            "MPNetTokenizer",
            MPNET,
            "FunnelTokenizer",
            FUNNEL,
            "SplinterTokenizer",
            SPLINTER,
            "EsmTokenizer",
            ESM,
            "Wav2Vec2CTCTokenizer Wav2Vec2Tokenizer",
            WAV2VEC2);

    /** Families by {@code model_type}, for configurations that name no class. */
    private static final Map<String, Family> MODELS = names(
            "codegen gpt2 gpt_neo gptj opt phi starcoder2",
            GPT2,
            "gpt_neox mamba mamba2 mpt olmo olmoe falcon_mamba",
            NEOX,
            "qwen2 qwen2_5_omni qwen2_5_vl qwen2_audio qwen2_moe qwen2_vl qwen3 qwen3_moe qwen3_next qwen3_vl"
                    + " qwen3_vl_moe internvl ovis2",
            QWEN2,
            "qwen3_5 qwen3_5_moe qwen3_5_text qwen3_5_moe_text",
            QWEN3_5,
            "bart bridgetower clap data2vec-text ibert longformer led mvp roberta roberta-prelayernorm",
            ROBERTA,
            "blenderbot",
            BLENDERBOT,
            "deberta",
            DEBERTA,
            "clip clipseg groupvit owlv2 owlvit xclip",
            CLIP,
            "whisper",
            WHISPER,
            "openai-gpt",
            OPENAI_GPT,
            "herbert",
            HERBERT,
            "align bark bert blip bros chinese_clip convbert distilbert electra ernie flava git grounding-dino layoutlm"
                    + " megatron-bert mobilebert nezha qdqbert retribert squeezebert vilt visual_bert lxmert dpr",
            BERT,
            "mpnet",
            MPNET,
            "funnel",
            FUNNEL,
            "splinter",
            SPLINTER,
            "esm",
            ESM,
            "wav2vec2 hubert unispeech unispeech-sat data2vec-audio wav2vec2-bert wav2vec2-conformer",
            WAV2VEC2);

    /** Families of which the models take {@code token_type_ids}. */
    private static final List<Family> WITH_TYPES = List.of(BERT, DEBERTA, FUNNEL);

    private static final List<String> WITHOUT_TYPES = List.of("DistilBertTokenizer");

    private final String files;
    private final String tokens;

    /** {@code tokens}: keys without {@code _token}, and after those that share it {@code =} and the token. */
    Family(String files, String tokens) {
        this.files = files;
        this.tokens = tokens;
    }

    private static Map<String, Family> names(Object... namesAndFamilies) {
        Map<String, Family> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndFamilies.length; i += 2) {
            for (String name : ((String) namesAndFamilies[i]).split(" ", -1)) {
                map.put(name, (Family) namesAndFamilies[i + 1]);
            }
        }
        return map;
    }

    /** The family of a tokenizer class, with or without the ending Fast. */
    static Optional<Family> ofClass(String name) {
        return Optional.ofNullable(CLASSES.get(HfFolder.withoutFast(name)));
    }

    /** The family that a model's configuration implies. */
    static Optional<Family> ofModel(String modelType) {
        return Optional.ofNullable(MODELS.get(modelType));
    }

    /** The classes that are known, for messages. */
    static String classes() {
        return String.join(", ", CLASSES.keySet());
    }

    /** Whether models of a class take {@code token_type_ids}. */
    static boolean hasTypeIds(String className) {
        return !WITHOUT_TYPES.contains(HfFolder.withoutFast(className))
                && ofClass(className).filter(WITH_TYPES::contains).isPresent();
    }

    /** The files that define the tokenizer. */
    List<String> files() {
        return List.of(files.split(" ", -1));
    }

    /** The special tokens that the class has where no file names others, by their key in {@code tokenizer_config.json}. */
    Map<String, String> tokens() {
        Map<String, String> map = new LinkedHashMap<>();
        List<String> keys = new ArrayList<>();
        for (String word : tokens.split(" ", -1)) {
            int equals = word.indexOf('=');
            keys.add(equals < 0 ? word : word.substring(0, equals));
            if (equals >= 0) {
                String token = word.substring(equals + 1);
                keys.forEach(key -> map.put(key + "_token", token));
                keys.clear();
            }
        }
        return map;
    }

    /** Whether the mask stands for the space before it too, where no file says otherwise. */
    boolean maskTakesSpace() {
        return this == ROBERTA || this == BLENDERBOT || this == DEBERTA || this == MPNET;
    }
}
