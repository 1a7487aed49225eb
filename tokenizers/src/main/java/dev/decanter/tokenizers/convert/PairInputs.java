package dev.decanter.tokenizers.convert;

import static dev.decanter.tokenizers.convert.GraphBuilder.INTS;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.tokenizers.TokenizerException;
import dev.decanter.tokenizers.ops.Vocabularies;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Gives a tokenizer's graph a second input for pairs of texts, as OpenVINO Tokenizers does for two inputs and OpenVINO GenAI
 * for {@code add_second_input}: both texts go through the graph one behind the other, and before CombineSegments their rows
 * are told apart again and put together by the template of {@code rt_info}. A row of one input stands beside every row of the
 * other; with no rows in the second, the graph tokenizes single texts.
 */
public final class PairInputs {
    private static final String TEMPLATE = "processed_post_processor_template";
    private static final OutputSpec TEXTS = new OutputSpec(ElementType.STRING, PartialShape.ofRank(1));
    private static final OutputSpec SCALAR = new OutputSpec(ElementType.I32, PartialShape.of(new long[0]));

    private final Model model;
    private final GraphBuilder graph = new GraphBuilder("pair/");
    private final Node combine;
    private final List<Template.Segment> single;
    private final List<Template.Segment> pair;

    private PairInputs(Model model) {
        this.model = model;
        List<Node> combines = Vocabularies.nodes(model, "CombineSegments");
        if (model.parameters().size() != 1 || combines.size() != 1) {
            throw new TokenizerException(
                    "the tokenizer takes no pairs: it has " + model.parameters().size() + " inputs and "
                            + combines.size() + " CombineSegments layers instead of one each");
        }
        combine = combines.getFirst();
        JsonNode template = template();
        single = segments(template, "single");
        pair = segments(template, "pair");
        if (pair.stream().filter(s -> s.id() < 0).count() != 2) {
            throw new TokenizerException("the tokenizer takes no pairs: its template has no place for a second text");
        }
    }

