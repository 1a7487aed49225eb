package dev.decanter.tokenizers.convert;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.tokenizers.sentencepiece.SentencePieceModel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The {@code model} of a tokenizer.json. */
sealed interface ModelSpec {
    /** Tokens and their ids. */
    Map<String, Integer> vocabulary();

    /** Number of tokens as the library counts them: where ids of added tokens begin. */
    default int size() {
        return vocabulary().size();
    }

    /** Byte-pair encoding; merges are pairs of tokens, best first. */
    record Bpe(
            Map<String, Integer> vocabulary,
            List<String> left,
            List<String> right,
            Optional<String> unknown,
            boolean fuseUnknown,
            String wordInner,
            String wordEnd,
            boolean byteFallback,
            boolean ignoreMerges)
            implements ModelSpec {}

    /** Longest match from the left. */
    record WordPiece(Map<String, Integer> vocabulary, String unknown, String wordInner, int maxChars)
            implements ModelSpec {}

    /** Tokens with scores, log-probabilities by id. A token that comes twice has the later id. */
    record Unigram(
            Map<String, Integer> vocabulary,
            List<String> tokens,
            List<Double> scores,
            Optional<Integer> unknownId,
            boolean byteFallback)
            implements ModelSpec {
        @Override
        public int size() {
            return scores.size();
        }
    }

    /** Whole pieces. */
    record WordLevel(Map<String, Integer> vocabulary, String unknown) implements ModelSpec {}

    /**
     * A SentencePiece model as a whole.
     *
     * @param encoder encodes text between added tokens, in the tokenizer's ids
     * @param decoder decodes, added tokens included
     * @param tokens special tokens by their key ({@code bos_token} …), those of the tokenizer's class included
     */
    record SentencePiece(
            Map<String, Integer> vocabulary,
            SentencePieceModel encoder,
            SentencePieceModel decoder,
            Map<String, String> tokens)
            implements ModelSpec {}

    static ModelSpec parse(JsonAt model) {
        String type = model.at("type").text(guessType(model));
        return switch (type) {
            case "BPE" -> bpe(model);
            case "Unigram" -> unigram(model);
            case "WordPiece" ->
                new WordPiece(
                        vocabulary(model.at("vocab")),
                        model.at("unk_token").text("[UNK]"),
                        model.at("continuing_subword_prefix").text("##"),
                        model.at("max_input_chars_per_word").integer(100));
            case "WordLevel" ->
                new WordLevel(
                        vocabulary(model.at("vocab")), model.at("unk_token").text("<unk>"));
            default -> throw model.error("unknown model " + type);
        };
    }

    /** Files of early versions do not say. */
    private static String guessType(JsonAt model) {
        if (model.at("merges").present()) {
            return "BPE";
        }
        if (model.at("vocab").value().isArray()) {
            return "Unigram";
        }
        return model.at("max_input_chars_per_word").present() ? "WordPiece" : "WordLevel";
    }

    private static Map<String, Integer> vocabulary(JsonAt vocab) {
        Map<String, Integer> ids = new HashMap<>();
        Map<Integer, String> tokens = new HashMap<>();
        for (Map.Entry<String, JsonNode> entry : vocab.members()) {
            JsonNode id = entry.getValue();
            if (!id.isInt() || id.intValue() < 0) {
                throw vocab.error("token \"" + entry.getKey() + "\" has the id " + id + ", which is none");
            }
            String other = tokens.put(id.intValue(), entry.getKey());
            if (other != null) {
                throw vocab.error("tokens \"" + other + "\" and \"" + entry.getKey() + "\" both have the id " + id);
            }
            ids.put(entry.getKey(), id.intValue());
        }
        return ids;
    }

    private static ModelSpec unigram(JsonAt model) {
        Map<String, Integer> vocabulary = new HashMap<>();
        List<String> tokens = new ArrayList<>();
        List<Double> scores = new ArrayList<>();
        JsonNode vocab = model.at("vocab").value();
        if (!vocab.isArray() || vocab.isEmpty()) {
            throw model.at("vocab").error("expected a list of tokens with scores");
        }
        for (int id = 0; id < vocab.size(); id++) {
            JsonNode entry = vocab.get(id);
            if (!entry.path(0).isTextual() || !entry.path(1).isNumber()) {
                throw model.at("vocab").at(id).error("expected [token, score], found " + entry);
            }
            vocabulary.put(entry.get(0).textValue(), id);
            tokens.add(entry.get(0).textValue());
            scores.add(entry.get(1).doubleValue());
        }
        Optional<Integer> unknown =
                model.at("unk_id").present() ? Optional.of(model.at("unk_id").integer()) : Optional.empty();
        if (unknown.isPresent() && (unknown.get() < 0 || unknown.get() >= scores.size())) {
            throw model.at("unk_id").error("id " + unknown.get() + " is not in the vocabulary");
        }
        return new Unigram(
                vocabulary, tokens, scores, unknown, model.at("byte_fallback").flag(false));
    }

    private static ModelSpec bpe(JsonAt model) {
        if (model.at("dropout").present() && model.at("dropout").value().doubleValue() != 0) {
            throw model.at("dropout").error("BPE with dropout is random and not supported; set it to null");
        }
        Map<String, Integer> vocabulary = vocabulary(model.at("vocab"));
        List<String> left = new ArrayList<>();
        List<String> right = new ArrayList<>();
        JsonNode merges = model.at("merges").value();
        if (!merges.isArray()) {
            throw model.at("merges").error("expected a list of merges");
        }
        for (int i = 0; i < merges.size(); i++) {
            addMerge(model.at("merges"), i, vocabulary, left, right);
        }
        return new Bpe(
                vocabulary,
                left,
                right,
                model.at("unk_token").optionalText(),
                model.at("fuse_unk").flag(false),
                model.at("continuing_subword_prefix").text(""),
                model.at("end_of_word_suffix").text(""),
                model.at("byte_fallback").flag(false),
                model.at("ignore_merges").flag(false));
    }

    /** {@code "a b"} or {@code ["a", "b"]}. */
    private static void addMerge(
            JsonAt merges, int index, Map<String, Integer> vocabulary, List<String> left, List<String> right) {
        JsonNode merge = merges.value().get(index);
        if (merge.isArray()
                && merge.size() == 2
                && merge.get(0).isTextual()
                && merge.get(1).isTextual()) {
            left.add(merge.get(0).textValue());
            right.add(merge.get(1).textValue());
            return;
        }
        String text = merge.isTextual() ? merge.textValue() : "";
        if (text.startsWith("#version")) {
            return;
        }
        int space = separator(text, vocabulary);
        if (space < 0) {
            throw merges.at(index).error("expected \"a b\" or [\"a\", \"b\"], found " + merge);
        }
        left.add(text.substring(0, space));
        right.add(text.substring(space + 1));
    }

    /** Where the parts meet; −1 if nowhere. Parts may have spaces themselves: then all three must be tokens. */
    private static int separator(String text, Map<String, Integer> vocabulary) {
        int only = text.indexOf(' ');
        if (only > 0 && only < text.length() - 1 && text.indexOf(' ', only + 1) < 0) {
            return only;
        }
        for (int space = text.indexOf(' ', 1); space > 0 && space < text.length() - 1; ) {
            String first = text.substring(0, space);
            String second = text.substring(space + 1);
            if (vocabulary.containsKey(first)
                    && vocabulary.containsKey(second)
                    && vocabulary.containsKey(first + second)) {
                return space;
            }
            space = text.indexOf(' ', space + 1);
        }
        return -1;
    }
}
