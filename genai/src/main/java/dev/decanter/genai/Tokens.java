package dev.decanter.genai;

import java.util.Arrays;
import java.util.Objects;

/** Prompt and answer of one sequence, as they grow. */
final class Tokens implements TokenHistory {
    private final int promptLength;
    private final int limit;
    private long[] ids;
    private int length;

    /** Begins with a prompt; the answer will have at most {@code limit} tokens. */
    Tokens(long[] prompt, int limit) {
        this(prompt.clone(), prompt.length, prompt.length, limit);
    }

    private Tokens(long[] ids, int length, int promptLength, int limit) {
        this.ids = ids;
        this.length = length;
        this.promptLength = promptLength;
        this.limit = limit;
    }

    /** The same tokens, to be continued otherwise. */
    Tokens copy() {
        return new Tokens(Arrays.copyOf(ids, length), length, promptLength, limit);
    }

    void append(long token) {
        if (length == ids.length) {
            ids = Arrays.copyOf(ids, length + Math.max(64, length));
        }
        ids[length++] = token;
    }

    @Override
    public int promptLength() {
        return promptLength;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public long token(int index) {
        return ids[Objects.checkIndex(index, length)];
    }

    @Override
    public int remaining() {
        return limit - generated();
    }

    /** A copy of the tokens {@code from} to {@code to - 1}. */
    long[] range(int from, int to) {
        return Arrays.copyOfRange(ids, Objects.checkFromToIndex(from, to, length), to);
    }

    /** Whether the tokens at {@code a} and at {@code b} are the same {@code count}. */
    boolean same(int a, int b, int count) {
        return Arrays.equals(ids, a, a + count, ids, b, b + count);
    }
}
