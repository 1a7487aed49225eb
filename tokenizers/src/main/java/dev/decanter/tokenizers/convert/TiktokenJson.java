package dev.decanter.tokenizers.convert;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.tokenizers.TokenizerException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Writes the {@code tokenizer.json} that ranks of tiktoken amount to. The ranks do not say how text is cut nor which special
 * tokens there are: the tokenizer's class does, or the ranks themselves where they are those of a known encoding.
 */
final class TiktokenJson {
    /** OpenAI's cl100k as most models write it, Llama 3 and GLM-4 among them; what Transformers takes for ranks. */
    private static final String LLAMA3_PATTERN =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /** One digit at a time. */
    private static final String QWEN_PATTERN = LLAMA3_PATTERN.replace("\\p{N}{1,3}", "\\p{N}");

    private static final String CL100K_PATTERN =
            "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s+\\z|\\s*[\\r\\n]"
                    + "|\\s+(?!\\S)|\\s";

    private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String SHORT_FORM = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
    private static final String REST = "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final String O200K_PATTERN = "[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "*" + LOWER + "+" + SHORT_FORM
            + "|[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "+" + LOWER + "*" + SHORT_FORM + REST;

    /** As o200k, with runs of Han characters for themselves: Kimi's pattern, its intersections of sets as conditions. */
    private static final String KIMI_PATTERN = "[\\p{Han}]+|[^\\r\\n\\p{L}\\p{N}]?(?:(?!\\p{Han})" + UPPER
            + ")*(?:(?!\\p{Han})"
            + LOWER + ")+" + SHORT_FORM + "|[^\\r\\n\\p{L}\\p{N}]?(?:(?!\\p{Han})" + UPPER + ")+(?:(?!\\p{Han})" + LOWER
            + ")*" + SHORT_FORM + REST.replace("[\\r\\n/]", "[\\r\\n]");

    private static final String LLAMA3_RANKS = "82e9d31979e92ab929cd544440f129d9ecd797b69e327f80f17e1c50d5551b55";
    private static final String CL100K_RANKS = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7";
    private static final String O200K_RANKS = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d";

    /** Classes that say nothing of a tokenizer. Transformers cuts as Llama 3 does where ranks come with them. */
    private static final List<String> GENERIC =
            List.of("PreTrainedTokenizer", "TokenizersBackend", "LlamaTokenizer", "PythonBackend");

    private static final int RESERVED = 256;

    private final HfFolder folder;
    private final Ranks ranks;
    private final Map<Integer, String> special = new LinkedHashMap<>();
    private String pattern = LLAMA3_PATTERN;
    private boolean nfc;
    private List<String> before = List.of();
    private final Map<String, String> named = new LinkedHashMap<>();

    private TiktokenJson(HfFolder folder, Ranks ranks) {
        this.folder = folder;
        this.ranks = ranks;
    }

    static Source.Json read(HfFolder folder, Path file) {
        TiktokenJson json = new TiktokenJson(folder, Ranks.read(file));
        json.define();
        ObjectNode root = json.write();
        return new Source.Json(new JsonAt(root, file, ""), json.named);
    }

    private void define() {
        String type = HfFolder.withoutFast(folder.tokenizerClass().orElse(""));
        switch (type) {
            case "QWenTokenizer" -> qwen();
            case "ChatGLM4Tokenizer" -> {
                fillFromDecoder(0);
                before = List.of("[gMASK]", "<sop>");
            }
            case "TikTokenTokenizer" -> {
                pattern = KIMI_PATTERN;
                fillFromDecoder(RESERVED);
            }
            default -> {
                if (!known()
                        && !(GENERIC.contains(type) && decoderIds().iterator().hasNext())) {
                    throw new TokenizerException(
                            ranks.file() + ": has tiktoken's ranks, but "
                                    + (type.isEmpty() ? "no file names the tokenizer's class" : type + " is not known")
                                    + ": it would say how text is cut. Known are QWenTokenizer, ChatGLM4Tokenizer, TikTokenTokenizer"
                                    + " (Kimi), PreTrainedTokenizerFast with added_tokens_decoder (Llama 3), and the ranks of"
                                    + " Llama 3, cl100k_base and o200k_base; save the tokenizer as a fast one (tokenizer.json)");
                }
            }
        }
    }

    /** Whether the ranks are those of an encoding that is known by them. */
    private boolean known() {
        switch (ranks.sha256()) {
            case LLAMA3_RANKS -> {
                fillFromDecoder(0);
                if (special.isEmpty()) {
                    llama3();
                }
                before = folder.config().at("add_bos_token").flag(true) ? List.of("<|begin_of_text|>") : List.of();
            }
            case CL100K_RANKS -> {
                pattern = CL100K_PATTERN;
                openAi(Map.of(
                        "<|endoftext|>", 100257,
                        "<|fim_prefix|>", 100258,
                        "<|fim_middle|>", 100259,
                        "<|fim_suffix|>", 100260,
                        "<|endofprompt|>", 100276));
            }
            case O200K_RANKS -> {
                pattern = O200K_PATTERN;
                openAi(Map.of("<|endoftext|>", 199999, "<|endofprompt|>", 200018));
            }
            default -> {
                fillFromDecoder(0);
                return false;
            }
        }
        return true;
    }

    private void openAi(Map<String, Integer> tokens) {
        fillFromDecoder(0);
        if (special.isEmpty()) {
            tokens.forEach((token, id) -> special.put(id, token));
            named.put("eos_token", "<|endoftext|>");
        }
    }

    private void qwen() {
        if (folder.optional("config.json").at("visual").present()) {
            throw new TokenizerException(folder.path() + ": Qwen-VL's tokenizer reads images, which is not supported");
        }
        pattern = QWEN_PATTERN;
        nfc = true;
        List<String> tokens = new ArrayList<>(List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>"));
        for (int i = 0; i < 205; i++) {
            tokens.add("<|extra_" + i + "|>");
        }
        fill(tokens);
        named.put("eos_token", "<|endoftext|>");
        named.put("pad_token", "<|endoftext|>");
    }

    private void llama3() {
        List<String> tokens = new ArrayList<>(List.of(
                "<|begin_of_text|>",
                "<|end_of_text|>",
                "<|reserved_special_token_0|>",
                "<|reserved_special_token_1|>",
                "<|finetune_right_pad_id|>",
                "<|reserved_special_token_2|>",
                "<|start_header_id|>",
                "<|end_header_id|>",
                "<|eom_id|>",
                "<|eot_id|>",
                "<|python_tag|>"));
        for (int i = 3; tokens.size() < RESERVED; i++) {
            tokens.add("<|reserved_special_token_" + i + "|>");
        }
        fill(tokens);
        named.put("bos_token", "<|begin_of_text|>");
        named.put("eos_token", "<|end_of_text|>");
    }

    private void fill(List<String> tokens) {
        for (String token : tokens) {
            special.put(ranks.ids().size() + special.size(), token);
        }
    }

    private Iterable<String> decoderIds() {
        JsonAt decoder = folder.config().at("added_tokens_decoder");
        List<String> ids = new ArrayList<>();
        if (decoder.present()) {
            decoder.members().forEach(entry -> ids.add(entry.getKey()));
        }
        return ids;
    }

    /** The configuration's tokens; ids between them, and at least {@code reserved} behind the ranks, are reserved ones. */
    private void fillFromDecoder(int reserved) {
        int first = ranks.ids().size();
        int end = first + reserved;
        Map<Integer, String> named = new LinkedHashMap<>();
        for (String key : decoderIds()) {
            JsonAt entry = folder.config().at("added_tokens_decoder").at(key);
            if (!key.matches("\\d{1,8}")) {
                throw entry.error("\"" + key + "\" is no id");
            }
            int id = Integer.parseInt(key);
            if (id < first) {
                continue;
            }
            if (id - first > (1 << 20)) {
                throw entry.error("id " + id + " is far behind the " + first + " ranks");
            }
            named.put(id, entry.at("content").text());
            end = Math.max(end, id + 1);
        }
        for (int id = first; id < end; id++) {
            special.put(id, named.getOrDefault(id, "<|reserved_token_" + id + "|>"));
        }
    }

    private ObjectNode write() {
        Map<String, Integer> ids = new LinkedHashMap<>(ranks.ids());
        special.forEach((id, token) -> {
            Integer other = ids.putIfAbsent(token, id);
            if (other != null) {
                throw folder.config()
                        .at("added_tokens_decoder")
                        .error("the token \"" + token + "\" has the ids " + other + " and " + id);
            }
        });
        AddedTokens.Result added = AddedTokens.read(folder, ids, named, false);
        Set<String> listed = new HashSet<>();
        added.list().forEach(token -> listed.add(token.path("content").textValue()));
        special.forEach((id, token) -> {
            if (!listed.contains(token)) {
                added.list().add(reserved(id, token));
            }
        });
        added.named().forEach(named::putIfAbsent);
        ObjectNode root = Parts.object().put("version", "1.0");
        root.set("added_tokens", added.list());
        root.set(
                "pre_tokenizer",
                Parts.sequence(
                        "pretokenizers", Parts.split(pattern, "Isolated", false), Parts.byteLevel(false, false)));
        if (nfc) {
            root.set("normalizer", Parts.of("NFC"));
        }
        root.set("post_processor", processor(added));
        root.set("decoder", Parts.byteLevel(true, true));
        root.set("model", Parts.bpe(ranks.ids(), ranks.merges()).put("ignore_merges", true));
        return root;
    }

    private static ObjectNode reserved(int id, String token) {
        return Parts.object()
                .put("id", id)
                .put("content", token)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", true);
    }

    private ObjectNode processor(AddedTokens.Result added) {
        List<String> first = new ArrayList<>(before);
        List<String> last = new ArrayList<>();
        if (before.isEmpty() && folder.config().at("add_bos_token").flag(false)) {
            Optional.ofNullable(added.named().get("bos_token")).ifPresent(first::add);
        }
        if (folder.config().at("add_eos_token").flag(false)) {
            Optional.ofNullable(added.named().get("eos_token")).ifPresent(last::add);
        }
        if (first.isEmpty() && last.isEmpty()) {
            return Parts.byteLevel(true, true);
        }
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (List<String> tokens : List.of(first, last)) {
            for (String token : tokens) {
                Integer id = added.ids().get(token);
                if (id == null) {
                    throw folder.config()
                            .error("has no token \"" + token + "\", which " + folder.className() + " adds");
                }
                ids.put(token, id);
            }
        }
        // a second text is a part of the same prompt for GLM, a sentence of its own with bos and eos flags
        boolean again = before.size() < 2;
        List<String> single = segments(first, "$A", last, 0);
        List<String> pair = new ArrayList<>(single);
        pair.addAll(again ? segments(first, "$B", last, 1) : List.of("$B:1"));
        return Parts.template(single, pair, ids);
    }

    private static List<String> segments(List<String> first, String text, List<String> last, int type) {
        List<String> parts = new ArrayList<>();
        first.forEach(token -> parts.add(token + ":" + type));
        parts.add(text + ":" + type);
        last.forEach(token -> parts.add(token + ":" + type));
        return parts;
    }
}
