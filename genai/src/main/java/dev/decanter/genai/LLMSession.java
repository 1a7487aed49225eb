package dev.decanter.genai;

import dev.decanter.genai.lm.LanguageModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One conversation with a model: a KV cache of its own on the weights of an {@link LLMPipeline}. What a prompt has in common
 * with the tokens of the turn before is not run again. For one call at a time; a second one meanwhile is refused.
 */
public final class LLMSession implements AutoCloseable {
    private final LLMPipeline pipeline;
    private final LanguageModel model;
    private final Optional<CachedModel> draft;
    private final AtomicBoolean busy = new AtomicBoolean();
    /** The tokens of the cache's first row; the next call continues that one. */
    private long[] cached = new long[0];

    private boolean closed;

    LLMSession(LLMPipeline pipeline, LanguageModel model, Optional<CachedModel> draft) {
        this.pipeline = pipeline;
        this.model = model;
        this.draft = draft;
    }

    /**
     * Answers a text. If the model has a chat template and {@link GenerationConfig#applyChatTemplate} is set, the text is one
     * user message, else it is taken as it is.
     *
     * @throws GenerationException if the folder has no tokenizer, the prompt does not fit the model's context, the
     *     configuration asks for what there is not, a streamer is given and there will be several answers, or a call is running
     *     in this session
     */
    public GenerationResult generate(String prompt, GenerationConfig config, Streamer streamer) {
        return one(config, streamer, watch -> pipeline.encoder().encode(prompt, config, watch));
    }

    /** As {@link #generate(String, GenerationConfig, Streamer)} without streaming. */
    public GenerationResult generate(String prompt, GenerationConfig config) {
        return generate(prompt, config, Streamer.NONE);
    }

    /**
     * Answers a conversation, which is not changed.
     *
     * @throws GenerationException if the folder has no tokenizer or no chat template, the template refuses the conversation,
     *     the prompt does not fit the model's context, the configuration asks for what there is not, a streamer is given and
     *     there will be several answers, or a call is running in this session
     */
    public GenerationResult generate(ChatHistory history, GenerationConfig config, Streamer streamer) {
        return one(config, streamer, watch -> pipeline.encoder().encode(history, watch));
    }

    /** As {@link #generate(ChatHistory, GenerationConfig, Streamer)} without streaming. */
    public GenerationResult generate(ChatHistory history, GenerationConfig config) {
        return generate(history, config, Streamer.NONE);
    }

    /**
     * Continues token ids as they are.
     *
     * @throws GenerationException if there are none, one is not in the vocabulary, they do not fit the model's context, the configuration
     *     asks for what there is not, a streamer is given and there will be several answers, or a call is running in this
     *     session
     */
    public GenerationResult generate(long[] promptIds, GenerationConfig config, Streamer streamer) {
        return one(config, streamer, _ -> promptIds);
    }

    /** As {@link #generate(long[], GenerationConfig, Streamer)} without streaming. */
    public GenerationResult generate(long[] promptIds, GenerationConfig config) {
        return generate(promptIds, config, Streamer.NONE);
    }

    /**
     * Answers several texts at once; each answer is what the text would get alone. All prompts advance together, the shorter
     * ones padded on the left, so that the weights are read once for all of them; an answer that has ended is not computed any
     * further. The session's cache is forgotten, before and after, unless there is one prompt only.
     *
     * @param prompts at least one
     * @return a result for each text, in order. The times of each are those of the call, the numbers of tokens its own.
     * @throws GenerationException as {@link #generate(String, GenerationConfig, Streamer)}, or if there are no prompts
     */
    public List<GenerationResult> generate(List<String> prompts, GenerationConfig config) {
        return exclusively(() -> {
            Stopwatch watch = new Stopwatch();
            return run(
                    watch,
                    prompts.stream()
                            .map(text -> pipeline.encoder().encode(text, config, watch))
                            .toList(),
                    config,
                    Streamer.NONE);
        });
    }

