package dev.decanter.tokenizers.convert;

import static dev.decanter.tokenizers.convert.GraphBuilder.CHARS;
import static dev.decanter.tokenizers.convert.GraphBuilder.FLAGS;
import static dev.decanter.tokenizers.convert.GraphBuilder.INTS;
import static dev.decanter.tokenizers.convert.GraphBuilder.join;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.runtime.InferenceException;
import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.TokenizerException;
import dev.decanter.tokenizers.ops.BytePairModel;
import dev.decanter.tokenizers.ops.ExactScores;
import dev.decanter.tokenizers.ops.PcreRegex;
import dev.decanter.tokenizers.ops.SpecialTokens;
import dev.decanter.tokenizers.ops.Strings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** Writes the tokenizer graph: string tensor → input_ids and attention_mask, in the form of OpenVINO Tokenizers 2026.1. */
final class EncoderGraph {
    private static final int MIN_CACHE = 20_000;

    private final TokenizerSpec spec;
    private final ConversionOptions options;
    private final GraphBuilder graph = new GraphBuilder();
    private final List<AddedToken> raw = new ArrayList<>();
    private final List<AddedToken> normalized = new ArrayList<>();
    private List<Output> rows = List.of();
    private List<Output> strings = List.of();
    private List<Output> skips = List.of();
    /** Before the content of tokens that only are added, where other pieces may be equal to them; usually nothing. */
    private final String mark;

    private Optional<PieceFlags> beginnings = Optional.empty();

    private EncoderGraph(TokenizerSpec spec, ConversionOptions options) {
        this.spec = spec;
        this.options = options;
        mark = spec.added().stream().anyMatch(AddedToken::singleWord) ? spec.separator() : "";
        for (AddedToken token : spec.added()) {
            if (token.normalized()) {
                String content = spec.normalize(token.content());
                if (!content.isEmpty()) {
                    normalized.add(token.withContent(content));
                }
            } else {
                raw.add(token);
            }
        }
    }

    /** {@code typeIds}: whether there is an output {@code token_type_ids}. */
    static Model build(TokenizerSpec spec, ConversionOptions options, OptionalInt padId, boolean typeIds) {
        return new EncoderGraph(spec, options).build(padId, typeIds);
    }

    private Model build(OptionalInt padId, boolean typeIds) {
        Node parameter = graph.node(
                new Op.Parameter(ElementType.STRING, PartialShape.ofRank(1)),
                List.of(),
                new OutputSpec(ElementType.STRING, PartialShape.ofRank(1)));
        parameter.output().named(parameter.name());
        strings = graph.node(new Op.StringTensorUnpack(), List.of(parameter.output()), INTS, INTS, CHARS)
                .outputs();
        if (!spec.preTokenizer().firstPrefix().isEmpty()) {
            rewrite(firstPrefix(spec.preTokenizer().firstPrefix()));
        }
        rows = rows(strings.getFirst());
        splitTokens(raw);
        if (spec.preTokenizer().steps().stream().anyMatch(s -> s instanceof Step.FirstPrefix)) {
            beginnings = Optional.of(new PieceFlags(graph));
        }
        spec.normalizers().forEach(this::rewrite);
        splitTokens(normalized);
        spec.preTokenizer().steps().forEach(this::step);
        restoreContents();
        markAdded();
        List<Output> ids = truncate(tokenize());
        return results(parameter, combine(ids), padId, typeIds);
    }

    /** One string a row. */
    private List<Output> rows(Output begins) {
        OutputSpec scalar = new OutputSpec(ElementType.I64, PartialShape.of(new long[0]));
        Output shape = graph.node(
                        new ShapeOp.ShapeOf(ElementType.I64),
                        List.of(begins),
                        new OutputSpec(ElementType.I64, PartialShape.of(1)))
                .output();
        Output count = graph.node(
                        new GatherScatterOp.Gather(0), List.of(shape, graph.scalar(0L), graph.scalar(0L)), scalar)
                .output();
        Output next = graph.node(new BinaryOp.Add(), List.of(count, graph.scalar(1L)), scalar)
                .output();
        Output first = graph.node(
                        new ShapeOp.Range(ElementType.I32), List.of(graph.scalar(0L), count, graph.scalar(1L)), INTS)
                .output();
        Output last = graph.node(
                        new ShapeOp.Range(ElementType.I32), List.of(graph.scalar(1L), next, graph.scalar(1L)), INTS)
                .output();
        return List.of(first, last);
    }

