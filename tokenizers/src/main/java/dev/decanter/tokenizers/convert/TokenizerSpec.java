package dev.decanter.tokenizers.convert;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

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

    /** Reads the content of a tokenizer.json. */
    static TokenizerSpec read(JsonAt json, Settings settings) {
        if (!json.value().isObject() || !json.at("model").present()) {
            throw json.error("not a tokenizer: it has no \"model\"");
        }
        ModelSpec model = ModelSpec.parse(json.at("model"));
        List<AddedToken> added = added(json.at("added_tokens"), model);
        List<Step.Rewrite> normalizers = NormalizerParser.parse(json.at("normalizer"));
        PreTokenizerParser.Result preTokenizer =
                PreTokenizerParser.parse(json.at("pre_tokenizer"), !normalizers.isEmpty());
        if (!preTokenizer.firstPrefix().isEmpty() && normalizers.stream().anyMatch(TokenizerSpec::looksAtBeginning)) {
            throw json.at("pre_tokenizer")
                    .error("Metaspace with prepend_scheme first behind a Prepend or Strip normalizer is not supported");
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
                DecoderParser.parse(json.at("decoder")));
    }

    private static boolean looksAtBeginning(Step.Rewrite step) {
        return step instanceof Step.Replace replace
                && (replace.pattern().contains("\\A") || replace.pattern().contains("^"));
    }

    private static List<AddedToken> added(JsonAt list, ModelSpec model) {
        List<AddedToken> tokens = new ArrayList<>();
        for (JsonAt item : list.items()) {
            AddedToken token = AddedToken.parse(item);
            if (!token.content().isEmpty()) {
                // The library takes the model's id where the model has the token.
                tokens.add(token.withId(model.vocabulary().getOrDefault(token.content(), token.id())));
            }
        }
        tokens.sort(java.util.Comparator.comparingInt(AddedToken::id));
        return tokens;
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
