package dev.decanter.genai;

import dev.decanter.grammar.CompiledGrammar;
import dev.decanter.grammar.Vocabulary;
import dev.decanter.tokenizers.Tokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Grammars compiled for one tokenizer, those used last kept. Safe for threads. */
final class StructuredOutput {
    private static final int KEPT = 16;

    private final Optional<Tokenizer> tokenizer;
    private @Nullable Vocabulary vocabulary;

    private final Map<StructuredOutputConfig, CompiledGrammar> compiled = new LinkedHashMap<>(2 * KEPT, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<StructuredOutputConfig, CompiledGrammar> eldest) {
            return size() > KEPT;
        }
    };

    StructuredOutput(Optional<Tokenizer> tokenizer) {
        this.tokenizer = tokenizer;
    }

    /**
     * Makers of the mask that a configuration asks for; none if it does not.
     *
     * @param limits most new tokens of each answer
     * @throws GenerationException if an answer cannot be complete within its limit, or nothing could end one
     * @throws dev.decanter.grammar.GrammarException if what is asked for cannot be read or met
     */
    LogitsFactories factories(GenerationConfig config, List<Integer> limits, Stopwatch watch) {
        LogitsFactories plain = LogitsFactories.of(config);
        if (config.structuredOutput().isEmpty()) {
            return plain;
        }
        if (config.stopTokenIds().isEmpty()) {
            throw new GenerationException(
                    "structured output needs a stop token to end the answer with; set eos_token_id");
        }
        long begin = System.nanoTime();
        CompiledGrammar grammar = compile(config.structuredOutput().get());
        watch.grammarCompile(begin);
        int least = grammar.leastTokens();
        for (int limit : limits) {
            if (least > limit) {
                throw new GenerationException("the shortest answer of the structured output takes " + least
                        + " tokens, but there may be " + limit + "; raise max_new_tokens, or ask for less");
            }
        }
        return new LogitsFactories(
                List.of(() -> new GrammarMask(grammar.matcher(), grammar.vocabulary(), config.stopTokenIds())),
                plain.processors());
    }

    private synchronized CompiledGrammar compile(StructuredOutputConfig config) {
        CompiledGrammar known = compiled.get(config);
        if (known == null) {
            known = CompiledGrammar.compile(StructuredText.grammar(config), vocabulary());
            compiled.put(config, known);
        }
        return known;
    }

    private synchronized Vocabulary vocabulary() {
        if (vocabulary == null) {
            Tokenizer tokens = tokenizer.orElseThrow(() ->
                    new GenerationException("structured output needs a tokenizer, which the model's folder has not"));
            vocabulary = Vocabulary.of(tokens.tokenBytes(false), tokens.tokenBytes(true));
        }
        return vocabulary;
    }
}
