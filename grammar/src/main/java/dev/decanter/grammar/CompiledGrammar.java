package dev.decanter.grammar;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A grammar made ready for a vocabulary. Immutable to its users and safe for threads; what is computed for one text serves all others.
 *
 * <p>Rules are run as a pushdown automaton over UTF-8 bytes. Which tokens a state allows is computed when the state is first met:
 * what a rule allows by itself once for all the places that call it, and only tokens that go beyond the rule's end for each
 * place. Memory for this is bounded; when it is full, all of it is dropped and computed again as needed.
 *
 * <p>A rule may begin with itself directly ({@code sum ::= sum "+" n | n}), which is read as a repetition, but not by way of other rules.
 */
public final class CompiledGrammar {
    /** What is kept of computed states and masks, in bytes. */
    private static final long MAX_BYTES = 48L << 20;

    private final Vocabulary vocabulary;
    private final Program program;
    private volatile StateSpace space;

    /** What may come first, where tokens are something else at the beginning of a text. */
    private volatile @Nullable TokenMask beginning;

    private CompiledGrammar(Vocabulary vocabulary, Program program) {
        this.vocabulary = vocabulary;
        this.program = program;
        space = emptySpace();
    }

    private StateSpace emptySpace() {
        return new StateSpace(program, vocabulary.maxBytes() + 1);
    }

    /**
     * Compiles a grammar.
     *
     * @throws GrammarException if no text fits the grammar, a rule begins with itself by way of others, an intersection or
     *     difference is recursive, or it is too large
     */
    public static CompiledGrammar compile(Grammar grammar, Vocabulary vocabulary) {
        boolean[] alphabet = new boolean[256];
        for (int value = 0; value < 256; value++) {
            alphabet[value] = vocabulary.hasByte(value);
        }
        Program program = ProgramBuilder.build(grammar.root(), Normalizer.normalize(grammar), alphabet);
        if (program.start().cost >= Position.NEVER) {
            throw new GrammarException("no text made of the vocabulary's tokens fits the grammar; its rule \""
                    + grammar.root() + "\" never comes to an end");
        }
        return new CompiledGrammar(vocabulary, program);
    }

    /** The vocabulary that this is compiled for. */
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    /** A matcher at the beginning of a text. */
    public GrammarMatcher matcher() {
        return new GrammarMatcher(this, space.start());
    }

    /**
     * A number of tokens that suffices for a text: that of one of the shortest texts, in as few tokens as it can be written with.
     * {@link Integer#MAX_VALUE} if the vocabulary cannot write it.
     */
    public int leastTokens() {
        int tokens = new Closing(vocabulary, vocabulary.beginning().orElse(vocabulary)).tokens(space.start());
        return tokens < Position.NEVER ? tokens : Integer.MAX_VALUE;
    }

    /** Least number of bytes of a text. */
    public int leastBytes() {
        return program.start().cost;
    }

    /** The same state in the space in use. */
    State current(State state) {
        StateSpace now = space;
        if (now.bytes() > MAX_BYTES) {
            now = emptySpace();
            space = now;
        }
        return state.space == now ? state : now.adopt(state);
    }

    /** The tokens that a state allows. */
    TokenMask mask(State state) {
        StateSpace own = state.space;
        State clipped = own.clipped(state);
        TokenMask mask = clipped.mask;
        if (mask == null) {
            mask = newMask(clipped);
            clipped.mask = mask;
            own.count(mask.bytes());
        }
        return mask;
    }

    private TokenMask newMask(State state) {
        MaskBuilder builder = new MaskBuilder(vocabulary, state.space);
        State near = state.space.near(state);
        int offset = near == state ? 0 : offset(state, stack -> stack.near);
        if (offset < 0) {
            add(vocabulary.shortTokens(), state, builder);
        } else {
            builder.add(shortMask(near), offset);
        }
        add(vocabulary.longTokens(), state, builder);
        return builder.result();
    }

    private TokenMask shortMask(State state) {
        TokenMask mask = state.shortMask;
        if (mask == null) {
            MaskBuilder builder = new MaskBuilder(vocabulary, state.space);
            add(vocabulary.shortTokens(), state, builder);
            mask = builder.result();
            state.shortMask = mask;
            state.space.count(mask.bytes());
        }
        return mask;
    }

    private void add(Trie trie, State state, MaskBuilder builder) {
        StateSpace own = state.space;
        Set<Frame> boundaries = new LinkedHashSet<>();
        for (Frame stack : state.stacks) {
            boundaries.add(stack.boundary());
        }
        for (Frame boundary : boundaries) {
            MaskBuilder.LocalMask local = local(trie, own.above(boundary, state));
            builder.add(local.tokens, boundary.cost);
            if (boundary.kind == Frame.Kind.RETURN) {
                State after = own.resume(boundary);
                for (int node : local.exits) {
                    builder.addBelow(trie, node, after);
                }
            }
        }
    }

    private MaskBuilder.LocalMask local(Trie trie, State state) {
        boolean isLong = trie == vocabulary.longTokens();
        MaskBuilder.LocalMask local = isLong ? state.longLocal : state.shortLocal;
        if (local == null) {
            local = new MaskBuilder(vocabulary, state.space).local(trie, state);
            if (isLong) {
                state.longLocal = local;
            } else {
                state.shortLocal = local;
            }
            state.space.count(local.tokens.bytes() + 4 * local.exits.length);
        }
        return local;
    }

    /** How many bytes dearer a state is than with its counters cut down, if the same on every way; else -1. */
    static int offset(State state, UnaryOperator<Frame> cut) {
        int offset = -1;
        for (Frame stack : state.stacks) {
            int more = stack.cost - cut.apply(stack).cost;
            if (offset >= 0 && more != offset) {
                return -1;
            }
            offset = more;
        }
        return Math.max(offset, 0);
    }

    /** The tokens that may come first, from the state before all of them. */
    TokenMask beginningMask(State start, Vocabulary tokens) {
        TokenMask mask = beginning;
        if (mask == null) {
            mask = MaskBuilder.within(tokens, vocabulary, start, Position.NEVER, false);
            beginning = mask;
        }
        return mask;
    }

    /** The tokens after which a text can be closed with so many bytes, or, where there are none, with so many tokens. */
    TokenMask maskWithin(Vocabulary tokens, State state, int limit) {
        if (tokens != vocabulary) {
            return newMaskWithin(tokens, state, limit);
        }
        // The ends of texts are much the same, so that these masks are wanted again.
        for (State.Within known = state.within; known != null; known = known.others()) {
            if (known.limit() == limit) {
                return known.mask();
            }
        }
        TokenMask mask = newMaskWithin(tokens, state, limit);
        state.within = new State.Within(limit, mask, state.within);
        state.space.count(mask.bytes());
        return mask;
    }

    private TokenMask newMaskWithin(Vocabulary tokens, State state, int limit) {
        TokenMask mask = MaskBuilder.within(tokens, vocabulary, state, limit, !vocabulary.hasAllBytes());
        return mask.isEmpty() ? MaskBuilder.within(tokens, vocabulary, state, limit, true) : mask;
    }
}
