package dev.decanter.genai;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A sequence that beam search is still extending.
 *
 * @param row of the model's cache that holds it
 * @param state its tokens and what changes its logits
 * @param score sum of the log-probabilities of its answer, penalties included
 * @param answer its text, kept only to look for stop strings
 * @param last its last token's log-probability with those before it, empty before the first
 */
record Beam(int row, SequenceState state, double score, Optional<Answer> answer, Optional<Link> last) {

    /** A log-probability by the model's own logits, behind those that beams may share. */
    record Link(Optional<Link> before, float logprob) {
        static List<Float> all(Optional<Link> last) {
            List<Float> values = new ArrayList<>();
            for (Optional<Link> link = last; link.isPresent(); link = link.get().before()) {
                values.add(link.get().logprob());
            }
            Collections.reverse(values);
            return values;
        }
    }

    /**
     * A beam with one more token.
     *
     * @param parent the beam's index in its group
     * @param score the parent's and the token's, penalties included
     * @param logprob the token's, by the model's own logits
     */
    record Candidate(int parent, long token, double score, float logprob) {}

    /** Number of tokens of the answer so far. */
    int generated() {
        return state.tokens().generated();
    }
}
