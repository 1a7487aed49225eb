package dev.decanter.grammar;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Walks the trie of a vocabulary along the states of a grammar. For one use at a time. */
final class MaskBuilder {
    /** How many bytes dearer than the state itself a token may be and still count as cheap. */
    private static final int CHEAP = 4;

    /** Beyond this much work for one mask the grammar is taken to explode; it takes some seconds. */
    private static final long MAX_WORK = 10_000_000;

    private static final long MAX_BYTES = 256L << 20;

    private final StateSpace space;
    private final State[] path;
    private final long[] cheap;
    private final Map<Integer, Integer> dear = new HashMap<>();
    private final Closing closing;
    private boolean countTokens;
    private int cheapLimit;
    private int cheapCost;
    private int[] exits = new int[16];
    private int exitCount;

    MaskBuilder(Vocabulary vocabulary, StateSpace space) {
        this(vocabulary, vocabulary, space);
    }

    private MaskBuilder(Vocabulary vocabulary, Vocabulary later, StateSpace space) {
        closing = new Closing(later, later);
        this.space = space;
        path = new State[vocabulary.maxBytes() + 1];
        cheap = new long[vocabulary.maskLength()];
    }

    /** What a local state allows by itself, and the nodes of the trie at which its rule may have ended. */
    static final class LocalMask {
        final TokenMask tokens;
        final int[] exits;

        LocalMask(TokenMask tokens, int[] exits) {
            this.tokens = tokens;
            this.exits = exits;
        }
    }

    LocalMask local(Trie trie, State state) {
        cheapLimit = Position.add(state.cost, CHEAP);
        walk(trie, 0, state, true);
        return new LocalMask(result(), Arrays.copyOf(exits, exitCount));
    }

    /** Adds what is known, when what follows it costs so much more. */
    void add(TokenMask tokens, int cost) {
        boolean[] before = new boolean[tokens.dear.length];
        for (int i = 0; i < before.length; i++) {
            before[i] = isCheap(tokens.dear[i]);
        }
        tokens.addTo(cheap);
        cheapCost = Math.max(cheapCost, Position.add(tokens.cheapCost, cost));
        for (int i = 0; i < before.length; i++) {
            int id = tokens.dear[i];
            if (!before[i]) {
                cheap[id >> 6] &= ~(1L << id);
                dear.merge(id, Position.add(tokens.dearCosts[i], cost), Math::min);
            }
        }
    }

    private boolean isCheap(int id) {
        return (cheap[id >> 6] >>> id & 1) != 0;
    }

    /** Adds the tokens below a node of the trie, the state being the one at that node. */
    void addBelow(Trie trie, int node, State state) {
        cheapLimit = Position.add(state.cost, CHEAP);
        walk(trie, node, state, false);
    }

    private void walk(Trie trie, int from, State state, boolean findExits) {
        long start = space.work();
        long startBytes = space.bytes();
        path[trie.depth(from)] = state;
        int node = from + 1;
        int end = trie.end(from);
        int steps = 0;
        while (node < end) {
            int depth = trie.depth(node);
            State before = path[depth - 1];
            State next = space.step(before, trie.label(node));
            if (next.isDead()) {
                node = trie.end(node);
                continue;
            }
            // Inside a text that goes on and on, all that is below a node may lead back to the same state.
            boolean all = next == before && !next.exits && (trie.below(node) & ~space.loops(next)) == 0;
            int after = all ? trie.end(node) : node + 1;
            int firstToken = trie.firstToken(node);
            int endToken = trie.firstToken(after);
            if (firstToken < endToken) {
                int cost = countTokens ? closing.tokens(next) : next.cost;
                for (int i = firstToken; i < endToken; i++) {
                    add(trie.id(i), cost);
                }
            }
            path[depth] = next;
            if (findExits && next.exits && trie.hasChildren(node)) {
                if (exitCount == exits.length) {
                    exits = Arrays.copyOf(exits, 2 * exitCount);
                }
                exits[exitCount++] = node;
            }
            if ((++steps & 0xFF) == 0 && (space.work() - start > MAX_WORK || space.bytes() - startBytes > MAX_BYTES)) {
                throw StateSpace.tooAmbiguous();
            }
            node = after;
        }
    }

    private void add(int id, int cost) {
        if (cost <= cheapLimit) {
            cheap[id >> 6] |= 1L << id;
            cheapCost = Math.max(cheapCost, cost);
        } else {
            dear.merge(id, cost, Math::min);
        }
    }

    /**
     * The tokens after which no more bytes are needed than a limit, or no more tokens.
     *
     * @param later the vocabulary of the tokens after this one
     */
    static TokenMask within(Vocabulary vocabulary, Vocabulary later, State state, int limit, boolean countTokens) {
        MaskBuilder builder = new MaskBuilder(vocabulary, later, state.space);
        builder.countTokens = countTokens;
        builder.cheapLimit = limit;
        builder.walk(vocabulary.shortTokens(), 0, state, false);
        builder.walk(vocabulary.longTokens(), 0, state, false);
        builder.dear.clear();
        return builder.result();
    }

    /** Everything that was added. */
    TokenMask result() {
        dear.keySet().removeIf(this::isCheap);
        long[] sorted = new long[dear.size()];
        int count = 0;
        for (Map.Entry<Integer, Integer> entry : dear.entrySet()) {
            sorted[count++] = (long) entry.getValue() << 32 | entry.getKey();
        }
        Arrays.sort(sorted);
        int[] ids = new int[count];
        int[] costs = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = (int) sorted[i];
            costs[i] = (int) (sorted[i] >> 32);
            cheap[ids[i] >> 6] |= 1L << ids[i];
        }
        return TokenMask.of(cheap, cheapCost, ids, costs);
    }
}
