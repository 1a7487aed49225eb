package dev.decanter.tokenizers.convert;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The added tokens of a folder without {@code tokenizer.json}, gathered as Transformers does: {@code added_tokens_decoder}
 * of {@code tokenizer_config.json}, or where it is absent {@code added_tokens.json} and {@code special_tokens_map.json}; then
 * the special tokens by name, those of the class where no file names others; then the additional ones. A token that is not in
 * the vocabulary gets the next id, whatever id a file claims: so do Transformers' fast tokenizers and the graphs made of them.
 */
final class AddedTokens {
    private static final List<String> NAMED =
            List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");
    private static final List<String> LISTS = List.of("additional_special_tokens", "extra_special_tokens");

    private final HfFolder folder;
    private final Map<String, String> defaults;
    private final boolean maskTakesSpace;
    private final Map<String, ObjectNode> tokens = new LinkedHashMap<>();
    private final Map<String, String> named = new LinkedHashMap<>();
    private final Map<String, ObjectNode> withFlags = new HashMap<>();

    private AddedTokens(HfFolder folder, Map<String, String> defaults, boolean maskTakesSpace) {
        this.folder = folder;
        this.defaults = defaults;
        this.maskTakesSpace = maskTakesSpace;
    }

    /**
     * @param list in the form of a {@code tokenizer.json}
     * @param named the special tokens by key
     * @param ids ids of all tokens, those of the vocabulary included
     */
    record Result(ArrayNode list, Map<String, String> named, Map<String, Integer> ids) {
        int id(String token) {
            Integer id = ids.get(token);
            if (id == null) {
                throw new IllegalStateException("a named token without an id: " + token);
            }
            return id;
        }
    }

    static Result read(
            HfFolder folder, Map<String, Integer> vocabulary, Map<String, String> defaults, boolean maskTakesSpace) {
        return new AddedTokens(folder, defaults, maskTakesSpace).read(vocabulary);
    }

    private Result read(Map<String, Integer> vocabulary) {
        JsonAt decoder = folder.config().at("added_tokens_decoder");
        if (decoder.present()) {
            readDecoder(decoder);
        }
        addNamed(decoder.present());
        if (!decoder.present()) {
            readAddedTokens();
        }
        named.forEach((key, token) -> {
            Optional.ofNullable(withFlags.get(token)).ifPresent(this::add);
            special(token, key.equals("mask_token") && maskTakesSpace);
        });
        for (JsonAt source : List.of(folder.config(), folder.specialTokensMap())) {
            LISTS.forEach(key -> addList(source.at(key)));
        }
        Map<String, Integer> ids = new LinkedHashMap<>(vocabulary);
        int next =
                vocabulary.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
        ArrayNode list = Parts.array();
        for (ObjectNode token : tokens.values()) {
            String content = token.get("content").textValue();
            if (!ids.containsKey(content)) {
                ids.put(content, next++);
            }
            list.add(token.put("id", ids.get(content)));
        }
        return new Result(list, named, ids);
    }

    private void readDecoder(JsonAt decoder) {
        List<JsonAt> entries = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : decoder.members()) {
            if (!entry.getKey().matches("\\d{1,9}")) {
                throw decoder.error("\"" + entry.getKey() + "\" is no id");
            }
            entries.add(decoder.at(entry.getKey()));
        }
        entries.sort(java.util.Comparator.comparingInt(AddedTokens::key));
        entries.forEach(entry -> add(flagged(entry)));
    }

    private static int key(JsonAt entry) {
        return Integer.parseInt(entry.path().substring(entry.path().lastIndexOf('.') + 1));
    }

    /** A token of an object with its content and flags. */
    private static ObjectNode flagged(JsonAt entry) {
        String content = entry.at("content").text();
        boolean special = entry.at("special").flag(false);
        return Parts.object()
                .put("content", content)
                .put("single_word", entry.at("single_word").flag(false))
                .put("lstrip", entry.at("lstrip").flag(false))
                .put("rstrip", entry.at("rstrip").flag(false))
                .put("normalized", entry.at("normalized").flag(!special))
                .put("special", special);
    }

    private void add(ObjectNode token) {
        String content = token.get("content").textValue();
        if (!content.isEmpty()) {
            tokens.putIfAbsent(content, token);
        }
    }

    /** Marks a token as special; adds it if no file has flags for it. */
    private void special(String content, boolean takesSpace) {
        if (content.isEmpty()) {
            return;
        }
        tokens.computeIfAbsent(
                        content,
                        c -> Parts.object()
                                .put("content", c)
                                .put("single_word", false)
                                .put("lstrip", takesSpace)
                                .put("rstrip", false)
                                .put("normalized", false))
                .put("special", true);
    }

    private void addNamed(boolean decoder) {
        List<String> keys = new ArrayList<>(NAMED);
        defaults.keySet().stream().filter(key -> !keys.contains(key)).forEach(keys::add);
        for (Map.Entry<String, JsonNode> entry : folder.config().value().properties()) {
            boolean names = entry.getValue().isTextual()
                    || entry.getValue().path("content").isTextual();
            if (entry.getKey().endsWith("_token") && names && !keys.contains(entry.getKey())) {
                keys.add(entry.getKey());
            }
        }
        for (String key : keys) {
            JsonAt map = folder.specialTokensMap().at(key);
            JsonAt config = folder.config().at(key);
            JsonAt entry = map.present() && (!decoder || !config.present()) ? map : config;
            if (entry.value().isObject()) {
                ObjectNode token = flagged(entry);
                String content = token.get("content").textValue();
                named.put(key, content);
                withFlags.putIfAbsent(content, token);
            } else if (entry.present()) {
                named.put(key, entry.text());
            } else if (!folder.config().value().has(key)
                    && !folder.specialTokensMap().value().has(key)) {
                Optional.ofNullable(defaults.get(key)).ifPresent(token -> named.put(key, token));
            }
        }
    }

    private void readAddedTokens() {
        JsonAt file = folder.optional("added_tokens.json");
        if (!file.present()) {
            return;
        }
        List<String> special = new ArrayList<>(named.values());
        for (JsonAt source : List.of(folder.config(), folder.specialTokensMap())) {
            for (String key : LISTS) {
                for (JsonAt item : list(source.at(key))) {
                    special.add(item.value().isObject() ? item.at("content").text() : item.text());
                }
            }
        }
        List<Map.Entry<String, JsonNode>> entries = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : file.members()) {
            if (!entry.getValue().isInt()) {
                throw file.error("token \"" + entry.getKey() + "\" has the id " + entry.getValue() + ", which is none");
            }
            entries.add(entry);
        }
        entries.sort(java.util.Comparator.comparingInt(e -> e.getValue().intValue()));
        for (Map.Entry<String, JsonNode> entry : entries) {
            boolean isSpecial = special.contains(entry.getKey());
            add(Parts.object()
                    .put("content", entry.getKey())
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", !isSpecial)
                    .put("special", isSpecial));
        }
    }

    /** A list of tokens, or those of an object that gives each a name. */
    private static List<JsonAt> list(JsonAt entry) {
        if (!entry.value().isObject()) {
            return entry.items();
        }
        List<JsonAt> items = new ArrayList<>();
        entry.members().forEach(member -> items.add(entry.at(member.getKey())));
        return items;
    }

    private void addList(JsonAt entry) {
        for (JsonAt item : list(entry)) {
            if (item.value().isObject()) {
                add(flagged(item));
                special(item.at("content").text(), false);
            } else {
                special(item.text(), false);
            }
        }
    }
}
