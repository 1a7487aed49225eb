package dev.decanter.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;

/** A deterministic automaton over bytes, for what can only be said of those: intersection and difference. */
final class Dfa {
    /** Beyond this the operands are taken to explode. */
    private static final int MAX_STATES = 20_000;

    private static final int NOWHERE = -1;

    private final List<int[]> steps = new ArrayList<>();
    private final List<Boolean> accepts = new ArrayList<>();

    private Dfa() {}

    /** Every state of a program that has finitely many. */
    static Dfa of(Program program) {
        StateSpace space = new StateSpace(program, Integer.MAX_VALUE);
        Dfa dfa = new Dfa();
        Map<State, Integer> numbers = new HashMap<>();
        List<State> states = new ArrayList<>();
        states.add(space.start());
        numbers.put(states.getFirst(), 0);
        for (int s = 0; s < states.size(); s++) {
            State state = states.get(s);
            int[] step = new int[256];
            for (int value = 0; value < 256; value++) {
                State next = space.step(state, value);
                Integer number = next.isDead() ? Integer.valueOf(NOWHERE) : numbers.get(next);
                if (number == null) {
                    number = dfa.checked(states.size());
                    numbers.put(next, number);
                    states.add(next);
                }
                step[value] = number;
            }
            dfa.steps.add(step);
            dfa.accepts.add(state.complete);
        }
        return dfa;
    }

    static Dfa both(Dfa a, Dfa b) {
        return product(a, b, (first, second) -> first && second);
    }

    static Dfa except(Dfa a, Dfa b) {
        return product(a, b, (first, second) -> first && !second);
    }

    private static Dfa product(Dfa a, Dfa b, BiPredicate<Boolean, Boolean> accept) {
        boolean needsBoth = !accept.test(true, false);
        Dfa dfa = new Dfa();
        Map<Long, Integer> numbers = new HashMap<>();
        List<int[]> pairs = new ArrayList<>();
        pairs.add(new int[] {0, 0});
        numbers.put(0L, 0);
        for (int s = 0; s < pairs.size(); s++) {
            int first = pairs.get(s)[0];
            int second = pairs.get(s)[1];
            int[] step = new int[256];
            Arrays.fill(step, NOWHERE);
            for (int value = 0; value < 256; value++) {
                int x = a.step(first, value);
                int y = second == NOWHERE ? NOWHERE : b.step(second, value);
                if (x == NOWHERE || (needsBoth && y == NOWHERE)) {
                    continue;
                }
                long pair = ((long) x << 32) | (y & 0xFFFFFFFFL);
                Integer number = numbers.get(pair);
                if (number == null) {
                    number = dfa.checked(pairs.size());
                    numbers.put(pair, number);
                    pairs.add(new int[] {x, y});
                }
                step[value] = number;
            }
            dfa.steps.add(step);
            dfa.accepts.add(accept.test(a.accepts(first), second != NOWHERE && b.accepts(second)));
        }
        return dfa;
    }

    private int checked(int count) {
        if (count >= MAX_STATES) {
            throw new GrammarException("an intersection or difference of texts needs more than " + MAX_STATES
                    + " states; allow shorter texts, or a simpler pattern");
        }
        return count;
    }

    int size() {
        return steps.size();
    }

    /** The next state, or -1. */
    int step(int state, int value) {
        return steps.get(state)[value];
    }

    boolean accepts(int state) {
        return accepts.get(state);
    }
}