    /** A SentencePiece model's prefix for texts that do not begin with an added token. */
    private Step.Replace firstPrefix(String prefix) {
        // The class drops the prefix only before special tokens, but has it before a space too.
        List<SpecialTokens.Token> tokens = spec.added().stream()
                .filter(AddedToken::special)
                .map(AddedToken::toSplit)
                .toList();
        String others = tokens.isEmpty() ? "" : "|" + SpecialTokens.pattern(tokens);
        return Step.Replace.by("\\A(?=[\\s\\S])(?!\\z" + others + ")", prefix);
    }

    private void splitTokens(List<AddedToken> tokens) {
        if (tokens.isEmpty()) {
            return;
        }
        String pattern =
                SpecialTokens.pattern(tokens.stream().map(AddedToken::toSplit).toList());
        Node split = graph.extension(
                "SpecialTokensSplit",
                Map.of(),
                join(rows, strings, skips, graph.text(pattern)),
                INTS,
                INTS,
                INTS,
                INTS,
                CHARS,
                FLAGS);
        rows = split.outputs().subList(0, 2);
        strings = split.outputs().subList(2, 5);
        skips = split.outputs().subList(5, 6);
    }

    private void step(Step step) {
        switch (step) {
            case Step.Rewrite rewrite -> rewrite(rewrite);
            case Step.Split split -> {
                Map<String, String> attributes = new LinkedHashMap<>();
                attributes.put("behaviour", split.behaviour());
                attributes.put("invert", String.valueOf(split.invert()));
                attributes.put("max_splits", "-1");
                Optional<Output> before = split.behaviour().equals("remove")
                        ? beginnings.map(b -> b.beforeSplit(rows, strings))
                        : Optional.empty();
                pieces("RegexSplit", attributes, graph.text(split.pattern()));
                before.ifPresent(b -> beginnings.orElseThrow().afterSplit(b, rows, strings));
            }
            case Step.FirstPrefix first ->
                strings = beginnings.orElseThrow().prefix(first.mark(), rows, strings, skips);
        }
    }

    /** An op from ragged strings to ragged strings. */
    private void pieces(String type, Map<String, String> attributes, Output... more) {
        List<OutputSpec> outputs = new ArrayList<>(List.of(INTS, INTS, INTS, INTS, CHARS));
        skips.forEach(s -> outputs.add(FLAGS));
        Node node = graph.extension(
                type, attributes, join(rows, strings, skips, List.of(more)), outputs.toArray(OutputSpec[]::new));
        rows = node.outputs().subList(0, 2);
        strings = node.outputs().subList(2, 5);
        skips = node.outputs().subList(5, 5 + skips.size());
    }

    private void rewrite(Step.Rewrite step) {
        if (step instanceof Step.BytesToChars) {
            pieces("BytesToChars", Map.of());
            return;
        }
        beginnings.ifPresent(b -> b.beforeRewrite(step, rows, strings));
        List<Output> out = Rewrites.emit(graph, step, strings, skips);
        strings = out.subList(0, 3);
        skips = out.subList(3, out.size());
    }

    /** Tokens that were found in normalized text get the content by which the model's op knows them. */
    private void restoreContents() {
        for (AddedToken token : normalized) {
            if (spec.model() instanceof ModelSpec.Bpe) {
                continue;
            }
            String content = spec.added().stream()
                    .filter(t -> t.id() == token.id())
                    .findFirst()
                    .orElseThrow()
                    .content();
            if (!content.equals(token.content())) {
                Step.Replace step = Step.Replace.by("\\A" + PcreRegex.quote(token.content()) + "\\z", content);
                strings = new PieceFlags(graph).rewriteFlagged(step, strings, skips.getFirst());
            }
        }
    }

