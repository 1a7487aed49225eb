package dev.decanter.genai;

import java.util.ArrayList;
import java.util.List;

/**
 * Guesses that what followed the sequence's last tokens earlier, in prompt or answer, follows them again: the longest end that
 * occurs before, at its first occurrence (Saxena 2023, as in OpenVINO GenAI).
 *
 * @param size length of a guess
 * @param maxNgram the longest end to look for
 */
record PromptLookup(int size, int maxNgram) implements Drafter {
    @Override
    public List<Proposal> propose(SequenceState state, int most) {
        Tokens tokens = state.tokens();
        int length = tokens.length();
        for (int n = Math.min(maxNgram, length / 2); n > 0; n--) {
            int end = length - n;
            for (int at = 0; at < end; at++) {
                if (tokens.same(at, end, n)) {
                    return following(tokens, at + n, Math.min(size, most));
                }
            }
        }
        return List.of();
    }

    private static List<Proposal> following(Tokens tokens, int from, int most) {
        List<Proposal> proposals = new ArrayList<>();
        for (int i = from; i < Math.min(tokens.length(), from + most); i++) {
            proposals.add(Proposal.certain(Math.toIntExact(tokens.token(i))));
        }
        return proposals;
    }
}
