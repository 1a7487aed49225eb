package dev.decanter.compress.comparison;

import dev.decanter.compress.BitwidthTable;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionListener;
import dev.decanter.compress.comparison.ComparisonReport.Answers;
import dev.decanter.compress.comparison.ComparisonReport.Distributions;
import dev.decanter.compress.comparison.ComparisonReport.LayerError;
import dev.decanter.compress.comparison.ComparisonReport.ModelFacts;
import dev.decanter.genai.ChatTemplate;
import dev.decanter.genai.GenerationConfig;
import dev.decanter.genai.GenerationResult;
import dev.decanter.genai.LLMPipeline;
import dev.decanter.genai.StreamingStatus;
import dev.decanter.ir.DecanterException;
import dev.decanter.ir.Model;
import dev.decanter.ir.file.IrReader;
import dev.decanter.runtime.Core;
import dev.decanter.tokenizers.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Compares two language models of the same tokenizer, such as one with its compressed form: how well each predicts a text, how far their
 * next-token distributions are apart, how far the outputs of layers, and how their answers part.
 *
 * {@snippet :
 * ComparisonReport report = Comparison.builder().build().compare(Path.of("llama-fp16"), Path.of("llama-int4"));
 * double divergence = report.distributions().klMean();
 * }
 *
 * <p>A text longer than the window is cut into windows that do not overlap; each begins with what the tokenizer puts before every
 * text, and a window's first tokens have little to go by, so perplexities are comparable only for the same window. Prompts are given as
 * they are, without a chat template, except messages of a dataset.
 */
public final class Comparison {
    private static final String MODEL = "openvino_model.xml";

    /** Elements of logits that are kept at once, of each model. */
    private static final long MOST_LOGITS = 16 << 20;

    private final Optional<Path> dataset;
    private final String device;
    private final OptionalInt window;
    private final int mostTokens;
    private final int prompts;
    private final int newTokens;
    private final boolean layers;
    private final CompressionListener listener;
    private final Core core = Core.create();

    private Comparison(Builder builder) {
        dataset = builder.dataset;
        device = builder.device;
        window = builder.window;
        mostTokens = builder.mostTokens;
        prompts = builder.prompts;
        newTokens = builder.newTokens;
        layers = builder.layers;
        listener = builder.listener;
    }

    /** The library's own texts on the best device: windows of 512 tokens, 16384 tokens, 16 prompts with 64 new tokens, layers. */
    public static Builder builder() {
        return new Builder();
    }

    /** What to compare on. */
    public static final class Builder {
        private Optional<Path> dataset = Optional.empty();
        private String device = Core.AUTO;
        private OptionalInt window = OptionalInt.empty();
        private int mostTokens = 16384;
        private int prompts = 16;
        private int newTokens = 64;
        private boolean layers = true;
        private CompressionListener listener = CompressionListener.NONE;

        private Builder() {}

        /**
         * A text file, or JSON lines ({@code .jsonl}) with strings or objects: {@code text}; {@code prompt} and perhaps
         * {@code completion}; or {@code messages} and perhaps {@code answer}.
         */
        public Builder dataset(Path file) {
            dataset = Optional.of(file);
            return this;
        }

        /** The device that runs the models. */
        public Builder device(String name) {
            device = name;
            return this;
        }

        /** Most tokens of a text, at least 2. */
        public Builder window(int tokens) {
            window = OptionalInt.of(atLeast(2, tokens, "--window"));
            return this;
        }

        /** How many tokens are predicted at most, at least 1; texts beyond them are left out. */
        public Builder mostTokens(int tokens) {
            mostTokens = atLeast(1, tokens, "--max-tokens");
            return this;
        }

        /** How many of the texts are answered; 0 for no answers. */
        public Builder prompts(int count) {
            prompts = atLeast(0, count, "--num-prompts");
            return this;
        }

        /** Most tokens of an answer, at least 1. */
        public Builder newTokens(int tokens) {
            newTokens = atLeast(1, tokens, "--max-new-tokens");
            return this;
        }

        /** Whether layers are compared. */
        public Builder layers(boolean compared) {
            layers = compared;
            return this;
        }