    /** Whether the model does not have the token. */
    private boolean isOnlyAdded(AddedToken token) {
        return spec.added().stream()
                .anyMatch(
                        t -> t.id() == token.id() && !spec.model().vocabulary().containsKey(t.content()));
    }

    /** Tells tokens that only are added from pieces that happen to be equal. */
    private void markAdded() {
        if (mark.isEmpty() || skips.isEmpty()) {
            return;
        }
        List<String> inModel = spec.added().stream()
                .filter(t -> !isOnlyAdded(t))
                .map(t -> PcreRegex.quote(t.content()))
                .toList();
        String others = inModel.isEmpty() ? "" : "(?!(?:" + String.join("|", inModel) + ")\\z)";
        strings =
                new PieceFlags(graph).rewriteFlagged(Step.Replace.by("\\A" + others, mark), strings, skips.getFirst());
    }

    private List<Output> tokenize() {
        return switch (spec.model()) {
            case ModelSpec.Bpe bpe -> bytePairs(bpe);
            case ModelSpec.WordPiece words -> wordPieces(words);
            case ModelSpec.Unigram unigram -> unigram(unigram);
            case ModelSpec.WordLevel words -> wholeWords(words);
            case ModelSpec.SentencePiece model ->
                SentencePieceGraph.tokenize(graph, model, spec.added(), rows, strings);
        };
    }

    private List<Output> bytePairs(ModelSpec.Bpe bpe) {
        boolean bytes = spec.preTokenizer().byteLevel() && !spec.preTokenizer().charsWritten();
        Strings vocabulary = Vocabulary.encoded(spec, bytes, mark);
        Strings left = Vocabulary.strings(bpe.left(), bytes);
        Strings right = Vocabulary.strings(bpe.right(), bytes);
        BytePairModel.Settings settings = new BytePairModel.Settings(
                bpe.unknown(), bpe.fuseUnknown(), bpe.wordInner(), bpe.wordEnd(), bpe.byteFallback());
        List<byte[]> wholeTexts = new ArrayList<>();
        List<Integer> wholeIds = new ArrayList<>();
        for (List<AddedToken> tokens : List.of(raw, normalized)) {
            for (AddedToken token : tokens) {
                wholeTexts.add(Vocabulary.bytes(isOnlyAdded(token) ? mark + token.content() : token.content(), false));
                wholeIds.add(token.id());
            }
        }
        int[] addedIds = toInts(wholeIds);
        BytePairModel model;
        try {
            model = new BytePairModel(vocabulary, addedIds, left, right, settings);
        } catch (InferenceException e) {
            throw new TokenizerException(spec.file() + ": model: " + e.getMessage(), e);
        }
        if (bpe.ignoreMerges()) {
            for (int id : Vocabulary.unreachable(vocabulary, addedIds, model)) {
                wholeTexts.add(Arrays.copyOfRange(
                        vocabulary.chars(), vocabulary.begins()[id], vocabulary.ends()[id]));
                wholeIds.add(id);
            }
        }
        Map<String, String> attributes = new LinkedHashMap<>();
        attributes.put("unk_token", bpe.unknown().orElse(""));
        attributes.put("fuse_unk", String.valueOf(bpe.fuseUnknown()));
        attributes.put("suffix_indicator", bpe.wordInner());
        attributes.put("end_suffix", bpe.wordEnd());
        attributes.put("byte_fallback", String.valueOf(bpe.byteFallback()));
        attributes.put("cache_capacity", String.valueOf(Math.max(MIN_CACHE, vocabulary.size() / 5)));
        List<Output> inputs = join(rows, strings, graph.strings(vocabulary), graph.strings(left), graph.strings(right));
        if (!wholeIds.isEmpty()) {
            inputs.addAll(graph.strings(Vocabulary.strings(wholeTexts)));
            inputs.add(graph.ints(toInts(wholeIds)));
        }
        return graph.extension("BPETokenizer", attributes, inputs, INTS, INTS, INTS)
                .outputs();
    }