    private JsonNode template() {
        Optional<String> text = model.rtInfo().text(TEMPLATE).filter(t -> !t.isBlank());
        if (text.isEmpty()) {
            throw new TokenizerException("the tokenizer takes no pairs: its rt_info has no " + TEMPLATE);
        }
        try {
            return new ObjectMapper().readTree(text.get());
        } catch (JsonProcessingException e) {
            throw new TokenizerException("rt_info " + TEMPLATE + " is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** {@code {"ids": […], "type_ids": […]}}; the second negative id is the second text's whatever its value. */
    private static List<Template.Segment> segments(JsonNode template, String key) {
        JsonNode ids = template.path(key).path("ids");
        JsonNode types = template.path(key).path("type_ids");
        List<Template.Segment> segments = new ArrayList<>();
        int id = Template.FIRST;
        for (int i = 0; i < ids.size(); i++) {
            if (!ids.get(i).isInt() || !types.path(i).isInt()) {
                throw new TokenizerException("rt_info " + TEMPLATE + ": " + key + " is not made of ids and type ids");
            }
            int value = ids.get(i).intValue();
            segments.add(
                    new Template.Segment(value < 0 ? id : value, types.get(i).intValue()));
            id = value < 0 ? Template.SECOND : id;
        }
        return segments;
    }

    /**
     * For files: only a template of two texts that begins as the one of one text does, so that the graph serves both.
     *
     * @throws TokenizerException if the template is none of those
     */
    static void addForBoth(Model model, boolean addSpecialTokens) {
        PairInputs pass = new PairInputs(model);
        if (pass.pair.size() < pass.single.size()
                || !pass.pair.subList(0, pass.single.size()).equals(pass.single)) {
            throw new TokenizerException(
                    "two inputs are not possible: what this tokenizer puts around a pair does not begin"
                            + " with what it puts around one text; convert it with one input");
        }
        pass.run(addSpecialTokens, true);
    }

    /** For a graph that encodes nothing but pairs; adds the output {@code token_type_ids} if it is missing. */
    public static void addForPairs(Model model) {
        PairInputs pass = new PairInputs(model);
        boolean special = pass.combine.inputs().size() > 4;
        Output types = pass.run(special || pass.single.size() == 1, false);
        if (model.result("token_type_ids").isEmpty()) {
            pass.addTypeIds(types);
        }
    }

    /** The sequence's segment, which is the output of a Truncate layer. */
    private Node truncate() {
        for (int at = 0; at + 2 < combine.inputs().size(); at += 3) {
            Node node = combine.input(at).node();
            if (node.op().type().equals("Truncate") && node.inputs().size() == 6) {
                return node;
            }
        }
        throw new TokenizerException(
                "the tokenizer takes no pairs: its text does not come to CombineSegments by a Truncate layer");
    }

    /** Rewrites the graph; returns the begins and type ids of the joined rows' segment ids, as CombineSegments gives them. */
    private Output run(boolean special, boolean both) {
        Node truncate = truncate();
        Node first = parameter("string_input_1");
        Node second = parameter("string_input_2");
        Output count1 = count(first.output());
        Output count2 = count(second.output());
        Output total = count(truncate.input(0));
        Output from = node(new BinaryOp.Minimum(), minus(total, count2), minus(total, graph.ints(1)));
        Output none = graph.node(
                        new BinaryOp.Equal(),
                        List.of(count2, graph.ints(0)),
                        new OutputSpec(ElementType.BOOLEAN, PartialShape.of(1)))
                .output();
        Output rows = node(new BinaryOp.Maximum(), count1, count2);
        List<Output> inputs = new ArrayList<>();
        for (int side = 0; side < 2; side++) {
            inputs.add(broadcast(slice(truncate.input(side), graph.ints(0), count1), rows));
        }
        inputs.add(truncate.input(2));
        for (int side = 0; side < 2; side++) {
            Output part = slice(truncate.input(side), from, total);
            Output kept = graph.node(new ShapeOp.Select(), List.of(none, graph.scalar(0), part), INTS)
                    .output();
            inputs.add(broadcast(kept, rows));
        }
        inputs.add(truncate.input(2));
        inputs.add(limit(truncate.input(3), special));
        inputs.addAll(truncate.inputs().subList(4, 6));
        Node cut = graph.extension("Truncate", Map.of("m_num_inputs", "2"), inputs, INTS, INTS, INTS, INTS, INTS, INTS);
        Node joined = combine(cut, none, special, both);
        for (int i = 0; i < 6; i++) {
            combine.output(i).replaceWith(joined.output(i));
        }
        combine.disconnect();
        Node old = model.parameters().getFirst();
        old.output()
                .replaceWith(graph.node(new ShapeOp.Concat(0), List.of(first.output(), second.output()), TEXTS)
                        .output());
        model.parameters().clear();
        model.parameters().addAll(List.of(first, second));
        return joined.output(5);
    }

    private Node parameter(String name) {
        Node node = Node.of(new Op.Parameter(ElementType.STRING, TEXTS.shape()), name, List.of(), List.of(TEXTS));
        node.output().named(name);
        return node;
    }

    private Output node(Op op, Output... inputs) {
        return graph.node(op, List.of(inputs), INTS).output();
    }

    private Output count(Output list) {
        return graph.node(
                        new ShapeOp.ShapeOf(ElementType.I32),
                        List.of(list),
                        new OutputSpec(ElementType.I32, PartialShape.of(1)))
                .output();
    }

    private Output minus(Output a, Output b) {
        return node(new BinaryOp.Subtract(), a, b);
    }

    private Output slice(Output list, Output from, Output to) {
        return node(new ShapeOp.Slice(), list, from, to, graph.ints(1));
    }

    private Output broadcast(Output list, Output rows) {
        return node(new ShapeOp.Broadcast(ShapeOp.BroadcastMode.NUMPY), list, rows);
    }

    private static int added(List<Template.Segment> segments) {
        return (int) segments.stream().filter(s -> s.id() >= 0).count();
    }

    /** The limit without special tokens, of which a pair has more; in newer files it is chosen by a state. */
    private Output limit(Output limit, boolean special) {
        int more = special ? added(pair) - added(single) : 0;
        if (more == 0) {
            return limit;
        }
        if (limit.node().op() instanceof ShapeOp.Select) {
            Node select = limit.node();
            return graph.node(
                            select.op(), List.of(select.input(0), less(select.input(1), more), select.input(2)), SCALAR)
                    .output();
        }
        return less(limit, more);
    }

    private Output less(Output limit, int by) {
        Optional<Integer> value = Vocabularies.scalar(limit);
        return value.isPresent()
                ? graph.scalar(Math.max(0, value.get() - by))
                : graph.node(new BinaryOp.Subtract(), List.of(limit, graph.scalar(by)), SCALAR)
                        .output();
    }

    /** The template's segments; {@code none} is whether there is no second text, which then has no special tokens either. */
    private Node combine(Node cut, Output none, boolean special, boolean both) {
        List<Output> inputs = new ArrayList<>();
        List<Integer> types = new ArrayList<>();
        for (int i = 0; i < pair.size(); i++) {
            Template.Segment segment = pair.get(i);
            if (segment.id() < 0) {
                int at = segment.id() == Template.FIRST ? 0 : 3;
                inputs.addAll(cut.outputs().subList(at, at + 3));
            } else if (special) {
                Output end = graph.ints(1);
                if (both && i >= single.size()) {
                    Output factor = graph.node(new ShapeOp.Select(), List.of(none, graph.ints(0), graph.ints(1)), INTS)
                            .output();
                    end = node(new BinaryOp.Multiply(), end, factor);
                }
                inputs.addAll(List.of(graph.ints(0), end, graph.ints(segment.id())));
            } else {
                continue;
            }
            types.add(segment.typeId());
        }
        inputs.add(graph.ints(types.stream().mapToInt(Integer::intValue).toArray()));
        return graph.extension("CombineSegments", Map.of(), inputs, INTS, INTS, INTS, INTS, INTS, INTS);
    }

    /** Type ids padded as the ids are, by zeros. */
    private void addTypeIds(Output types) {
        Node dense = Vocabularies.nodes(model, "RaggedToDense").stream()
                .findFirst()
                .orElseThrow(
                        () -> new TokenizerException("the tokenizer takes no pairs: it has no RaggedToDense layer"));
        Map<String, String> attributes = ((Op.Opaque) dense.op()).attributes();
        PartialShape matrix = PartialShape.ofRank(2);
        Node padded = graph.extension(
                "RaggedToDense",
                attributes,
                List.of(dense.input(0), dense.input(1), types, dense.input(3), graph.scalar(0)),
                new OutputSpec(ElementType.I32, matrix),
                new OutputSpec(ElementType.BOOLEAN, matrix));
        Output wide = graph.node(
                        new ShapeOp.Convert(ElementType.I64),
                        List.of(padded.output(0)),
                        new OutputSpec(ElementType.I64, matrix))
                .output()
                .named("token_type_ids");
        model.results().add(graph.node(new Op.Result(List.of("token_type_ids")), List.of(wide)));
    }
}
