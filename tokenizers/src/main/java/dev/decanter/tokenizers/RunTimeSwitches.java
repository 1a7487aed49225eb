package dev.decanter.tokenizers;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.tokenizers.ops.Vocabularies;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Makes inputs of what conversion fixed, so that one loaded graph serves all settings, as OpenVINO GenAI does with state
 * variables: whether special tokens are added or left out, the greatest length, the side and length of padding.
 */
final class RunTimeSwitches {
    static final String ADD_SPECIAL = "decanter.add_special_tokens";
    static final String MAX_LENGTH = "decanter.max_length";
    static final String ROW_LENGTH = "decanter.row_length";
    static final String TRUNCATION = "decanter.truncation";
    static final String TRUNCATION_SIDE = "decanter.truncation_side";
    static final String PAD_RIGHT = "decanter.pad_right";
    static final String PAD_LENGTH = "decanter.pad_length";
    static final String SKIP_COUNT = "decanter.skip_special_tokens";

    private static final String SENTENCE_PIECE = "SentencepieceTokenizer";

    private static final OutputSpec INT = new OutputSpec(ElementType.I32, PartialShape.of(new long[0]));

    private RunTimeSwitches() {}

    /**
     * What a tokenizer's graph has fixed.
     *
     * @param addedToOne how many special tokens it adds to one text
     * @param addedToAll how many it adds to all its texts, which are two if it takes pairs
     * @param maxLength its limit with those of all texts, if it truncates by a Truncate layer
     * @param padRight whether it pads on the right
     * @param side the side of truncation
     * @param strategy which text of a pair truncation shortens
     */
    record Encoder(
            int addedToOne, int addedToAll, OptionalLong maxLength, boolean padRight, String side, String strategy) {}

    /** Adds inputs to a tokenizer's graph; only those that it has a use for. */
    static Encoder addToEncoder(Model model) {
        int[] added = addSpecialSwitch(model);
        List<Node> truncates = Vocabularies.nodes(model, "Truncate");
        OptionalLong maxLength = OptionalLong.empty();
        String side = "";
        String strategy = "";
        if (truncates.size() == 1) {
            Node truncate = truncates.getFirst();
            int last = truncate.inputs().size() - 1;
            side = textSwitch(model, truncate, last - 1, TRUNCATION_SIDE);
            strategy = textSwitch(model, truncate, last, TRUNCATION);
            OptionalInt own = addMaxLength(model, truncate, last - 2);
            maxLength = own.isPresent() ? OptionalLong.of((long) own.getAsInt() + added[1]) : OptionalLong.empty();
            if (own.isPresent() && last == 8) {
                cutToRows(model, truncate);
            }
        }
        return new Encoder(added[0], added[1], maxLength, addPadding(model), side, strategy);
    }

    private static Node parameter(Model model, String name, OutputSpec spec) {
        Node node = Node.of(new Op.Parameter(spec.elementType(), spec.shape()), name, List.of(), List.of(spec));
        node.output().named(name);
        model.parameters().add(node);
        return node;
    }

    /**
     * Segments of constants in CombineSegments are the special tokens: their ends become begin + (end − begin) · switch. Those
     * of a second text have ends that are computed, zero if there is none. Returns how many there are for one text and in all.
     */
    private static int[] addSpecialSwitch(Model model) {
        int[] added = new int[2];
        Optional<Node> flag = Optional.empty();
        for (Node combine : Vocabularies.nodes(model, "CombineSegments")) {
            added = new int[2];
            for (int at = 0; at + 2 < combine.inputs().size(); at += 3) {
                if (!isConstant(combine, at) || !isConstant(combine, at + 2)) {
                    continue;
                }
                if (flag.isEmpty()) {
                    flag = Optional.of(parameter(model, ADD_SPECIAL, INT));
                }
                added[0] += isConstant(combine, at + 1) ? 1 : 0;
                added[1]++;
                Output begins = combine.input(at);
                Output ends = combine.input(at + 1);
                OutputSpec spec = new OutputSpec(ElementType.I32, ends.shape());
                String name = ADD_SPECIAL + "/" + at;
                Output length = op(new BinaryOp.Subtract(), name + "/length", spec, ends, begins);
                Output kept = op(
                        new BinaryOp.Multiply(),
                        name + "/kept",
                        spec,
                        length,
                        flag.orElseThrow().output());
                combine.replaceInput(at + 1, op(new BinaryOp.Add(), name + "/end", spec, begins, kept));
            }
        }
        if (flag.isEmpty()) {
            addPieceSwitch(model);
        }
        return added;
    }

