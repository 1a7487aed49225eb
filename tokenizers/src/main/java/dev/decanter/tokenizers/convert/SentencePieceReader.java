package dev.decanter.tokenizers.convert;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.tokenizers.TokenizerException;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel.Piece;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel.PieceType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * A tokenizer of which a SentencePiece model and the files beside it are the definition, as Transformers' slow tokenizer
 * classes read them: {@code tokenizer_config.json} with its {@code added_tokens_decoder}, {@code added_tokens.json} and
 * {@code special_tokens_map.json}.
 */
final class SentencePieceReader {
    private static final List<String> KEYS =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");
    private static final int T5_SENTINELS = 100;
    private static final String SPACE = "\u2581";

    private final Path file;
    private final JsonAt config;
    private final JsonAt specialTokensMap;
    private final SentencePieceFamily family;
    private final SentencePieceModel original;
    private final List<Piece> pieces;
    private final Map<String, Integer> ids = new HashMap<>();
    private final TreeMap<Integer, AddedToken> added = new TreeMap<>();
    private final Map<String, String> named = new LinkedHashMap<>();

    private SentencePieceReader(Path file) {
        this.file = file;
        config = beside("tokenizer_config.json");
        specialTokensMap = beside("special_tokens_map.json");
        family = family();
        original = SentencePieceModel.read(file);
        pieces = SentencePieceLayout.pieces(family.ids(), original, file);
        // Of equal texts those count that the library finds: control, unknown and byte pieces.
        for (int id = 0; id < pieces.size(); id++) {
            Piece piece = pieces.get(id);
            boolean reserved = piece.type() != PieceType.NORMAL
                    && piece.type() != PieceType.USER_DEFINED
                    && piece.type() != PieceType.UNUSED;
            if (reserved) {
                ids.put(piece.text(), id);
            } else {
                ids.putIfAbsent(piece.text(), id);
            }
        }
    }

    /**
     * Reads a model file and what is beside it.
     *
     * @throws TokenizerException naming the file if something is malformed, contradictory or not supported
     */
    static TokenizerSpec read(Path file) {
        return new SentencePieceReader(file).read();
    }

    private JsonAt beside(String name) {
        Path path = file.resolveSibling(name);
        return Files.exists(path) ? JsonAt.read(path) : JsonAt.missing(path);
    }

    private SentencePieceFamily family() {
        JsonAt modelConfig = beside("config.json");
        Optional<String> name = config.at("tokenizer_class")
                .optionalText()
                .or(() -> modelConfig.at("tokenizer_class").optionalText())
                .map(n -> n.replaceAll("Fast$", ""));
        if (name.isPresent() && SentencePieceFamily.OWN_NUMBERS.contains(name.get())) {
            throw config.at("tokenizer_class")
                    .error("the ids of " + name.get() + " are not those of " + file.getFileName()
                            + ", and conversion of this class from it is not supported; save the tokenizer as a fast one,"
                            + " with a tokenizer.json");
        }
        Optional<SentencePieceFamily> byClass = name.flatMap(SentencePieceFamily::ofClass);
        Optional<SentencePieceFamily> byModel =
                modelConfig.at("model_type").optionalText().flatMap(SentencePieceFamily::ofModel);
        if (byClass.isPresent()) {
            return byClass.get();
        }
        boolean genericName = name.isEmpty() || name.get().matches("PreTrainedTokenizer|TokenizersBackend");
        if (genericName && byModel.isPresent()) {
            return byModel.get();
        }
        if (name.isEmpty()) {
            return SentencePieceFamily.PLAIN;
        }
        if (!config.at("add_bos_token").present() && !config.at("add_eos_token").present()) {
            throw config.at("tokenizer_class")
                    .error("what " + name.get() + " puts around a text is not known; say it by add_bos_token and"
                            + " add_eos_token, or name one of " + SentencePieceFamily.classes());
        }
        return SentencePieceFamily.UNKNOWN;
    }

    private TokenizerSpec read() {
        readAddedTokens();
        boolean once = prefixOnce();
        boolean prefixed = config.at("add_prefix_space").flag(true);
        SentencePieceModel encoder = SentencePieceLayout.encoder(family, original, pieces);
        SentencePieceModel decoder =
                SentencePieceLayout.decoder(original, pieces, List.copyOf(added.values()), unknownIsSpecial());
        ModelSpec model = new ModelSpec.SentencePiece(
                Map.copyOf(ids),
                once ? encoder.withDummyPrefix(false) : encoder,
                once && !prefixed ? decoder.withDummyPrefix(false) : decoder,
                named);
        return new TokenizerSpec(
                file,
                List.copyOf(added.values()),
                SentencePieceLayout.normalizers(family, config),
                new PreTokenizerParser.Result(List.of(), false, false, once && prefixed ? SPACE : ""),
                model,
                template(),
                "",
                DecoderParser.Result.NONE);
    }

