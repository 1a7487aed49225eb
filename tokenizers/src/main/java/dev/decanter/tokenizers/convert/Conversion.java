package dev.decanter.tokenizers.convert;

import dev.decanter.ir.Model;
import dev.decanter.ir.RtInfo;
import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.TokenizerException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The graphs of a Hugging Face folder.
 *
 * @param tokenizer string tensor → ids and mask
 * @param detokenizer ids → string tensor, if asked for
 */
public record Conversion(Model tokenizer, Optional<Model> detokenizer) {

    /** Whether a folder has a file that may define a tokenizer. */
    public static boolean hasSource(Path folder) {
        return Source.isIn(folder);
    }

    /** Reads the folder's files and builds the graphs. */
    public static Conversion of(Path folder, ConversionOptions options) {
        HfFolder files = new HfFolder(folder);
        return switch (Source.find(files, options)) {
            case Source.Json json -> {
                files.defaults(json.tokens());
                yield of(TokenizerSpec.read(json.json(), files), files, options);
            }
            case Source.SentencePiece model -> of(SentencePieceReader.read(model.model()), files, options);
        };
    }

    private static Conversion of(TokenizerSpec spec, HfFolder files, ConversionOptions asked) {
        ConversionOptions options = settled(spec, files, asked);
        OptionalInt pad = files.id("pad_token", spec);
        OptionalInt eos = files.id("eos_token", spec);
        RtInfo.Section info = info(files, spec, options);
        Model tokenizer = EncoderGraph.build(spec, options, pad.isPresent() ? pad : eos, files.hasTypeIds());
        tokenizer.rtInfo(info);
        if (options.numberOfInputs() == 2) {
            PairInputs.addForBoth(tokenizer, options.addSpecialTokens());
        }
        Optional<Model> detokenizer = Optional.empty();
        if (options.withDetokenizer()) {
            Model model = DecoderGraph.build(spec, options);
            model.rtInfo(info);
            detokenizer = Optional.of(model);
        }
        return new Conversion(tokenizer, detokenizer);
    }

    /** With what the options leave to the tokenizer's configuration. */
    private static ConversionOptions settled(TokenizerSpec spec, HfFolder files, ConversionOptions asked) {
        ConversionOptions options = asked;
        if (options.ownSides()) {
            options = options.withSides(files.isLeft("padding_side"), files.isLeft("truncation_side"));
        }
        if (options.modelMaxPadding()) {
            options = options.withMaxPadding(files.modelMaxLength());
        }
        if (options.maxPadding().isPresent() && options.maxLength().isPresent()) {
            options = options.withMaxLength(options.maxPadding().getAsInt());
        }
        if (options.streamingDetokenizer() && !(spec.model() instanceof ModelSpec.SentencePiece)) {
            throw new TokenizerException(spec.file() + ": a streaming detokenizer is made of SentencePiece models only;"
                    + " leave --streaming-detokenizer out (text is streamed without it too), or add"
                    + " --use-sentencepiece-backend");
        }
        return options;
    }

    /** The keys that OpenVINO Tokenizers writes, in its (alphabetical) order; Python's spelling of truth. */
    private static RtInfo.Section info(HfFolder files, TokenizerSpec spec, ConversionOptions options) {
        RtInfo.Section info = RtInfo.Section.EMPTY
                .with("True", "add_attention_mask")
                .with(flag(options.addSpecialTokens()), "add_special_tokens");
        info = id(info, "bos_token_id", files.id("bos_token", spec));
        Optional<String> chat = files.chatTemplate();
        if (chat.isPresent()) {
            info = info.with(chat.get(), "chat_template");
        }
        if (options.cleanUpSpaces().isPresent()) {
            info = info.with(flag(options.cleanUpSpaces().get()), "clean_up_tokenization_spaces");
        }
        info = info.with(type(options.detokenizerInputType()), "detokenizer_input_type");
        info = id(info, "eos_token_id", files.id("eos_token", spec));
        if (options.specialTokensByRegex()) {
            info = info.with("True", "handle_special_tokens_with_re");
        }
        if (options.maxLength().isPresent()) {
            info = info.with(String.valueOf(options.maxLength().getAsInt()), "max_length");
        }
        info = info.with(String.valueOf(options.numberOfInputs()), "number_of_inputs");
        if (!spec.templateJson().isEmpty()) {
            info = info.with(spec.templateJson(), "original_post_processor_template");
        }
        Optional<String> type = files.tokenizerClass();
        if (type.isPresent()) {
            info = info.with(type.get(), "original_tokenizer_class");
        }
        info = id(info, "pad_token_id", files.id("pad_token", spec));
        return info.with(spec.template().toJson(), "processed_post_processor_template")
                .with(flag(options.skipSpecialTokens()), "skip_special_tokens")
                .with(flag(options.streamingDetokenizer()), "streaming_detokenizer")
                .with(type(options.tokenizerOutputType()), "tokenizer_output_type")
                .with(flag(options.maxPadding().isPresent()), "use_max_padding")
                .with(flag(options.sentencePieceBackend()), "use_sentencepiece_backend")
                .with(options.utf8Mode().name().toLowerCase(Locale.ROOT), "utf8_replace_mode")
                .with(flag(options.withDetokenizer()), "with_detokenizer");
    }

    private static String type(ConversionOptions.IdType type) {
        return type.name().toLowerCase(Locale.ROOT);
    }

    private static String flag(boolean value) {
        return value ? "True" : "False";
    }

    private static RtInfo.Section id(RtInfo.Section info, String key, OptionalInt id) {
        return id.isPresent() ? info.with(String.valueOf(id.getAsInt()), key) : info;
    }
}