    /** SentencePiece adds a beginning and an end by itself; our kernel takes a number behind its inputs that says whether. */
    private static void addPieceSwitch(Model model) {
        for (Node tokenizer : Vocabularies.nodes(model, SENTENCE_PIECE)) {
            if (tokenizer.op() instanceof Op.Opaque op
                    && (isSet(op, "add_bos") || isSet(op, "add_eos"))
                    && tokenizer.inputs().size() % 2 == 0) {
                List<Output> inputs = new ArrayList<>(tokenizer.inputs());
                inputs.add(parameter(model, ADD_SPECIAL, INT).output());
                replace(tokenizer, op, inputs);
                return;
            }
        }
    }

    private static boolean isSet(Op.Opaque op, String attribute) {
        return "true".equalsIgnoreCase(op.attributes().getOrDefault(attribute, "false"));
    }

    /** Whether special tokens may come from a graph of no form that the switch knows: what OpenVINO writes around SentencePiece. */
    static boolean hidesSpecialTokens(Model model) {
        return !Vocabularies.nodes(model, SENTENCE_PIECE).isEmpty()
                && Vocabularies.nodes(model, "CombineSegments").isEmpty();
    }

    private static boolean isConstant(Node node, int input) {
        return node.input(input).node().op() instanceof Op.Constant;
    }

    private static Output op(Op op, String name, OutputSpec spec, Output... inputs) {
        return Node.of(op, name, List.of(inputs), List.of(spec)).output();
    }

    /** A constant, or since 2026.4 one of two constants as a state says, of which the state's first value counts. */
    private static OptionalInt addMaxLength(Model model, Node truncate, int input) {
        Optional<Integer> fixed = Vocabularies.scalar(truncate, input);
        Node select = truncate.input(input).node();
        if (fixed.isEmpty() && select.op() instanceof ShapeOp.Select) {
            fixed = Vocabularies.scalar(select, isTrue(select.input(0).node()) ? 1 : 2);
        }
        if (fixed.isEmpty()) {
            return OptionalInt.empty();
        }
        truncate.replaceInput(input, parameter(model, MAX_LENGTH, INT).output());
        return OptionalInt.of(fixed.get());
    }

    private static boolean isTrue(Node state) {
        return !state.inputs().isEmpty()
                && state.input(0).node().op() instanceof Op.Constant constant
                && constant.data().segment().byteSize() == 1
                && constant.data().segment().get(ValueLayout.JAVA_BYTE, 0) != 0;
    }

    /**
     * The library looks at no more ids of either text of a pair than a row has; so two long texts are equally long, and the
     * second one gets the odd id.
     */
    private static void cutToRows(Model model, Node truncate) {
        Output row = parameter(model, ROW_LENGTH, INT).output();
        for (int first = 0; first < 6; first += 3) {
            List<Output> text = truncate.inputs().subList(first, first + 3);
            List<OutputSpec> specs = text.stream()
                    .map(o -> new OutputSpec(o.elementType(), o.shape()))
                    .toList();
            List<Output> inputs = new ArrayList<>(text);
            inputs.addAll(List.of(row, truncate.input(7), truncate.input(8)));
            Op op = new Op.Opaque("Truncate", "extension", Map.of("m_num_inputs", "1"));
            Node cut = Node.of(op, ROW_LENGTH + "/" + first, inputs, specs);
            for (int i = 0; i < 3; i++) {
                truncate.replaceInput(first + i, cut.output(i));
            }
        }
    }

    /** Makes an input of a text that is constant; returns the text, which is empty if it is not constant. */
    private static String textSwitch(Model model, Node node, int input, String name) {
        Optional<String> fixed = Vocabularies.text(node, input);
        if (fixed.isPresent()) {
            OutputSpec spec = new OutputSpec(ElementType.U8, PartialShape.ofRank(1));
            node.replaceInput(input, parameter(model, name, spec).output());
        }
        return fixed.orElse("");
    }

