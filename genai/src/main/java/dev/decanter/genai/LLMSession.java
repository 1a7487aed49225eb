package dev.decanter.genai;

import dev.decanter.genai.lm.LanguageModel;
import dev.decanter.tokenizers.EncodeOptions;
import dev.decanter.tokenizers.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * One conversation with a model: a KV cache of its own on the weights of an {@link LLMPipeline}. What a prompt has in common
 * with the tokens of the turn before is not run again. For one call at a time; a second one meanwhile is refused.
 */
public final class LLMSession implements AutoCloseable {
    private final LLMPipeline pipeline;
    private final LanguageModel model;
    private final AtomicBoolean busy = new AtomicBoolean();
    private long[] cached = new long[0];
    private boolean closed;

    LLMSession(LLMPipeline pipeline, LanguageModel model) {
        this.pipeline = pipeline;
        this.model = model;
    }

    /**
     * Answers a text. If the model has a chat template and {@link GenerationConfig#applyChatTemplate} is set, the text is one
     * user message, else it is taken as it is.
     *
     * @throws GenerationException if the folder has no tokenizer, the prompt does not fit the model's context, the
     *     configuration asks for what there is not, or a call is running in this session
     */
    public GenerationResult generate(String prompt, GenerationConfig config, Streamer streamer) {
        return exclusively(() -> {
            Stopwatch watch = new Stopwatch();
            Optional<ChatTemplate> template = pipeline.chatTemplate().filter(_ -> config.applyChatTemplate());
            return template.isPresent()
                    ? run(watch, render(watch, template.get(), new ChatHistory().user(prompt)), false, config, streamer)
                    : run(watch, prompt, true, config, streamer);
        });
    }

    /** As {@link #generate(String, GenerationConfig, Streamer)} without streaming. */
    public GenerationResult generate(String prompt, GenerationConfig config) {
        return generate(prompt, config, Streamer.NONE);
    }

    /**
     * Answers a conversation, which is not changed.
     *
     * @throws GenerationException if the folder has no tokenizer or no chat template, the template refuses the conversation,
     *     the prompt does not fit the model's context, the configuration asks for what there is not, or a call is running in
     *     this session
     */
    public GenerationResult generate(ChatHistory history, GenerationConfig config, Streamer streamer) {
        return exclusively(() -> {
            Stopwatch watch = new Stopwatch();
            ChatTemplate template = pipeline.chatTemplate()
                    .orElseThrow(() -> new GenerationException(pipeline.folder()
                            + ": has no chat template; give the prompt as one text, or add chat_template.jinja"));
            return run(watch, render(watch, template, history), false, config, streamer);
        });
    }

    /** As {@link #generate(ChatHistory, GenerationConfig, Streamer)} without streaming. */
    public GenerationResult generate(ChatHistory history, GenerationConfig config) {
        return generate(history, config, Streamer.NONE);
    }

    /**
     * Continues token ids as they are.
     *
     * @throws GenerationException if there are none, one is not in the vocabulary, they do not fit the model's context, the configuration
     *     asks for what there is not, or a call is running in this session
     */
    public GenerationResult generate(long[] promptIds, GenerationConfig config, Streamer streamer) {
        return exclusively(() -> run(new Stopwatch(), promptIds, config, streamer));
    }

    /** As {@link #generate(long[], GenerationConfig, Streamer)} without streaming. */
    public GenerationResult generate(long[] promptIds, GenerationConfig config) {
        return generate(promptIds, config, Streamer.NONE);
    }

    private static String render(Stopwatch watch, ChatTemplate template, ChatHistory history) {
        long begin = System.nanoTime();
        String text = template.render(history, true);
        watch.chatTemplate(begin);
        return text;
    }

    private GenerationResult run(
            Stopwatch watch, String text, boolean special, GenerationConfig config, Streamer streamer) {
        Tokenizer tokenizer = pipeline.tokenizer()
                .orElseThrow(() -> new GenerationException(pipeline.folder() + ": has no openvino_tokenizer.xml;"
                        + " convert the tokenizer (decanter convert-tokenizer) or give token ids"));
        long begin = System.nanoTime();
        long[] ids = tokenizer
                .encode(List.of(text), EncodeOptions.DEFAULT.withAddSpecialTokens(special))
                .inputIds()
                .toLongs();
        watch.tokenization(begin);
        return run(watch, ids, config, streamer);
    }

    private GenerationResult run(Stopwatch watch, long[] prompt, GenerationConfig config, Streamer streamer) {
        config.beams().requireSingle();
        Optional<TextStream> text = pipeline.newTextStream();
        if (text.isEmpty() && !config.stopStrings().isEmpty()) {
            throw new GenerationException(
                    pipeline.folder() + ": has no openvino_detokenizer.xml, which stop strings need");
        }
        long vocabulary = pipeline.vocabularySize().orElse(Long.MAX_VALUE);
        for (long id : prompt) {
            if (id < 0) {
                throw new GenerationException("the prompt has the negative token id " + id);
            }
            if (id >= vocabulary) {
                throw new GenerationException("the prompt has the token id " + id
                        + ", which is not in the vocabulary of " + vocabulary + " tokens");
            }
        }
        int limit = Generation.limit(prompt.length, config, pipeline.contextLength());
        // the last token is run again, since its logits are wanted
        int common = Math.min(commonPrefix(prompt), prompt.length - 1);
        int reused = model.trim(common);
        cached = Arrays.copyOf(cached, reused);
        Generation generation = new Generation(model, config, text.orElse(TextStream.NONE), streamer, watch, prompt);
        try {
            return generation.run(reused, limit, pipeline.loadTimeMs());
        } finally {
            cached = generation.cached();
        }
    }

    private int commonPrefix(long[] prompt) {
        int mismatch = Arrays.mismatch(prompt, cached);
        return mismatch < 0 ? prompt.length : mismatch;
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
            }
        } finally {
            busy.set(false);
        }
    }
}
