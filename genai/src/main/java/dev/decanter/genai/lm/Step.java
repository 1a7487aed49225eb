package dev.decanter.genai.lm;

import dev.decanter.genai.GenerationException;
import java.util.Arrays;
import java.util.List;

/**
 * What a {@link LanguageModel} runs next. The arrays are not copied and must not change during the step.
 *
 * @param ids {@code ids[r]}: the new tokens of row r, at least one and equally many in every row
 * @param parents {@code parents[r]}: the cached row that row r continues; several rows may continue the same one, and rows may be
 *     dropped; ignored when the cache is empty
 * @param padding {@code padding[r]}: how many ids at the front of row r are left padding, fewer than there are ids, and 0 unless
 *     the cache is empty; they are masked, and positions count from the first real token
 * @param positions for how many last positions logits are wanted, at least 1 and at most the new tokens of a row
 */
@SuppressWarnings("ArrayRecordComponent") // a step is made for one call and not compared
public record Step(long[][] ids, int[] parents, int[] padding, int positions) {
    private static final int[] ZERO = {0};

    /** Checks the sizes against each other; throws {@link GenerationException}. */
    public Step {
        int rows = ids.length;
        if (rows == 0 || parents.length != rows || padding.length != rows) {
            throw new GenerationException("a step has " + rows + " rows of ids, " + parents.length + " parents and "
                    + padding.length + " paddings; it needs as many of each, and at least one");
        }
        int count = ids[0].length;
        for (int r = 0; r < rows; r++) {
            if (ids[r].length != count || count == 0) {
                throw new GenerationException("row " + r + " of a step has " + ids[r].length + " ids and row 0 has "
                        + count + "; all rows need equally many, and at least one");
            }
            if (padding[r] < 0 || padding[r] >= count) {
                throw new GenerationException("row " + r + " of a step has " + count + " ids and " + padding[r]
                        + " of padding; at least one id must be real");
            }
        }
        if (positions < 1 || positions > count) {
            throw new GenerationException(
                    "a step of " + count + " positions cannot give logits of " + positions + " of them");
        }
    }

    /** Continues the cache's only row (its first, if it has more), logits of the last position. */
    public static Step one(long... ids) {
        return new Step(new long[][] {ids}, ZERO, ZERO, 1);
    }

    /** One token a row, behind the rows {@code parents}. */
    public static Step next(long[] tokens, int[] parents) {
        long[][] ids = new long[tokens.length][];
        Arrays.setAll(ids, row -> new long[] {tokens[row]});
        return new Step(ids, parents, new int[tokens.length], 1);
    }

    /**
     * Begins a row for each prompt, padded on the left to the longest with {@code padId}. The cache must be empty.
     *
     * @param padId any token of the vocabulary; what it is does not matter, since it is masked
     */
    public static Step prompts(List<long[]> prompts, long padId) {
        int longest = prompts.stream().mapToInt(prompt -> prompt.length).max().orElse(0);
        long[][] ids = new long[prompts.size()][];
        int[] padding = new int[ids.length];
        int[] parents = new int[ids.length];
        for (int r = 0; r < ids.length; r++) {
            long[] prompt = prompts.get(r);
            padding[r] = longest - prompt.length;
            parents[r] = r;
            ids[r] = new long[longest];
            Arrays.fill(ids[r], 0, padding[r], padId);
            System.arraycopy(prompt, 0, ids[r], padding[r], prompt.length);
        }
        return new Step(ids, parents, padding, 1);
    }

    /** The same with logits of the last {@code count} positions. */
    public Step withPositions(int count) {
        return new Step(ids, parents, padding, count);
    }

    /** Number of rows. */
    public int rows() {
        return ids.length;
    }

    /** New tokens of each row, padding included. */
    public int count() {
        return ids[0].length;
    }
}