    private static boolean addPadding(Model model) {
        List<Node> denses = Vocabularies.nodes(model, "RaggedToDense").stream()
                .filter(d -> d.inputs().size() == 5)
                .toList();
        if (denses.isEmpty()) {
            return true;
        }
        boolean padRight = true;
        Output side = parameter(model, PAD_RIGHT, new OutputSpec(ElementType.BOOLEAN, PartialShape.of(new long[0])))
                .output();
        Output length = parameter(model, PAD_LENGTH, INT).output();
        for (Node dense : denses) {
            padRight = !(dense.op() instanceof Op.Opaque opaque
                    && "false".equalsIgnoreCase(opaque.attributes().getOrDefault("pad_right", "true")));
            List<Output> inputs = new ArrayList<>(dense.inputs());
            inputs.set(3, op(new BinaryOp.Maximum(), PAD_LENGTH + "/" + dense.name(), INT, inputs.get(3), length));
            inputs.add(side);
            replace(dense, dense.op(), inputs);
        }
        return padRight;
    }

    private static void replace(Node old, Op op, List<Output> inputs) {
        List<OutputSpec> specs = old.outputs().stream()
                .map(o -> new OutputSpec(o.elementType(), o.shape()))
                .toList();
        Node node = Node.of(op, old.name(), inputs, specs);
        for (int i = 0; i < specs.size(); i++) {
            old.output(i).replaceWith(node.output(i));
        }
        old.disconnect();
    }

    /** Makes the list of ids that a detokenizer leaves out end at an input's count; returns the whole list. */
    static int[] addToDecoder(Model model) {
        List<Node> pieces = Vocabularies.nodes(model, "SentencepieceDetokenizer");
        if (pieces.size() == 1) {
            return addToPieces(model, pieces.getFirst());
        }
        List<Node> decoders = Vocabularies.nodes(model, "VocabDecoder");
        if (decoders.size() != 1 || (decoders.getFirst().inputs().size() == 5 && !isConstant(decoders.getFirst(), 4))) {
            return new int[0];
        }
        Node decoder = decoders.getFirst();
        int[] ids = Vocabularies.skippedIds(decoder);
        // With ids to leave out as an input, the attribute has those that are no tokens: they stay out.
        String unused = decoder.inputs().size() == 5 && decoder.op() instanceof Op.Opaque opaque
                ? opaque.attributes().getOrDefault("skip_tokens", "")
                : "";
        OutputSpec one = new OutputSpec(ElementType.I32, PartialShape.of(1));
        OutputSpec list = new OutputSpec(ElementType.I32, PartialShape.ofRank(1));
        Output slice = op(
                new ShapeOp.Slice(),
                SKIP_COUNT + "/slice",
                list,
                constant(ids, "ids"),
                constant(new int[] {0}, "start"),
                parameter(model, SKIP_COUNT, one).output(),
                constant(new int[] {1}, "step"));
        List<Output> inputs = new ArrayList<>(decoder.inputs().subList(0, 4));
        inputs.add(slice);
        Map<String, String> attributes = new LinkedHashMap<>(Map.of("skip_tokens", unused));
        replace(decoder, new Op.Opaque("VocabDecoder", "extension", attributes), inputs);
        return ids;
    }

    /** Our kernel takes a number behind the ids: zero shows what the model hides. */
    private static int[] addToPieces(Model model, Node detokenizer) {
        if (!isConstant(detokenizer, 0)) {
            return new int[0];
        }
        OutputSpec one = new OutputSpec(ElementType.I32, PartialShape.of(1));
        List<Output> inputs = new ArrayList<>(detokenizer.inputs());
        inputs.add(parameter(model, SKIP_COUNT, one).output());
        replace(detokenizer, detokenizer.op(), inputs);
        return Vocabularies.hiddenIds(detokenizer);
    }

    private static Output constant(int[] values, String name) {
        MemorySegment heap = MemorySegment.ofArray(values);
        MemorySegment memory =
                Arena.ofAuto().allocate(Math.max(4, heap.byteSize()), 8).asSlice(0, heap.byteSize());
        Shape shape = Shape.of(values.length);
        Op op = Op.Constant.of(ElementType.I32, shape, memory.copyFrom(heap));
        return Node.of(
                        op,
                        SKIP_COUNT + "/" + name,
                        List.of(),
                        List.of(new OutputSpec(ElementType.I32, PartialShape.of(shape))))
                .output();
    }
}
