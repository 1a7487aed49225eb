package dev.decanter.grammar;

import java.util.Arrays;

/**
 * How few tokens close a text. From each state one shortest text is followed, always the same one from where it leads; so after its first
 * token the rest of it is what is followed from there, and a text that could be closed in time still can.
 */
final class Closing {
    /** Longer texts are not followed: their number of bytes stands for their tokens. */
    private static final int MAX_BYTES = 1 << 14;

    private static final int MAX_TOKENS = Position.NEVER;

    private final Vocabulary vocabulary;
    private final Vocabulary first;

    /** With the vocabulary that the first token is of; the others are of the other. */
    Closing(Vocabulary vocabulary, Vocabulary first) {
        this.vocabulary = vocabulary;
        this.first = first;
    }

    /** The fewest tokens that make up the shortest text from a state on; {@link Position#NEVER} if they cannot. */
    int tokens(State state) {
        boolean kept = vocabulary == first;
        int tokens = kept ? state.closingTokens : State.NOT_COMPUTED;
        if (tokens == State.NOT_COMPUTED) {
            tokens = state.cost > MAX_BYTES ? state.cost : count(shortest(state));
            if (kept) {
                state.closingTokens = tokens;
            }
        }
        return tokens;
    }

    private static byte[] shortest(State from) {
        byte[] text = new byte[from.cost];
        State state = from;
        for (int i = 0; i < text.length; i++) {
            int value = 0;
            State next = state.space.step(state, value);
            while (next.cost != state.cost - 1) {
                next = state.space.step(state, ++value);
            }
            text[i] = (byte) value;
            state = next;
        }
        return text;
    }

    private int count(byte[] text) {
        int[] least = new int[text.length + 1];
        Arrays.fill(least, MAX_TOKENS);
        least[0] = 0;
        for (int i = 0; i < text.length; i++) {
            if (least[i] < MAX_TOKENS) {
                Vocabulary tokens = i == 0 ? first : vocabulary;
                extend(tokens.shortTokens(), text, i, least);
                extend(tokens.longTokens(), text, i, least);
            }
        }
        return least[text.length];
    }

    private static void extend(Trie trie, byte[] text, int from, int[] least) {
        int node = 0;
        for (int i = from; i < text.length; i++) {
            node = trie.child(node, text[i] & 0xFF);
            if (node < 0) {
                return;
            }
            if (trie.hasToken(node)) {
                least[i + 1] = Math.min(least[i + 1], least[from] + 1);
            }
        }
    }
}
