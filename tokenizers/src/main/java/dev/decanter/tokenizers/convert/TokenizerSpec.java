package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.TokenizerException;
import dev.decanter.tokenizers.ops.ByteLevel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * A tokenizer as its files define it.
 *
 * @param file the tokenizer.json
 * @param added added tokens, by id
 * @param normalizers rewrites before cutting, in order
 * @param preTokenizer cutting
 * @param model from pieces to ids
 * @param template ids around the text
 * @param templateJson the post-processor as in the file
 * @param decoder from tokens to text
 */
record TokenizerSpec(
        Path file,
        List<AddedToken> added,
        List<Step.Rewrite> normalizers,
        PreTokenizerParser.Result preTokenizer,
        ModelSpec model,
        Template template,
        String templateJson,
        DecoderParser.Result decoder) {

    /** More ids than these without a token are a broken file's. */
    private static final int MAX_UNUSED = 1 << 20;

    /** Reads the content of a tokenizer.json. */
    static TokenizerSpec read(JsonAt json, Settings settings) {
        if (!json.value().isObject() || !json.at("model").present()) {
            throw json.error("not a tokenizer: it has no \"model\"");
        }
        ModelSpec model = ModelSpec.parse(json.at("model"));
        List<AddedToken> added = added(json.at("added_tokens"), model);
        List<Step.Rewrite> normalizers = NormalizerParser.parse(json.at("normalizer"));
        PreTokenizerParser.Result preTokenizer = PreTokenizerParser.parse(json.at("pre_tokenizer"));
        if (preTokenizer.byteLevel() && !hasAllBytes(model)) {
            preTokenizer = preTokenizer.withCharsWritten();
        }
        Map<String, Integer> ids = new HashMap<>(model.vocabulary());
        added.forEach(t -> ids.put(t.content(), t.id()));
        Template written = Template.parse(json.at("post_processor"));
        // of the same ids, those of the file have its type ids
        Template template =
                settings.template(ids).filter(t -> !t.hasIdsOf(written)).orElse(written);
        return new TokenizerSpec(
                json.file(),
                added,
                normalizers,
                preTokenizer,
                model,
                template,
                json.at("post_processor").present()
                        ? json.at("post_processor").value().toString()
                        : "",
                DecoderParser.parse(json.at("decoder"), separator(ids.keySet())));
    }

    /** Whether a vocabulary can be stored as bytes: a byte-pair encoding with a token for each. */
    private static boolean hasAllBytes(ModelSpec model) {
        if (!(model instanceof ModelSpec.Bpe bpe)) {
            return false;
        }
        for (int value = 0; value < 256; value++) {
            if (!bpe.vocabulary().containsKey(String.valueOf(ByteLevel.charOf((byte) value)))) {
                return false;
            }
        }
        // Bytes that stand for a symbol would be those of its characters, marks included.
        boolean plain = bpe.wordInner().isEmpty() && bpe.wordEnd().isEmpty();
        boolean mapped = ByteLevel.bytes(bpe.wordInner()).isPresent()
                && ByteLevel.bytes(bpe.wordEnd()).isPresent();
        return plain || (mapped && !bpe.byteFallback());
    }

    /** A character that no token has. */
    private static String separator(Set<String> tokens) {
        for (char c = '\uE000'; ; c++) {
            char candidate = c;
            if (tokens.stream().allMatch(t -> t.indexOf(candidate) < 0)) {
                return String.valueOf(candidate);
            }
        }
    }

    /**
     * Added tokens have the ids that the library gives them, whatever the file says: the model's where the model has the
     * token, else the numbers from the size of the model's vocabulary on, in the order of the file's ids.
     */
    private static List<AddedToken> added(JsonAt list, ModelSpec model) {
        Map<String, AddedToken> tokens = new LinkedHashMap<>();
        Map<Integer, String> taken = new HashMap<>();
        model.vocabulary().forEach((token, id) -> taken.put(id, token));
        int next = model.size();
        List<JsonAt> items = new ArrayList<>(list.items());
        items.sort(Comparator.comparingInt(item -> AddedToken.parse(item).id()));
        for (JsonAt item : items) {
            AddedToken token = AddedToken.parse(item);
            if (token.content().isEmpty()) {
                continue;
            }
            AddedToken known = tokens.get(token.content());
            Integer id = known != null
                    ? Integer.valueOf(known.id())
                    : model.vocabulary().get(token.content());
            if (id == null) {
                id = next++;
                String other = taken.put(id, token.content());
                if (other != null) {
                    throw item.error("token \"" + token.content() + "\" would have the id " + id + " of token \""
                            + other + "\"");
                }
            }
            tokens.put(token.content(), token.withId(id));
        }
        return tokens.values().stream()
                .sorted(Comparator.comparingInt(AddedToken::id))
                .toList();
    }

    /** The ids below the greatest that no token has, separated by commas. */
    String unusedIds() {
        BitSet used = new BitSet();
        model.vocabulary().values().forEach(used::set);
        if (model instanceof ModelSpec.Unigram) {
            used.set(0, model.size());
        }
        added.forEach(t -> used.set(t.id()));
        if (used.length() - used.cardinality() > MAX_UNUSED) {
            throw new TokenizerException(
                    file + ": " + (used.length() - used.cardinality()) + " ids below the greatest have no token");
        }
        StringBuilder unused = new StringBuilder();
        for (int id = used.nextClearBit(0); id < used.length(); id = used.nextClearBit(id + 1)) {
            unused.append(unused.isEmpty() ? "" : ",").append(id);
        }
        return unused.toString();
    }

    /** A text as the normalizer leaves it. */
    String normalize(String text) {
        String normal = text;
        for (Step.Rewrite step : normalizers) {
            normal = step.apply(normal);
        }
        return normal;
    }

    /** A character that no token has. */
    String separator() {
        Set<String> tokens = new HashSet<>(model.vocabulary().keySet());
        added.forEach(t -> tokens.add(t.content()));
        return separator(tokens);
    }

    /** One more than the greatest id. */
    int size() {
        int greatest = -1;
        for (int id : model.vocabulary().values()) {
            greatest = Math.max(greatest, id);
        }
        for (AddedToken token : added) {
            greatest = Math.max(greatest, token.id());
        }
        return greatest + 1;
    }

    /** What tokenizer_config.json changes. */
    interface Settings {
        /** A template in the post-processor's place, for tokenizer classes that make their own. */
        Optional<Template> template(Map<String, Integer> ids);
    }

    /** The id of a token, if it has one. */
    OptionalInt id(String token) {
        for (AddedToken candidate : added) {
            if (candidate.content().equals(token)) {
                return OptionalInt.of(candidate.id());
            }
        }
        Integer id = model.vocabulary().get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }
}