    /** Whether the dummy prefix goes before the text only, if at all, not before each part between added tokens. */
    private boolean prefixOnce() {
        boolean legacy = config.at("legacy").flag(true);
        if (family == SentencePieceFamily.T5 && !legacy) {
            throw config.at("legacy")
                    .error("T5Tokenizer with legacy false is not supported; set it to true, or save the tokenizer as a"
                            + " fast one, with a tokenizer.json");
        }
        boolean once = family == SentencePieceFamily.CODE_LLAMA || (family == SentencePieceFamily.LLAMA && !legacy);
        return once
                && original.normalizer().addDummyPrefix()
                && !original.trainer().spaceAsSuffix();
    }

    private void readAddedTokens() {
        Map<Integer, AddedToken> byId = new TreeMap<>();
        JsonAt decoder = config.at("added_tokens_decoder");
        if (decoder.present()) {
            for (Map.Entry<String, JsonNode> entry : decoder.members()) {
                AddedToken token = token(decoder.at(entry.getKey()), number(decoder, entry.getKey()));
                byId.put(token.id(), token);
            }
        }
        JsonAt list = beside("added_tokens.json");
        if (list.present()) {
            for (Map.Entry<String, JsonNode> entry : list.members()) {
                int id = list.at(entry.getKey()).integer();
                byId.putIfAbsent(id, new AddedToken(id, entry.getKey(), false, false, false, false, false));
            }
        }
        byId.values().forEach(this::add);
        for (String key : KEYS) {
            readNamed(key);
        }
        for (JsonAt source : List.of(config, specialTokensMap)) {
            source.at("additional_special_tokens").items().forEach(this::addSpecial);
        }
        if (family == SentencePieceFamily.T5) {
            addSentinels();
        }
        SentencePieceLayout.ownTokens(family, pieces).forEach((text, id) -> {
            if (!added.containsKey(id) && ids.getOrDefault(text, id).equals(id)) {
                add(new AddedToken(id, text, true, false, false, false, false));
            }
        });
    }

