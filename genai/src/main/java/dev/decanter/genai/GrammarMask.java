package dev.decanter.genai;

import dev.decanter.grammar.GrammarMatcher;
import dev.decanter.grammar.Vocabulary;
import java.util.Optional;
import java.util.Set;

/**
 * Makes every token impossible with which an answer would not fit a grammar, or could not be complete within the tokens left. Stop
 * tokens are possible when it is complete, and nothing else when nothing can follow.
 */
final class GrammarMask implements LogitsProcessor {
    private final GrammarMatcher matcher;
    private final Vocabulary vocabulary;
    private final Set<Long> stopTokens;
    private final long[] bits;

    GrammarMask(GrammarMatcher matcher, Vocabulary vocabulary, Set<Long> stopTokens) {
        this.matcher = matcher;
        this.vocabulary = vocabulary;
        this.stopTokens = stopTokens;
        bits = new long[vocabulary.maskLength()];
    }

    @Override
    public void process(float[] logits, TokenHistory tokens) {
        boolean complete = matcher.isComplete();
        if (!matcher.mask(bits, Math.max(tokens.remaining(), 1)) && !complete) {
            // The limit cuts the answer off: only a processor of the user's can have led here.
            matcher.mask(bits);
        }
        for (long stop : stopTokens) {
            set(stop, complete);
        }
        int known = Math.min(logits.length, vocabulary.size());
        for (int id = 0; id < known; id++) {
            if ((bits[id >> 6] >>> id & 1) == 0) {
                logits[id] = Float.NEGATIVE_INFINITY;
            }
        }
        for (int id = known; id < logits.length; id++) {
            if (!complete || !stopTokens.contains((long) id)) {
                logits[id] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    private void set(long id, boolean possible) {
        if (id < vocabulary.size()) {
            int word = (int) id >> 6;
            bits[word] = possible ? bits[word] | 1L << id : bits[word] & ~(1L << id);
        }
    }

    @Override
    public void accepted(long token) {
        if (stopTokens.contains(token)) {
            return;
        }
        if (token >= vocabulary.size() || !matcher.accept((int) token)) {
            throw new GenerationException("token " + token + " was chosen, but does not fit the structured output;"
                    + " a logits processor must not make possible what was impossible");
        }
    }

    @Override
    public Optional<LogitsProcessor> copy() {
        return Optional.of(new GrammarMask(matcher.copy(), vocabulary, stopTokens));
    }
}