    private static int[] toInts(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }

    private List<Output> wordPieces(ModelSpec.WordPiece words) {
        int unknown = spec.id(words.unknown())
                .orElseThrow(() -> new TokenizerException(
                        spec.file() + ": model.unk_token: \"" + words.unknown() + "\" is not in the vocabulary"));
        Map<String, String> attributes = new LinkedHashMap<>();
        attributes.put("suffix_indicator", words.wordInner());
        for (AddedToken token : spec.added()) {
            if (token.content().codePointCount(0, token.content().length()) > words.maxChars()) {
                throw new TokenizerException(spec.file() + ": added token \"" + token.content()
                        + "\" is longer than max_input_chars_per_word, " + words.maxChars()
                        + "; that is not supported");
            }
        }
        attributes.put("max_bytes_per_word", String.valueOf(words.maxChars()));
        List<Output> inputs =
                join(rows, strings, graph.strings(Vocabulary.encoded(spec, false, mark)), graph.scalar(unknown));
        return graph.extension("WordpieceTokenizer", attributes, inputs, INTS, INTS, INTS)
                .outputs();
    }

    private List<Output> wholeWords(ModelSpec.WordLevel words) {
        int unknown = spec.id(words.unknown())
                .orElseThrow(() -> new TokenizerException(
                        spec.file() + ": model.unk_token: \"" + words.unknown() + "\" is not in the vocabulary"));
        Map<String, Integer> ids = new LinkedHashMap<>(words.vocabulary());
        spec.added().stream().filter(this::isOnlyAdded).forEach(t -> ids.put(mark + t.content(), t.id()));
        Strings keys = Vocabulary.strings(List.copyOf(ids.keySet()), false);
        // A pattern that matches nothing cuts nothing, but drops empty pieces, which are no words.
        step(new Step.Split("(?!)", "isolate", false));
        Output found = graph.extension(
                        "VocabEncoder",
                        Map.of(),
                        join(
                                strings,
                                graph.strings(keys),
                                graph.ints(toInts(List.copyOf(ids.values()))),
                                graph.scalar(unknown)),
                        INTS)
                .output();
        return join(rows, found);
    }

    /** Tokens that only are added have scores above zero; an attribute names them and the model's own added ones. */
    private List<Output> unigram(ModelSpec.Unigram unigram) {
        Strings vocabulary = Vocabulary.encoded(spec, false, mark);
        float[] scores = new float[vocabulary.size()];
        for (int id = 0; id < scores.length; id++) {
            scores[id] = id < unigram.scores().size() ? unigram.scores().get(id).floatValue() : 0;
        }
        List<Integer> addedIds = new ArrayList<>();
        for (List<AddedToken> tokens : List.of(raw, normalized)) {
            for (AddedToken token : tokens) {
                addedIds.add(token.id());
                if (isOnlyAdded(token)) {
                    scores[token.id()] = Math.max(1, token.content().length());
                }
            }
        }
        Map<String, String> attributes = new LinkedHashMap<>();
        attributes.put("byte_fallback", String.valueOf(unigram.byteFallback()));
        attributes.put("unk_token_id", String.valueOf(unigram.unknownId().orElse(-1)));
        attributes.put("fuse_unk", "true");
        attributes.put("added_tokens", addedIds.stream().map(String::valueOf).collect(Collectors.joining(",")));
        String differences = ExactScores.differences(unigram.scores(), scores);
        if (!differences.isEmpty()) {
            attributes.put("score_differences", differences);
        }
        List<Output> inputs = join(rows, strings, graph.strings(vocabulary), graph.floats(scores));
        return graph.extension("UnigramTokenizer", attributes, inputs, INTS, INTS, INTS)
                .outputs();
    }

