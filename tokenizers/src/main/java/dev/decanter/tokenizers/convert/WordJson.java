package dev.decanter.tokenizers.convert;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.tokenizers.ops.PcreRegex;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes the {@code tokenizer.json} of families whose tokens are whole words or characters: ESM and Wav2Vec2. */
final class WordJson {
    private final JsonAt config;
    private final Map<String, Integer> vocabulary;
    private final AddedTokens.Result added;

    WordJson(HfFolder folder, Map<String, Integer> vocabulary, AddedTokens.Result added) {
        config = folder.config();
        this.vocabulary = vocabulary;
        this.added = added;
    }

    void write(ObjectNode root, Family family) {
        ObjectNode model = Parts.of("WordLevel").put("unk_token", token("unk_token"));
        model.set("vocab", Parts.vocabulary(vocabulary));
        root.set("model", model);
        if (family == Family.ESM) {
            writeEsm(root);
        } else {
            writeWav2Vec2(root);
        }
    }

    private String token(String key) {
        String token = added.named().get(key);
        if (token == null) {
            throw config.error("has no " + key + ", which the tokenizer's class needs");
        }
        return token;
    }

    /** Every token is found wherever it stands; what is between tokens is unknown, word by word. */
    private void writeEsm(ObjectNode root) {
        ArrayNode tokens = (ArrayNode) root.get("added_tokens");
        List<String> already = added.list().findValuesAsText("content");
        vocabulary.forEach((token, id) -> {
            if (!already.contains(token) && !token.isBlank()) {
                tokens.addObject()
                        .put("id", id)
                        .put("content", token)
                        .put("single_word", false)
                        .put("lstrip", false)
                        .put("rstrip", false)
                        .put("normalized", false)
                        .put("special", false);
            }
        });
        root.set("pre_tokenizer", Parts.of("WhitespaceSplit"));
        String cls = token("cls_token");
        Map<String, Integer> ids = new LinkedHashMap<>(Map.of(cls, added.id(cls)));
        String eos = added.named().get("eos_token");
        if (eos == null) {
            root.set("post_processor", Parts.template(List.of(cls + ":0", "$A:0"), List.of(cls + ":0", "$A:0"), ids));
        } else {
            ids.put(eos, added.id(eos));
            root.set(
                    "post_processor",
                    Parts.template(
                            List.of(cls + ":0", "$A:0", eos + ":0"),
                            List.of(cls + ":0", "$A:0", eos + ":0", "$B:0", eos + ":0"),
                            ids));
        }
    }

    /** Characters, with a delimiter in the place of spaces; decoding joins repetitions as CTC has it. */
    private void writeWav2Vec2(ObjectNode root) {
        String delimiter = config.at("word_delimiter_token").text("|");
        ArrayNode tokens = (ArrayNode) root.get("added_tokens");
        List<String> already = added.list().findValuesAsText("content");
        vocabulary.forEach((token, id) -> {
            if (token.codePointCount(0, token.length()) > 1 && !already.contains(token)) {
                tokens.addObject()
                        .put("id", id)
                        .put("content", token)
                        .put("single_word", false)
                        .put("lstrip", true)
                        .put("rstrip", true)
                        .put("normalized", false)
                        .put("special", false);
            }
        });
        // the class writes upper case whatever the flag's name says, for which tokenizer.json has no step
        if (config.at("do_lower_case").flag(false)) {
            throw config.at("do_lower_case").error("upper case as Wav2Vec2CTCTokenizer makes it is not supported");
        }
        root.set("normalizer", Parts.replace(" ", delimiter));
        root.set("pre_tokenizer", Parts.split("[\\s\\S]", "Isolated", false));
        String pad = token("pad_token");
        // it parts repetitions that are two letters, so decoding must see it; CTC leaves it out itself
        tokens.forEach(token -> {
            if (token.path("content").asText().equals(pad)) {
                ((ObjectNode) token).put("special", false);
            }
        });
        ObjectNode ctc = Parts.of("CTC")
                .put("pad_token", pad)
                .put("word_delimiter_token", delimiter)
                .put("cleanup", false);
        root.set(
                "decoder",
                Parts.sequence("decoders", ctc, Parts.of("Fuse"), Parts.replace(PcreRegex.quote(delimiter), " ")));
    }
}
