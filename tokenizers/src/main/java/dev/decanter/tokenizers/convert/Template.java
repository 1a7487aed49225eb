package dev.decanter.tokenizers.convert;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Which ids come before, between and after one text or two.
 *
 * @param single for one text
 * @param pair for two
 */
record Template(List<Segment> single, List<Segment> pair) {
    static final int FIRST = -1;
    static final int SECOND = -2;

    /**
     * A part of the ids.
     *
     * @param id a literal id, or {@link #FIRST} or {@link #SECOND} for a text's
     * @param typeId its {@code token_type_ids}
     */
    record Segment(int id, int typeId) {}

    static final Template PLAIN =
            new Template(List.of(new Segment(FIRST, 0)), List.of(new Segment(FIRST, 0), new Segment(SECOND, 1)));

    /** Whether the two differ in type ids at most. */
    boolean hasIdsOf(Template other) {
        return ids(single).equals(ids(other.single)) && ids(pair).equals(ids(other.pair));
    }

    private static List<Integer> ids(List<Segment> segments) {
        return segments.stream().map(Segment::id).toList();
    }

    /** Number of ids that are added to one text. */
    int addedToSingle() {
        return (int) single.stream().filter(s -> s.id >= 0).count();
    }

    /** As OpenVINO Tokenizers stores it in rt_info. */
    String toJson() {
        return "{\"single\": " + toJson(single) + ", \"pair\": " + toJson(pair) + "}";
    }

    private static String toJson(List<Segment> segments) {
        Function<Function<Segment, Integer>, String> list =
                field -> segments.stream().map(field).map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
        return "{\"ids\": " + list.apply(Segment::id) + ", \"type_ids\": " + list.apply(Segment::typeId) + "}";
    }

    /** The {@code post_processor} of a tokenizer.json; empty if it adds nothing. */
    static Template parse(JsonAt processor) {
        return processor.present() ? find(processor).orElse(PLAIN) : PLAIN;
    }

    private static Optional<Template> find(JsonAt json) {
        String type = json.at("type").text();
        return switch (type) {
            case "ByteLevel" -> Optional.empty();
            case "Sequence" -> {
                Optional<Template> found = Optional.empty();
                for (JsonAt part : json.at("processors").items()) {
                    Optional<Template> next = find(part);
                    if (found.isPresent() && next.isPresent()) {
                        throw part.error("a second post-processor that adds tokens is not supported");
                    }
                    found = next.isPresent() ? next : found;
                }
                yield found;
            }
            case "TemplateProcessing" -> Optional.of(template(json));
            case "BertProcessing" -> Optional.of(fenced(json, false));
            case "RobertaProcessing" -> Optional.of(fenced(json, true));
            default -> throw json.error("post-processor " + type + " is unknown");
        };
    }

    private static Template fenced(JsonAt json, boolean roberta) {
        int sep = json.at("sep").at(1).integer();
        int cls = json.at("cls").at(1).integer();
        List<Segment> single = List.of(new Segment(cls, 0), new Segment(FIRST, 0), new Segment(sep, 0));
        List<Segment> pair = new ArrayList<>(single);
        int second = roberta ? 0 : 1;
        if (roberta) {
            pair.add(new Segment(sep, 0));
        }
        pair.add(new Segment(SECOND, second));
        pair.add(new Segment(sep, second));
        return new Template(single, pair);
    }

    private static Template template(JsonAt json) {
        return new Template(segments(json.at("single"), json), segments(json.at("pair"), json));
    }

    private static List<Segment> segments(JsonAt list, JsonAt processor) {
        List<Segment> segments = new ArrayList<>();
        for (JsonAt item : list.items()) {
            Map.Entry<String, JsonNode> entry = item.value().properties().stream()
                    .findFirst()
                    .orElseThrow(() -> item.error("expected SpecialToken or Sequence"));
            JsonAt body = item.at(entry.getKey());
            int typeId = body.at("type_id").integer(0);
            String id = body.at("id").text();
            switch (entry.getKey()) {
                case "Sequence" -> segments.add(new Segment(id.equals("A") ? FIRST : SECOND, typeId));
                case "SpecialToken" -> {
                    JsonAt ids = processor.at("special_tokens").at(id).at("ids");
                    if (ids.items().isEmpty()) {
                        throw body.error("special token \"" + id + "\" has no ids in special_tokens");
                    }
                    ids.items().forEach(i -> segments.add(new Segment(i.integer(), typeId)));
                }
                default -> throw item.error("expected SpecialToken or Sequence, found " + entry.getKey());
            }
        }
        return segments;
    }

    /**
     * What Transformers' Llama and Gemma classes put in a post-processor's place: {@code bos A eos}, each if its
     * {@code add_…_token} is set.
     */
    static Template bosEos(OptionalInt bos, OptionalInt eos) {
        List<Segment> single = new ArrayList<>();
        List<Segment> pair = new ArrayList<>();
        for (int typeId = 0; typeId < 2; typeId++) {
            int type = typeId;
            List<Segment> part = new ArrayList<>();
            bos.ifPresent(id -> part.add(new Segment(id, type)));
            part.add(new Segment(typeId == 0 ? FIRST : SECOND, type));
            eos.ifPresent(id -> part.add(new Segment(id, type)));
            if (typeId == 0) {
                single.addAll(part);
            }
            pair.addAll(part);
        }
        return new Template(single, pair);
    }
}
