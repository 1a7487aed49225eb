package dev.decanter.tokenizers.convert;

import dev.decanter.ir.Model;
import dev.decanter.ir.RtInfo;
import dev.decanter.tokenizers.ConversionOptions;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The graphs of a Hugging Face folder.
 *
 * @param tokenizer string tensor → ids and mask
 * @param detokenizer ids → string tensor, if asked for
 */
public record Conversion(Model tokenizer, Optional<Model> detokenizer) {

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

    private static Conversion of(TokenizerSpec spec, HfFolder files, ConversionOptions options) {
        OptionalInt pad = files.id("pad_token", spec);
        OptionalInt eos = files.id("eos_token", spec);
        RtInfo.Section info = info(files, spec, options);
        Model tokenizer = EncoderGraph.build(spec, options, pad.isPresent() ? pad : eos);
        tokenizer.rtInfo(info);
        Optional<Model> detokenizer = Optional.empty();
        if (options.withDetokenizer()) {
            Model model = DecoderGraph.build(spec, options);
            model.rtInfo(info);
            detokenizer = Optional.of(model);
        }
        return new Conversion(tokenizer, detokenizer);
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
        info = info.with("i64", "detokenizer_input_type");
        info = id(info, "eos_token_id", files.id("eos_token", spec));
        if (options.maxLength().isPresent()) {
            info = info.with(String.valueOf(options.maxLength().getAsInt()), "max_length");
        }
        info = info.with("1", "number_of_inputs");
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
                .with("False", "streaming_detokenizer")
                .with("i64", "tokenizer_output_type")
                .with("False", "use_max_padding")
                .with("False", "use_sentencepiece_backend")
                .with("replace", "utf8_replace_mode")
                .with(flag(options.withDetokenizer()), "with_detokenizer");
    }

    private static String flag(boolean value) {
        return value ? "True" : "False";
    }

    private static RtInfo.Section id(RtInfo.Section info, String key, OptionalInt id) {
        return id.isPresent() ? info.with(String.valueOf(id.getAsInt()), key) : info;
    }
}
