package dev.decanter.grammar;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Follows one text through a grammar, token by token. For one thread at a time; copies are independent of each other.
 *
 * {@snippet :
 * GrammarMatcher matcher = grammar.matcher();
 * long[] allowed = new long[grammar.vocabulary().maskLength()];
 * while (!matcher.isFinished()) {
 *     matcher.mask(allowed);
 *     matcher.accept(choose(allowed));
 * }
 * }
 */
public final class GrammarMatcher {
    private final CompiledGrammar grammar;
    private Step last;

    /** What was reached, and what came before. */
    private record Step(State state, int length, @Nullable Step before) {}

    GrammarMatcher(CompiledGrammar grammar, State start) {
        this(grammar, new Step(start, 0, null));
    }

    private GrammarMatcher(CompiledGrammar grammar, Step last) {
        this.grammar = grammar;
        this.last = last;
    }

    /** A matcher at the same place, with the same past. Cheap. */
    public GrammarMatcher copy() {
        return new GrammarMatcher(grammar, last);
    }

    /** Number of tokens that were accepted and not taken back. */
    public int length() {
        return last.length;
    }

    /** Whether the text may end here. */
    public boolean isComplete() {
        return last.state.complete;
    }

    /** Whether the text must end here: it is complete, and nothing can follow. */
    public boolean isFinished() {
        return last.state.positions.length == 0;
    }

    /** Least number of bytes until the text is complete; 0 if it may end here. */
    public int leastBytes() {
        return last.state.cost;
    }

    private State state() {
        State state = grammar.current(last.state);
        if (state != last.state) {
            last = new Step(state, last.length, last.before);
        }
        return state;
    }

    /**
     * Says which tokens may come next. Each of them leaves the text such that it can be completed.
     *
     * @param bits overwritten: bit {@code id & 63} of {@code bits[id >> 6]} is set for the tokens allowed; of
     *     {@link Vocabulary#maskLength()} longs or more, of which those beyond stay as they are
     * @throws GrammarException if the grammar turns out to explode
     */
    public void mask(long[] bits) {
        mask(state()).copyTo(bits);
    }

    private TokenMask mask(State state) {
        Vocabulary tokens = vocabulary();
        return tokens == grammar.vocabulary() ? grammar.mask(state) : grammar.beginningMask(state, tokens);
    }

    /** What tokens are at this place. */
    private Vocabulary vocabulary() {
        return last.length > 0
                ? grammar.vocabulary()
                : grammar.vocabulary().beginning().orElse(grammar.vocabulary());
    }

    /**
     * As {@link #mask(long[])}, and the text can be completed with so many tokens. Where as many tokens as there are bytes do
     * (given that each byte is a token by itself), every token is allowed after which that is so; else those after which a shortest text can
     * be written with the tokens left.
     *
     * @param tokens how many more tokens there may be, the next one included; from 1
     * @return whether any token is allowed; if not, and the text is not complete, it will not be in time
     */
    public boolean mask(long[] bits, int tokens) {
        State state = state();
        TokenMask mask = mask(state);
        int offset = CompiledGrammar.offset(state, stack -> stack.clipped);
        int limit = Math.min(tokens, Position.NEVER) - 1;
        if (offset >= 0 && Position.add(mask.greatestCost(), offset) <= limit) {
            mask.copyTo(bits);
            return !mask.isEmpty();
        }
        if (offset >= 0 && Position.add(mask.cheapCost, offset) <= limit) {
            mask.copyTo(bits);
            for (int i = mask.dear.length - 1; i >= 0 && mask.dearCosts[i] + offset > limit; i--) {
                bits[mask.dear[i] >> 6] &= ~(1L << mask.dear[i]);
            }
            if (Arrays.stream(bits, 0, grammar.vocabulary().maskLength()).anyMatch(word -> word != 0)) {
                return true;
            }
        }
        State shared = offset == 0 ? state.space.clipped(state) : state;
        TokenMask within = grammar.maskWithin(vocabulary(), shared, limit);
        within.copyTo(bits);
        return !within.isEmpty();
    }

    /** Whether a token may come next. */
    public boolean allows(int token) {
        byte[] bytes = bytes(token);
        return bytes.length > 0 && !after(bytes).isDead();
    }

    /**
     * Appends a token to the text, if it may come next.
     *
     * @return whether it may; if not, nothing has changed
     * @throws GrammarException if there is no such token
     */
    public boolean accept(int token) {
        byte[] bytes = bytes(token);
        return bytes.length > 0 && append(bytes);
    }

    /** Appends a text, as one step for {@link #rollback}, if it may come next. */
    public boolean accept(String text) {
        return append(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Appends bytes, as one step for {@link #rollback}, if they may come next. */
    public boolean append(byte[] bytes) {
        State state = after(bytes);
        if (state.isDead()) {
            return false;
        }
        last = new Step(state, last.length + 1, last);
        return true;
    }

    private State after(byte[] bytes) {
        State state = state();
        for (byte b : bytes) {
            if (state.isDead()) {
                break;
            }
            state = state.space.step(state, b & 0xFF);
        }
        return state;
    }

    private byte[] bytes(int token) {
        if (token < 0 || token >= grammar.vocabulary().size()) {
            throw new GrammarException("token " + token + " is not in the vocabulary, which has "
                    + grammar.vocabulary().size() + " ids");
        }
        return vocabulary().bytes(token);
    }

    /**
     * Takes back the last tokens.
     *
     * @throws GrammarException if there are not so many
     */
    public void rollback(int tokens) {
        if (tokens < 0 || tokens > last.length) {
            throw new GrammarException("cannot take back " + tokens + " tokens of " + last.length);
        }
        Step step = last;
        for (int i = 0; i < tokens && step.before != null; i++) {
            step = step.before;
        }
        last = step;
    }

    /**
     * The bytes that must come next, up to the first place where there is a choice or the text may end.
     *
     * @param limit greatest number of bytes wanted
     */
    public byte[] forcedBytes(int limit) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        State state = state();
        while (bytes.size() < limit && !state.complete) {
            int only = -1;
            for (int value = 0; value < 256; value++) {
                if (!state.space.step(state, value).isDead()) {
                    if (only >= 0) {
                        return bytes.toByteArray();
                    }
                    only = value;
                }
            }
            bytes.write(only);
            state = state.space.step(state, only);
        }
        return bytes.toByteArray();
    }
}
