package dev.decanter.tokenizers.convert;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.decanter.tokenizers.TokenizerException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes the {@code tokenizer.json} that a family's vocabulary files amount to: what the classes of Transformers 5 make of
 * them, and {@code convert_slow_tokenizer} of Transformers 4 where the two differ and the published {@code tokenizer.json}
 * files side with it (the mask of RoBERTa takes the space before it, Blenderbot ends a text).
 */
final class FamilyJson {
    private static final String QWEN2_PATTERN =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+"
                    + "|\\s+(?!\\S)|\\s+";
    private static final String QWEN3_5_PATTERN =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String CLIP_PATTERN =
            "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

    private final HfFolder folder;
    private final Family family;
    private final JsonAt config;
    private final Path file;
    private final Map<String, Integer> vocabulary;
    private final AddedTokens.Result added;

    private FamilyJson(HfFolder folder, Family family) {
        this.folder = folder;
        this.family = family;
        config = folder.config();
        file = folder.path().resolve(family.files().getFirst());
        vocabulary = vocabulary();
        added = AddedTokens.read(folder, vocabulary, family.tokens(), family.maskTakesSpace());
    }

    static Source.Json read(HfFolder folder, Family family) {
        FamilyJson json = new FamilyJson(folder, family);
        return new Source.Json(new JsonAt(json.write(), json.file, ""), json.added.named());
    }

    private Map<String, Integer> vocabulary() {
        Map<String, Integer> ids = new LinkedHashMap<>();
        if (file.toString().endsWith(".txt")) {
            int id = 0;
            for (String line : TextLines.read(file)) {
                ids.put(line.stripTrailing(), id++);
            }
        } else {
            JsonAt json = JsonAt.read(file);
            Optional<String> language = config.at("target_lang").optionalText();
            JsonAt vocab = family == Family.WAV2VEC2 && language.isPresent() ? json.at(language.get()) : json;
            for (Map.Entry<String, JsonNode> entry : vocab.members()) {
                if (!entry.getValue().isInt() || entry.getValue().intValue() < 0) {
                    throw vocab.error(
                            "token \"" + entry.getKey() + "\" has the id " + entry.getValue() + ", which is none");
                }
                ids.put(entry.getKey(), entry.getValue().intValue());
            }
        }
        if (ids.isEmpty()) {
            throw new TokenizerException(file + ": has no tokens");
        }
        return ids;
    }

    private ObjectNode write() {
        ObjectNode root = Parts.object().put("version", "1.0");
        root.set("added_tokens", added.list());
        switch (family) {
            case BERT, MPNET, FUNNEL, SPLINTER -> writeBert(root);
            case ESM, WAV2VEC2 -> new WordJson(folder, vocabulary, added).write(root, family);
            default -> writeBpe(root);
        }
        return root;
    }

    private boolean flag(String key, boolean absent) {
        return config.at(key).flag(absent);
    }

    private Optional<String> token(String key) {
        return Optional.ofNullable(added.named().get(key));
    }

    private String required(String key) {
        return token(key).orElseThrow(() -> config.error("has no " + key + ", which " + folder.className() + " needs"));
    }

