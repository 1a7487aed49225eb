package dev.decanter.genai;

/**
 * A token of a draft.
 *
 * @param token the guess
 * @param distribution what it was drawn from; it alone with certainty if it was not drawn
 */
record Proposal(int token, Distribution distribution) {
    /** A guess that was not drawn. */
    static Proposal certain(int token) {
        return new Proposal(token, new Distribution(new int[] {token}, new float[] {1}));
    }
}