    /** As {@link #generate(List, GenerationConfig)} for conversations, which are not changed. */
    public List<GenerationResult> generateChats(List<ChatHistory> histories, GenerationConfig config) {
        return exclusively(() -> {
            Stopwatch watch = new Stopwatch();
            return run(
                    watch,
                    histories.stream()
                            .map(history -> pipeline.encoder().encode(history, watch))
                            .toList(),
                    config,
                    Streamer.NONE);
        });
    }

    /** As {@link #generate(List, GenerationConfig)} for token ids as they are, one row for each prompt. */
    public List<GenerationResult> generate(long[][] promptIds, GenerationConfig config) {
        return exclusively(() -> run(new Stopwatch(), List.of(promptIds), config, Streamer.NONE));
    }

    private GenerationResult one(GenerationConfig config, Streamer streamer, Function<Stopwatch, long[]> encode) {
        return exclusively(() -> {
            Stopwatch watch = new Stopwatch();
            return run(watch, List.of(encode.apply(watch)), config, streamer).getFirst();
        });
    }

    private List<GenerationResult> run(
            Stopwatch watch, List<long[]> prompts, GenerationConfig config, Streamer streamer) {
        if (prompts.isEmpty()) {
            throw new GenerationException("there are no prompts; give at least one");
        }
        if (!streamer.equals(Streamer.NONE) && config.numReturnSequences() > 1) {
            throw new GenerationException("num_return_sequences is " + config.numReturnSequences()
                    + ", but only one answer can be streamed; leave it at 1 or the streamer out");
        }
        if (!pipeline.detokenizes() && !config.stopStrings().isEmpty()) {
            throw new GenerationException(
                    pipeline.folder() + ": has no openvino_detokenizer.xml, which stop strings need");
        }
        List<Integer> limits = new ArrayList<>();
        for (long[] prompt : prompts) {
            pipeline.encoder().check(prompt);
            limits.add(NewTokenLimit.of(prompt.length, config, pipeline.contextLength()));
        }
        LogitsFactories factories = pipeline.structuredOutput().factories(config, limits, watch);
        int reused = prepare(prompts, config);
        Decoder decoder = Decoder.of(new DecodingTask(
                model,
                draft,
                config,
                factories,
                prompts,
                limits,
                reused,
                pipeline::newTextStream,
                streamer,
                watch,
                pipeline.loadTimeMs()));
        try {
            return decoder.run();
        } finally {
            long[] kept = decoder.cached();
            cached = Arrays.copyOf(kept, model.trim(kept.length));
        }
    }

    /** Goes back to what the only prompt has in common with the cache; returns how many tokens that is. */
    private int prepare(List<long[]> prompts, GenerationConfig config) {
        int common = 0;
        boolean scored = config.echo() && config.logprobs() > 0;
        if (prompts.size() == 1 && !scored) {
            long[] prompt = prompts.getFirst();
            int mismatch = Arrays.mismatch(prompt, cached);
            // the last token is run again, since its logits are wanted
            common = Math.min(mismatch < 0 ? prompt.length : mismatch, prompt.length - 1);
        }
        int reused = model.trim(common);
        cached = Arrays.copyOf(cached, reused);
        return reused;
    }

    private <T> T exclusively(Supplier<T> call) {
        if (!busy.compareAndSet(false, true)) {
            throw new GenerationException(
                    "a generate call is running in this session; wait for it, or make another session (newSession)");
        }
        try {
            if (closed) {
                throw new GenerationException("the session is closed");
            }
            return call.get();
        } finally {
            busy.set(false);
        }
    }

    /** Forgets the cache; the next prompt is run as a whole. */
    public void reset() {
        exclusively(() -> {
            cached = Arrays.copyOf(cached, model.trim(0));
            draft.ifPresent(CachedModel::reset);
            return cached;
        });
    }

    /** Frees the cache. Throws {@link GenerationException} if a call is running. */
    @Override
    public void close() {
        if (!busy.compareAndSet(false, true)) {
            throw new GenerationException("a generate call is running in this session; cancel it before closing");
        }
        try {
            if (!closed) {
                closed = true;
                model.close();
                draft.ifPresent(CachedModel::close);
            }
        } finally {
            busy.set(false);
        }
    }
}