    private List<Output> truncate(List<Output> ids) {
        int max =
                options.maxLength().orElse(Integer.MAX_VALUE) - spec.template().addedToSingle();
        if (max < 0) {
            throw new TokenizerException("max length " + options.maxLength().getAsInt() + " is less than the "
                    + spec.template().addedToSingle() + " special tokens that are added to each text");
        }
        String side = options.truncateLeft() ? "left" : "right";
        List<Output> inputs = join(ids, graph.scalar(max), graph.text(side), graph.text("longest_first"));
        return graph.extension("Truncate", Map.of("m_num_inputs", "1"), inputs, INTS, INTS, INTS)
                .outputs();
    }

    private List<Output> combine(List<Output> ids) {
        List<Output> inputs = new ArrayList<>();
        List<Template.Segment> segments = options.addSpecialTokens()
                ? spec.template().single()
                : spec.template().single().stream().filter(s -> s.id() < 0).toList();
        for (Template.Segment segment : segments) {
            inputs.addAll(
                    segment.id() == Template.FIRST
                            ? ids
                            : List.of(graph.ints(0), graph.ints(1), graph.ints(segment.id())));
        }
        inputs.add(
                graph.ints(segments.stream().mapToInt(Template.Segment::typeId).toArray()));
        return graph.extension("CombineSegments", Map.of(), inputs, INTS, INTS, INTS, INTS, INTS, INTS)
                .outputs();
    }

    private Model results(Node parameter, List<Output> combined, OptionalInt padId, boolean typeIds) {
        OutputSpec scalar = new OutputSpec(ElementType.I32, PartialShape.of(new long[0]));
        Output lengths = graph.node(new BinaryOp.Subtract(), List.of(combined.get(1), combined.getFirst()), INTS)
                .output();
        Output longest = graph.node(new ReduceOp.ReduceMax(false), List.of(lengths, graph.scalar(0)), scalar)
                .output();
        if (options.maxPadding().isPresent()) {
            Output fixed = graph.scalar(options.maxPadding().getAsInt());
            longest = graph.node(new BinaryOp.Maximum(), List.of(fixed, longest), scalar)
                    .output();
        }
        Node ids = dense(combined.subList(0, 3), longest, padId.orElse(0));
        Node mask = graph.node(
                new ShapeOp.Convert(ElementType.I32),
                List.of(ids.output(1)),
                new OutputSpec(ElementType.I32, PartialShape.ofRank(2)));
        List<Node> results = new ArrayList<>();
        results.add(result(ids.output(0), "input_ids"));
        if (typeIds) {
            Node types = dense(combined.subList(3, 6), longest, 0);
            results.add(result(types.output(0), "token_type_ids"));
        }
        results.add(result(mask.output(), "attention_mask"));
        return new Model("tokenizer", List.of(parameter), results, List.of());
    }

    private Node dense(List<Output> ragged, Output length, int pad) {
        Map<String, String> attributes = new LinkedHashMap<>();
        attributes.put("pad_right", String.valueOf(!options.padLeft()));
        attributes.put("m_pad_max_length", String.valueOf(options.maxPadding().isPresent()));
        PartialShape matrix = PartialShape.ofRank(2);
        return graph.extension(
                "RaggedToDense",
                attributes,
                join(ragged, length, graph.scalar(pad)),
                new OutputSpec(ElementType.I32, matrix),
                new OutputSpec(ElementType.BOOLEAN, matrix));
    }

    private Node result(Output source, String name) {
        ElementType type = GraphBuilder.type(options.tokenizerOutputType());
        Output output = source;
        if (type != ElementType.I32) {
            OutputSpec spec64 = new OutputSpec(type, PartialShape.ofRank(2));
            output = graph.node(new ShapeOp.Convert(type), List.of(source), spec64)
                    .output();
        }
        return graph.node(new Op.Result(List.of(name)), List.of(output.named(name)));
    }
}