    private void writeBpe(ObjectNode root) {
        ObjectNode model = Parts.bpe(vocabulary, merges());
        root.set("model", model);
        boolean prefixSpace = flag("add_prefix_space", family == Family.BLENDERBOT);
        ObjectNode preTokenizer = Parts.byteLevel(prefixSpace, true);
        ObjectNode decoder = Parts.byteLevel(true, true);
        ObjectNode processor = bosEos();
        switch (family) {
            case NEOX -> root.set("normalizer", Parts.of("NFC"));
            case QWEN2, QWEN3_5 -> {
                root.set("normalizer", Parts.of("NFC"));
                String pattern = family == Family.QWEN2 ? QWEN2_PATTERN : QWEN3_5_PATTERN;
                preTokenizer = Parts.sequence(
                        "pretokenizers", Parts.split(pattern, "Isolated", false), Parts.byteLevel(prefixSpace, false));
            }
            case ROBERTA -> processor = fenced("RobertaProcessing", "sep_token", "cls_token");
            case BLENDERBOT -> processor = template("$A:0 eos_token:0", "$A:0 eos_token:0");
            case DEBERTA ->
                processor = template(
                        "cls_token:0 $A:0 sep_token:0", "cls_token:0 $A:0 sep_token:0 sep_token:0 $B:0 sep_token:0");
            case CLIP -> {
                model.put("unk_token", required("unk_token")).put("end_of_word_suffix", "</w>");
                root.set(
                        "normalizer",
                        Parts.sequence(
                                "normalizers", Parts.of("NFC"), Parts.replace("\\s+", " "), Parts.of("Lowercase")));
                preTokenizer = Parts.sequence(
                        "pretokenizers", Parts.split(CLIP_PATTERN, "Removed", true), Parts.byteLevel(false, true));
                processor = fenced("RobertaProcessing", "eos_token", "bos_token");
                decoder = Parts.sequence(
                        "decoders",
                        decoder,
                        Parts.replace("</w>", " "),
                        Parts.replace("\\A[\\s\\x{1C}-\\x{1F}]+|[\\s\\x{1C}-\\x{1F}]+\\z", ""));
            }
            case WHISPER -> processor = whisper();
            case OPENAI_GPT, HERBERT -> {
                boolean lower = family == Family.OPENAI_GPT;
                model.put("unk_token", required("unk_token")).put("end_of_word_suffix", "</w>");
                root.set("normalizer", bertNormalizer(true, true, lower).put("strip_accents", lower));
                preTokenizer = Parts.of("BertPreTokenizer");
                decoder = Parts.of("BPEDecoder").put("suffix", "</w>");
                if (!lower) {
                    processor = fenced("BertProcessing", "sep_token", "cls_token");
                }
            }
            default -> {}
        }
        root.set("pre_tokenizer", preTokenizer);
        root.set("post_processor", processor);
        root.set("decoder", decoder);
    }

    private ArrayNode merges() {
        Path merges = folder.path().resolve(family.files().getLast());
        ArrayNode list = Parts.array();
        int number = 0;
        for (String line : TextLines.read(merges)) {
            number++;
            if (line.startsWith("#version") || line.isEmpty()) {
                continue;
            }
            int space = line.indexOf(' ');
            if (space < 1 || space == line.length() - 1 || line.indexOf(' ', space + 1) >= 0) {
                throw new TokenizerException(
                        merges + ": line " + number + ": expected two tokens, found \"" + line + "\"");
            }
            String left = line.substring(0, space);
            String right = line.substring(space + 1);
            for (String token : List.of(left, right, left + right)) {
                if (!vocabulary.containsKey(token)) {
                    throw new TokenizerException(merges + ": line " + number + ": \"" + token + "\" is not in "
                            + file.getFileName() + "; the two files do not belong together");
                }
            }
            list.addArray().add(left).add(right);
        }
        return list;
    }

    /** {@code bos A eos}, each if its {@code add_…_token} is set and there is one. */
    private ObjectNode bosEos() {
        boolean bos = flag("add_bos_token", false) && token("bos_token").isPresent();
        boolean eos = flag("add_eos_token", false) && token("eos_token").isPresent();
        String single = (bos ? "bos_token:0 " : "") + "$A:0" + (eos ? " eos_token:0" : "");
        String second = (bos ? " bos_token:1" : "") + " $B:1" + (eos ? " eos_token:1" : "");
        return bos || eos ? template(single, single + second) : Parts.byteLevel(true, true);
    }

    private ObjectNode fenced(String type, String sepKey, String clsKey) {
        String sep = required(sepKey);
        String cls = required(clsKey);
        return Parts.fenced(type, sep, added.id(sep), cls, added.id(cls));
    }