        /** Who is told how far it is; progress counts tokens, or prompts. */
        public Builder listener(CompressionListener told) {
            listener = told;
            return this;
        }

        private static int atLeast(int least, int value, String option) {
            if (value < least) {
                throw new CompressionException(option + " " + value + " is too small; give " + least + " or more");
            }
            return value;
        }

        public Comparison build() {
            return new Comparison(this);
        }
    }

    /**
     * Compares.
     *
     * @param base an IR folder with model, tokenizer and detokenizer
     * @param other another one
     * @throws CompressionException if one is no language model, if the vocabularies differ, or for a dataset that cannot be used
     * @throws DecanterException if a file cannot be read or compiled
     */
    public ComparisonReport compare(Path base, Path other) {
        requireFiles(base);
        requireFiles(other);
        List<ComparisonText> texts = texts(base, other);
        ModelFacts baseFacts = facts(base);
        ModelFacts otherFacts = facts(other);
        Distributions distributions = distributions(base, other, texts);
        List<LayerError> errors = List.of();
        if (layers) {
            listener.stage("comparing layers");
            errors = LayerErrors.of(
                    base.resolve(MODEL), other.resolve(MODEL), texts.getFirst().ids(), core, device);
        }
        Optional<Answers> answers = prompts == 0 ? Optional.empty() : Optional.of(answers(base, other, texts));
        return new ComparisonReport(baseFacts, otherFacts, distributions, errors, answers);
    }

    private static void requireFiles(Path folder) {
        for (String name : List.of(MODEL, "openvino_tokenizer.xml", "openvino_detokenizer.xml")) {
            if (!Files.isRegularFile(folder.resolve(name))) {
                throw new CompressionException(folder + ": has no " + name
                        + "; compare takes two IR folders, made by decanter export or by Optimum-Intel");
            }
        }
    }

    private List<ComparisonText> texts(Path base, Path other) {
        try (Tokenizer first = Tokenizer.load(base, core);
                Tokenizer second = Tokenizer.load(other, core)) {
            requireSameTokens(base, other, first.vocabulary(), second.vocabulary());
            Optional<ChatTemplate> template = ChatTemplate.find(base, Optional.of(first));
            int size = window(base);
            List<ComparisonText> texts = read(new ComparisonTexts(first, template, size));
            List<ComparisonText> again = read(new ComparisonTexts(second, template, size));
            for (int i = 0; i < texts.size(); i++) {
                if (texts.size() != again.size()
                        || !Arrays.equals(texts.get(i).ids(), again.get(i).ids())) {
                    throw new CompressionException("the tokenizers of " + base + " and " + other
                            + " make different tokens of the same text; compare models of one tokenizer");
                }
            }
            return texts;
        }
    }

    private List<ComparisonText> read(ComparisonTexts texts) {
        return dataset.isPresent() ? texts.of(dataset.get()) : texts.own();
    }

    private static void requireSameTokens(Path base, Path other, List<String> first, List<String> second) {
        int common = Math.min(first.size(), second.size());
        for (int id = 0; id < common; id++) {
            if (!first.get(id).equals(second.get(id))) {
                throw new CompressionException(
                        "the tokenizers of " + base + " and " + other + " differ: token " + id + " is \""
                                + first.get(id) + "\" and \"" + second.get(id) + "\"; compare models of one tokenizer");
            }
        }
        if (first.size() != second.size()) {
            throw new CompressionException("the tokenizers of " + base + " and " + other + " differ: " + first.size()
                    + " and " + second.size() + " tokens; compare models of one tokenizer");
        }
    }

    /** What was asked for, else 512, or the model's context if that is shorter. */
    private int window(Path folder) {
        OptionalInt context = ContextLength.of(folder);
        int size = window.orElseGet(() -> Math.min(ContextLength.USUAL_WINDOW, context.orElse(Integer.MAX_VALUE)));
        if (size > context.orElse(Integer.MAX_VALUE)) {
            throw new CompressionException("--window " + size + " is more than the context of " + context.getAsInt()
                    + " tokens that " + folder + " has; give a smaller one");
        }
        return size;
    }

