package dev.decanter.tokenizers.convert;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/** Parts of a {@code tokenizer.json}. */
final class Parts {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private Parts() {}

    static ObjectNode object() {
        return NODES.objectNode();
    }

    static ArrayNode array() {
        return NODES.arrayNode();
    }

    static ObjectNode of(String type) {
        return object().put("type", type);
    }

    static ObjectNode sequence(String key, ObjectNode... parts) {
        ObjectNode sequence = of("Sequence");
        sequence.putArray(key).addAll(List.of(parts));
        return sequence;
    }

    static ObjectNode byteLevel(boolean prefixSpace, boolean useRegex) {
        return of("ByteLevel")
                .put("add_prefix_space", prefixSpace)
                .put("trim_offsets", true)
                .put("use_regex", useRegex);
    }

    private static ObjectNode pattern(String regex) {
        return object().put("Regex", regex);
    }

    static ObjectNode split(String regex, String behavior, boolean invert) {
        ObjectNode split = of("Split");
        split.set("pattern", pattern(regex));
        return split.put("behavior", behavior).put("invert", invert);
    }

    static ObjectNode replace(String regex, String content) {
        ObjectNode replace = of("Replace");
        replace.set("pattern", pattern(regex));
        return replace.put("content", content);
    }

    static ObjectNode bpe(Map<String, Integer> vocabulary, ArrayNode merges) {
        ObjectNode model = of("BPE")
                .put("continuing_subword_prefix", "")
                .put("end_of_word_suffix", "")
                .put("fuse_unk", false)
                .put("byte_fallback", false)
                .put("ignore_merges", false);
        model.set("vocab", vocabulary(vocabulary));
        model.set("merges", merges);
        return model;
    }

    static ObjectNode vocabulary(Map<String, Integer> vocabulary) {
        ObjectNode vocab = object();
        vocabulary.forEach(vocab::put);
        return vocab;
    }

    /** {@code RobertaProcessing} or {@code BertProcessing}. */
    static ObjectNode fenced(String type, String sep, int sepId, String cls, int clsId) {
        ObjectNode processing = of(type);
        processing.putArray("sep").add(sep).add(sepId);
        processing.putArray("cls").add(cls).add(clsId);
        return processing;
    }

    /**
     * A {@code TemplateProcessing}.
     *
     * @param single parts of one text as Transformers writes them: {@code [CLS]:0 $A:0 [SEP]:0}
     * @param pair parts of two
     * @param ids the special tokens' ids
     */
    static ObjectNode template(List<String> single, List<String> pair, Map<String, Integer> ids) {
        ObjectNode template = of("TemplateProcessing");
        template.set("single", segments(single));
        template.set("pair", segments(pair));
        ObjectNode tokens = template.putObject("special_tokens");
        ids.forEach((token, id) -> {
            ObjectNode entry = tokens.putObject(token).put("id", token);
            entry.putArray("ids").add(id);
            entry.putArray("tokens").add(token);
        });
        return template;
    }

    private static ArrayNode segments(List<String> parts) {
        ArrayNode segments = array();
        for (String part : parts) {
            int colon = part.lastIndexOf(':');
            String name = part.substring(0, colon);
            boolean text = name.equals("$A") || name.equals("$B");
            segments.addObject()
                    .putObject(text ? "Sequence" : "SpecialToken")
                    .put("id", text ? name.substring(1) : name)
                    .put("type_id", Integer.parseInt(part.substring(colon + 1)));
        }
        return segments;
    }
}