    /** A template of which the special tokens are written as their keys. */
    private ObjectNode template(String single, String pair) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        return Parts.template(named(single, ids), named(pair, ids), ids);
    }

    private List<String> named(String parts, Map<String, Integer> ids) {
        List<String> named = new ArrayList<>();
        for (String part : parts.split(" ", -1)) {
            if (part.startsWith("$")) {
                named.add(part);
                continue;
            }
            int colon = part.lastIndexOf(':');
            String token = required(part.substring(0, colon));
            ids.put(token, added.id(token));
            named.add(token + part.substring(colon));
        }
        return named;
    }

    /** The start of a transcript, its language and task if the configuration names them, and the end. */
    private ObjectNode whisper() {
        List<String> prefix = new ArrayList<>(List.of("<|startoftranscript|>"));
        config.at("language").optionalText().ifPresent(language -> prefix.add("<|" + language + "|>"));
        config.at("task").optionalText().ifPresent(task -> prefix.add("<|" + task + "|>"));
        if (!flag("predict_timestamps", false)) {
            prefix.add("<|notimestamps|>");
        }
        Map<String, Integer> ids = new LinkedHashMap<>();
        for (String token : prefix) {
            Integer id = added.ids().get(token);
            if (id == null) {
                throw config.error("has no token \"" + token + "\", which " + folder.className()
                        + " begins a text with; name it in added_tokens_decoder");
            }
            ids.put(token, id);
        }
        String eos = required("eos_token");
        ids.put(eos, added.id(eos));
        List<String> single = new ArrayList<>();
        prefix.forEach(token -> single.add(token + ":0"));
        List<String> pair = new ArrayList<>(single);
        single.addAll(List.of("$A:0", eos + ":0"));
        pair.addAll(List.of("$A:0", "$B:1", eos + ":1"));
        return Parts.template(single, pair, ids);
    }

    private static ObjectNode bertNormalizer(boolean clean, boolean chinese, boolean lower) {
        return Parts.of("BertNormalizer")
                .put("clean_text", clean)
                .put("handle_chinese_chars", chinese)
                .put("lowercase", lower);
    }

    private void writeBert(ObjectNode root) {
        ObjectNode normalizer = bertNormalizer(
                family != Family.FUNNEL || flag("clean_text", true),
                flag("tokenize_chinese_chars", true),
                flag("do_lower_case", true));
        if (config.at("strip_accents").present()) {
            normalizer.put("strip_accents", flag("strip_accents", false));
        }
        root.set("normalizer", normalizer);
        root.set("pre_tokenizer", Parts.of("BertPreTokenizer"));
        ObjectNode model = Parts.of("WordPiece")
                .put("unk_token", required("unk_token"))
                .put("continuing_subword_prefix", "##")
                .put("max_input_chars_per_word", 100);
        model.set("vocab", Parts.vocabulary(vocabulary));
        root.set("model", model);
        String prefix = family == Family.FUNNEL ? config.at("wordpieces_prefix").text("##") : "##";
        root.set("decoder", Parts.of("WordPiece").put("prefix", prefix).put("cleanup", true));
        root.set(
                "post_processor",
                switch (family) {
                    case MPNET -> fenced("RobertaProcessing", "sep_token", "cls_token");
                    case FUNNEL ->
                        template("cls_token:2 $A:0 sep_token:0", "cls_token:2 $A:0 sep_token:0 $B:1 sep_token:1");
                    case SPLINTER -> splinter();
                    default ->
                        template("cls_token:0 $A:0 sep_token:0", "cls_token:0 $A:0 sep_token:0 $B:1 sep_token:1");
                });
    }

    /** A question ends with its own token and a full stop. */
    private ObjectNode splinter() {
        Map<String, Integer> ids = new LinkedHashMap<>();
        List<String> question = new ArrayList<>(named("question_token:0", ids));
        Integer dot = vocabulary.get(".");
        if (dot == null) {
            throw new TokenizerException(file + ": has no token \".\", which SplinterTokenizer needs");
        }
        ids.put(".", dot);
        question.add(".:0");
        List<String> first = named("cls_token:0 $A:0", ids);
        List<String> end = named("sep_token:0", ids);
        List<String> second = named("$B:1", ids);
        List<String> single = new ArrayList<>(first);
        single.addAll(end);
        boolean questionFirst = config.at("padding_side").text("right").equals("right");
        List<String> pair = new ArrayList<>(first);
        if (questionFirst) {
            pair.addAll(question);
        }
        pair.addAll(end);
        pair.addAll(second);
        if (!questionFirst) {
            question.forEach(part -> pair.add(part.replaceFirst(":0$", ":1")));
        }
        pair.addAll(named("sep_token:1", ids));
        return Parts.template(single, pair, ids);
    }
}
