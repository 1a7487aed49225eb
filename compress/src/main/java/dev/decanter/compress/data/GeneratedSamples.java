package dev.decanter.compress.data;

import dev.decanter.compress.CalibrationDataset;
import dev.decanter.compress.CalibrationOptions;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionListener;
import dev.decanter.genai.GenerationConfig;
import dev.decanter.genai.GenerationResult;
import dev.decanter.genai.LLMPipeline;
import dev.decanter.ir.Model;
import dev.decanter.runtime.Core;
import dev.decanter.tokenizers.Tokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Samples that the model makes itself, as NNCF's {@code generate_text_data} does: from tokens spread over the vocabulary it goes on
 * greedily to half a sample, then draws a whole one, whose text is tokenized again. Texts of fewer than five different characters
 * are left out, and the token behind is tried instead.
 */
public final class GeneratedSamples {
    private static final int TOKENS = 32;
    private static final int LEAST_CHARACTERS = 5;
    /** What Transformers keeps of the likeliest tokens where the model does not say. */
    private static final int TOP_K = 50;
    /** How many prompts are tried in all: so many a sample, and some. */
    private static final int TRIES = 4;

    private static final int MORE_TRIES = 64;
    /** Rows that advance together, since reading the weights takes the time. */
    private static final int TOGETHER = 8;

    private final LLMPipeline pipeline;
    private final Tokenizer tokenizer;
    private final int tokens;
    private final long seed;

    private GeneratedSamples(LLMPipeline pipeline, CalibrationOptions options) {
        this.pipeline = pipeline;
        this.tokenizer = pipeline.tokenizer()
                .orElseThrow(() -> new CompressionException(pipeline.folder()
                        + ": has no openvino_tokenizer.xml, so no calibration texts can be generated; convert the"
                        + " tokenizer (decanter convert-tokenizer)"));
        this.tokens = options.tokens().orElse(TOKENS);
        this.seed = options.seed();
    }

    /** With the model of a folder. */
    public static CalibrationDataset of(Path modelFolder, CalibrationOptions options, CompressionListener listener) {
        try (LLMPipeline pipeline = new LLMPipeline(modelFolder, Core.AUTO)) {
            return of(pipeline, options, listener);
        }
    }

    /** With a model that is not in its folder yet. */
    public static CalibrationDataset of(
            Path modelFolder, Model model, CalibrationOptions options, CompressionListener listener) {
        try (LLMPipeline pipeline =
                LLMPipeline.builder(modelFolder).model(model).build()) {
            return of(pipeline, options, listener);
        }
    }

    /** With a model that is loaded already. */
    public static CalibrationDataset of(
            LLMPipeline pipeline, CalibrationOptions options, CompressionListener listener) {
        int wanted = options.samples().orElse(CalibrationOptions.DEFAULT_SAMPLES);
        return new TokenSamples(new GeneratedSamples(pipeline, options).rows(wanted, listener));
    }

    private List<long[]> rows(int wanted, CompressionListener listener) {
        listener.stage("generating calibration texts");
        long vocabulary = pipeline.vocabularySize().orElseGet(tokenizer::vocabularySize);
        long step = Math.max(1, vocabulary / wanted);
        long[] starts = LongStream.range(0, wanted).map(i -> i * step).toArray();
        long[][] rows = new long[wanted][];
        Set<Integer> open = new TreeSet<>(IntStream.range(0, wanted).boxed().toList());
        int left = TRIES * wanted + MORE_TRIES;
        while (!open.isEmpty() && left > 0) {
            List<Integer> now = open.stream().limit(TOGETHER).toList();
            long[][] prompts =
                    now.stream().map(i -> new long[] {starts[i] % vocabulary}).toArray(long[][]::new);
            List<Optional<long[]>> made = continued(prompts, seed + left);
            for (int i = 0; i < now.size(); i++) {
                int slot = now.get(i);
                if (made.get(i).isPresent()) {
                    rows[slot] = made.get(i).get();
                    open.remove(slot);
                } else {
                    starts[slot]++;
                }
            }
            left -= now.size();
            listener.progress((long) wanted - open.size(), wanted);
        }
        TextSamples.check(
                pipeline.folder() + ": what the model generates",
                "texts of " + LEAST_CHARACTERS + " different characters or more",
                wanted - open.size(),
                OptionalInt.of(wanted));
        return List.of(rows);
    }

    /** The samples that begin with {@code prompts}; empty where one is of no use. */
    private List<Optional<long[]>> continued(long[][] prompts, long drawing) {
        GenerationConfig model = pipeline.generationConfig().toBuilder()
                .numBeams(1)
                .numReturnSequences(1)
                .build();
        GenerationConfig greedy = model.toBuilder()
                .doSample(false)
                .maxNewTokens(Math.max(1, tokens / 2 - 1))
                .build();
        List<GenerationResult> begun = pipeline.generate(prompts, greedy);
        long[][] longer = new long[prompts.length][];
        for (int i = 0; i < longer.length; i++) {
            longer[i] = LongStream.concat(
                            Arrays.stream(prompts[i]),
                            Arrays.stream(begun.get(i).best().ids()))
                    .toArray();
        }
        GenerationConfig drawn = model.toBuilder()
                .doSample(true)
                .topK(model.topK().orElse(TOP_K))
                .seed(drawing)
                .maxNewTokens(tokens)
                .build();
        return pipeline.generate(longer, drawn).stream()
                .map(result -> sample(tokenizer.decode(result.best().ids())))
                .toList();
    }

    private Optional<long[]> sample(String text) {
        if (text.codePoints().distinct().count() < LEAST_CHARACTERS) {
            return Optional.empty();
        }
        long[] ids = tokenizer.encodeToIds(text);
        return ids.length < 2 ? Optional.empty() : Optional.of(ids);
    }
}