    private static ModelFacts facts(Path folder) {
        Path xml = folder.resolve(MODEL);
        try {
            long bytes = Files.size(xml) + Files.size(IrReader.weightsPath(xml));
            return new ModelFacts(bytes, BitwidthTable.of(IrReader.read(xml)));
        } catch (IOException e) {
            throw new CompressionException(
                    folder + ": the model's size cannot be read: " + DecanterException.reason(e), e);
        }
    }

    private Distributions distributions(Path base, Path other, List<ComparisonText> texts) {
        List<ComparisonText> used = new ArrayList<>();
        long total = 0;
        for (ComparisonText text : texts) {
            if (total < mostTokens) {
                used.add(text);
                total += text.ids().length - Math.max(1, text.start());
            }
        }
        if (used.size() < texts.size()) {
            listener.note("the first " + used.size() + " of " + texts.size() + " texts are predicted (--max-tokens "
                    + mostTokens + ")");
        }
        listener.stage("comparing next-token distributions");
        Model baseModel = IrReader.read(base.resolve(MODEL));
        Model otherModel = IrReader.read(other.resolve(MODEL));
        int vocabulary = TokenRunner.vocabulary(baseModel, base);
        if (TokenRunner.vocabulary(otherModel, other) != vocabulary) {
            throw new CompressionException(base + " scores " + vocabulary + " tokens and " + other + " "
                    + TokenRunner.vocabulary(otherModel, other) + "; compare models of one vocabulary");
        }
        DistributionMeter meter = new DistributionMeter(vocabulary);
        try (TokenRunner first = new TokenRunner(baseModel, core, device);
                TokenRunner second = new TokenRunner(otherModel, core, device)) {
            for (ComparisonText text : used) {
                listener.progress(meter.tokens(), total);
                predict(first, second, text, meter);
            }
        }
        listener.progress(total, total);
        return meter.result(used.size());
    }

    private static void predict(TokenRunner first, TokenRunner second, ComparisonText text, DistributionMeter meter) {
        first.begin();
        second.begin();
        long[] ids = text.ids();
        boolean pieces = first.isStateful() && second.isStateful();
        int step = pieces ? Math.toIntExact(Math.max(1, MOST_LOGITS / meter.vocabulary())) : ids.length;
        for (int at = 0; at < ids.length; at += step) {
            long[] piece = Arrays.copyOfRange(ids, at, Math.min(at + step, ids.length));
            first.feed(piece);
            second.feed(piece);
            long[] targets = new long[piece.length];
            for (int i = 0; i < targets.length; i++) {
                int next = at + i + 1;
                targets[i] = next < ids.length && next >= text.start() ? ids[next] : -1;
            }
            meter.add(first.logits().memory(), second.logits().memory(), targets);
        }
    }

    private Answers answers(Path base, Path other, List<ComparisonText> texts) {
        List<ComparisonText> asked = texts.subList(0, Math.min(prompts, texts.size()));
        Optional<GenerationConfig> config = Optional.empty();
        List<List<GenerationResult>> both = new ArrayList<>();
        for (Path folder : List.of(base, other)) {
            listener.stage("answering prompts with " + folder);
            try (LLMPipeline pipeline =
                    LLMPipeline.builder(folder).core(core).device(device).build()) {
                // the same settings for both, so that only the models differ
                GenerationConfig same = config.orElseGet(() -> pipeline.generationConfig().toBuilder()
                        .doSample(false)
                        .maxNewTokens(newTokens)
                        .build());
                config = Optional.of(same);
                both.add(answers(pipeline, asked, same));
            }
        }
        return AnswerMeter.of(both.getFirst(), both.getLast());
    }

    private List<GenerationResult> answers(LLMPipeline pipeline, List<ComparisonText> asked, GenerationConfig config) {
        List<GenerationResult> results = new ArrayList<>();
        for (ComparisonText text : asked) {
            int done = results.size();
            results.add(pipeline.generate(Arrays.copyOf(text.ids(), text.prompt()), config, _ -> {
                listener.progress(done, asked.size());
                return StreamingStatus.RUNNING;
            }));
        }
        listener.progress(asked.size(), asked.size());
        return results;
    }
}