    private static int number(JsonAt decoder, String key) {
        try {
            int id = Integer.parseInt(key);
            if (id >= 0) {
                return id;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw decoder.error("\"" + key + "\" is no id");
    }

    private static AddedToken token(JsonAt json, int id) {
        return new AddedToken(
                id,
                json.at("content").text(),
                json.at("special").flag(false),
                false,
                json.at("lstrip").flag(false),
                json.at("rstrip").flag(false),
                json.at("single_word").flag(false));
    }

    /** A token at an id of its own; a piece's text at that id yields to it. */
    private void add(AddedToken token) {
        if (token.content().isEmpty()) {
            return;
        }
        Integer known = ids.get(token.content());
        if (known != null && known != token.id()) {
            throw new TokenizerException(file + ": \"" + token.content() + "\" has the id " + known
                    + " here but " + token.id() + " in the files beside: the tokenizer class numbers pieces in a way of"
                    + " its own that is not known; save the tokenizer as a fast one, with a tokenizer.json");
        }
        if (token.id() > pieces.size() + (1 << 20)) {
            throw new TokenizerException(file.resolveSibling("tokenizer_config.json") + ": added token \""
                    + token.content() + "\" has the id " + token.id() + ", far beyond the " + pieces.size()
                    + " of the model");
        }
        ids.put(token.content(), token.id());
        added.put(token.id(), token);
    }

    private void readNamed(String key) {
        JsonAt entry = config.at(key).present() ? config.at(key) : specialTokensMap.at(key);
        if (entry.present()) {
            named.put(key, addSpecial(entry));
        } else if (!config.value().has(key) && family.tokens().containsKey(key)) {
            String text = family.tokens().get(key);
            boolean mask = key.equals("mask_token");
            named.put(key, text);
            addSpecial(text, new AddedToken(0, text, true, false, mask, false, false));
        }
    }

    /** A string or an object with content; returns the content. */
    private String addSpecial(JsonAt entry) {
        boolean object = entry.value().isObject();
        String text = object ? entry.at("content").text() : entry.text();
        AddedToken token = object ? token(entry, 0) : new AddedToken(0, text, true, false, false, false, false);
        addSpecial(text, token);
        return text;
    }

    private void addSpecial(String text, AddedToken token) {
        if (text.isEmpty()) {
            return;
        }
        Integer known = ids.get(text);
        int id = known == null ? Math.max(pieces.size(), added.isEmpty() ? 0 : added.lastKey() + 1) : known;
        AddedToken present = added.getOrDefault(id, token.withId(id));
        add(new AddedToken(id, text, true, false, present.stripLeft(), present.stripRight(), present.singleWord()));
    }

    /** {@code <extra_id_0>} has the greatest id. */
    private void addSentinels() {
        int count = config.at("extra_ids").integer(T5_SENTINELS);
        if (count < 0 || count > 1 << 16) {
            throw config.at("extra_ids").error(count + " is no number of sentinel tokens");
        }
        for (int i = count - 1; i >= 0; i--) {
            String text = "<extra_id_" + i + ">";
            if (!ids.containsKey(text)) {
                add(new AddedToken(pieces.size() + count - 1 - i, text, true, false, true, true, false));
            }
        }
    }

    private boolean unknownIsSpecial() {
        return Optional.ofNullable(named.get("unk_token"))
                .map(ids::get)
                .filter(id -> id < pieces.size() && pieces.get(id).type() == PieceType.UNKNOWN)
                .isPresent();
    }

    private Template template() {
        return switch (family.around()) {
            case NOTHING -> Template.PLAIN;
            case BOS, FLAGS -> {
                boolean usual = family.around() == SentencePieceFamily.Around.BOS;
                yield Template.bosEos(
                        config.at("add_bos_token").flag(usual) ? idOf("bos_token") : OptionalInt.empty(),
                        config.at("add_eos_token").flag(false) ? idOf("eos_token") : OptionalInt.empty());
            }
            case EOS -> words("A eos", "A eos B eos", 0);
            case CLS_SEP -> words("cls A sep", "cls A sep B sep", 1);
            case CLS_SEP_SEP -> words("cls A sep", "cls A sep sep B sep", 0);
            case XGLM -> words("sep A", "sep A sep sep B", 0);
            case EOS_LANGUAGE -> words("A eos " + language("en_XX"), "A B eos " + language("en_XX"), 0);
            case LANGUAGE_EOS -> {
                String lang = language(family == SentencePieceFamily.NLLB ? "eng_Latn" : "en_XX");
                boolean old = config.at("legacy_behaviour").flag(false);
                yield old ? words("A eos " + lang, "A B eos " + lang, 0) : words(lang + " A eos", lang + " A B eos", 0);
            }
            case GMASK_SOP -> words("[gMASK] sop A", "[gMASK] sop A B eos", 0);
        };
    }

    private String language(String usual) {
        String language = config.at("src_lang").text(usual);
        if (!ids.containsKey(language)) {
            throw config.at("src_lang")
                    .error("the language \"" + language
                            + "\" has no id; added_tokens_decoder must list the language codes");
        }
        return language;
    }

    private OptionalInt idOf(String key) {
        String text = named.get(key);
        Integer id = text == null ? null : ids.get(text);
        if (id == null) {
            throw config.at("add_" + key).error("no " + key + " is known, which goes around a text; name it");
        }
        return OptionalInt.of(id);
    }

    /** {@code A} and {@code B} are the texts; other words are keys without {@code _token}, or tokens themselves. */
    private Template words(String single, String pair, int secondType) {
        return new Template(segments(single, secondType), segments(pair, secondType));
    }

    private List<Template.Segment> segments(String words, int secondType) {
        List<Template.Segment> segments = new ArrayList<>();
        int type = 0;
        boolean behind = false;
        for (String word : words.split(" ", -1)) {
            if (word.equals("A")) {
                segments.add(new Template.Segment(Template.FIRST, 0));
                behind = true;
            } else if (word.equals("B")) {
                type = secondType;
                segments.add(new Template.Segment(Template.SECOND, type));
            } else {
                int id = named.containsKey(word + "_token")
                        ? idOf(word + "_token").getAsInt()
                        : Optional.ofNullable(ids.get(word))
                                .orElseThrow(() -> new TokenizerException(file + ": the token \"" + word
                                        + "\", which goes around a text, is not in the vocabulary"));
                segments.add(new Template.Segment(id, behind ? type : 0));
            }
        }
        return segments;
    }
}
