package dev.decanter.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** The matcher against the definition of a grammar, and masks against reading tokens byte by byte. */
class MatcherPropertyTest {
    private static final String LETTERS = "abé";
    private static final int LIMIT = 5;

    static Vocabulary vocabulary(Random random, String letters) {
        List<byte[]> tokens = new ArrayList<>();
        tokens.add(new byte[0]);
        for (int value = 0; value < 256; value++) {
            tokens.add(new byte[] {(byte) value});
        }
        byte[] all = letters.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 100; i++) {
            byte[] token = new byte[1 + random.nextInt(i % 10 == 0 ? 40 : 6)];
            for (int j = 0; j < token.length; j++) {
                token[j] = all[random.nextInt(all.length)];
            }
            tokens.add(token);
        }
        return Vocabulary.of(tokens);
    }

    /** Runs what may find that a recursive grammar reads a text in too many ways, which is no fault of the matcher's. */
    private static void unlessAmbiguous(Runnable test) {
        try {
            test.run();
        } catch (GrammarException e) {
            assertThat(e).hasMessageContaining("too many ways");
        }
    }

    /** The grammar compiled, unless it begins with itself or has no text. */
    private static Optional<CompiledGrammar> compiled(Grammar grammar, Vocabulary vocabulary) {
        try {
            return Optional.of(CompiledGrammar.compile(grammar, vocabulary));
        } catch (GrammarException e) {
            assertThat(e).hasMessageMatching("(?s).*(begins with itself|never comes to an end).*");
            return Optional.empty();
        }
    }

    @Property(tries = 250)
    void acceptsTheTextsOfTheGrammarAndNoOthers(@ForAll long seed) {
        unlessAmbiguous(() -> checkAcceptsTheTextsOfTheGrammarAndNoOthers(seed));
    }

    private static void checkAcceptsTheTextsOfTheGrammarAndNoOthers(long seed) {
        Grammar grammar = new RandomGrammars(seed, LETTERS).grammar();
        Set<String> texts = RandomGrammars.texts(grammar, LIMIT);
        Optional<CompiledGrammar> compiled = compiled(grammar, vocabulary(new Random(seed), LETTERS));
        if (compiled.isEmpty()) {
            return;
        }
        List<String> open = new ArrayList<>(List.of(""));
        for (int i = 0; i < open.size(); i++) {
            String text = open.get(i);
            GrammarMatcher matcher = compiled.get().matcher();
            boolean accepted = matcher.accept(text) && matcher.isComplete();
            assertThat(accepted).as("%s in%n%s", text, grammar).isEqualTo(texts.contains(text));
            if (text.length() < LIMIT) {
                LETTERS.chars().forEach(c -> open.add(text + (char) c));
            }
        }
    }

    @Property(tries = 150)
    void masksAreWhatTheBytesSay(@ForAll long seed) {
        unlessAmbiguous(() -> checkMasksAreWhatTheBytesSay(seed));
    }

    /** Two rules may go on, and what is dear in one costs less than what is cheap in the other. */
    @Example
    void masksWhereCheapInOneRuleIsDearerThanDearInAnother() {
        checkMasksAreWhatTheBytesSay(254087);
    }

    private static void checkMasksAreWhatTheBytesSay(long seed) {
        Random random = new Random(seed);
        Grammar grammar = new RandomGrammars(seed, LETTERS).grammar();
        Vocabulary vocabulary = vocabulary(random, LETTERS);
        Optional<CompiledGrammar> compiled = compiled(grammar, vocabulary);
        if (compiled.isEmpty()) {
            return;
        }
        GrammarMatcher matcher = compiled.get().matcher();
        long[] bits = new long[vocabulary.maskLength()];
        long[] closing = new long[vocabulary.maskLength()];
        for (int step = 0; step < 12; step++) {
            matcher.mask(bits);
            int budget = 1 + matcher.leastBytes() + random.nextInt(12);
            matcher.mask(closing, budget);
            List<Integer> allowed = new ArrayList<>();
            List<Integer> inTime = new ArrayList<>();
            for (int id = 0; id < vocabulary.size(); id++) {
                GrammarMatcher copy = matcher.copy();
                boolean accepts = copy.accept(id);
                assertThat(bit(bits, id))
                        .as("token %s after %s steps of%n%s", id, step, grammar)
                        .isEqualTo(accepts);
                if (accepts) {
                    allowed.add(id);
                }
                if (accepts && copy.leastBytes() <= budget - 1) {
                    inTime.add(id);
                }
            }
            // One token a byte is what the budget allows for; more than that only where nothing else is left.
            if (!inTime.isEmpty()) {
                assertThat(allowed(closing))
                        .as("%s left of%n%s", budget, grammar)
                        .isEqualTo(inTime.stream().mapToInt(Integer::intValue).toArray());
            } else {
                assertThat(allowed)
                        .containsAll(Arrays.stream(allowed(closing)).boxed().toList());
            }
            assertThat(allowed.isEmpty()).isEqualTo(matcher.isFinished());
            assertThat(matcher.isComplete() || !allowed.isEmpty()).isTrue();
            if (allowed.isEmpty()) {
                return;
            }
            matcher.accept(allowed.get(random.nextInt(allowed.size())));
        }
    }

    @Property(tries = 150)
    void aTextIsCompleteWithinItsTokens(@ForAll long seed) {
        unlessAmbiguous(() -> checkATextIsCompleteWithinItsTokens(seed));
    }

    private static void checkATextIsCompleteWithinItsTokens(long seed) {
        Random random = new Random(seed);
        Grammar grammar = new RandomGrammars(seed, LETTERS).grammar();
        Vocabulary vocabulary = vocabulary(random, LETTERS);
        Optional<CompiledGrammar> compiled = compiled(grammar, vocabulary);
        if (compiled.isEmpty()) {
            return;
        }
        GrammarMatcher matcher = compiled.get().matcher();
        long[] bits = new long[vocabulary.maskLength()];
        int tokens = compiled.get().leastTokens() + random.nextInt(random.nextBoolean() ? 3 : 20);
        while (!matcher.isFinished() && tokens > 0) {
            matcher.mask(bits, tokens--);
            int[] allowed = allowed(bits);
            if (allowed.length == 0) {
                assertThat(matcher.isComplete()).isTrue();
                return;
            }
            matcher.accept(allowed[random.nextInt(allowed.length)]);
        }
        assertThat(matcher.isComplete()).as(grammar.toString()).isTrue();
    }

    static boolean bit(long[] bits, int id) {
        return (bits[id >> 6] >>> id & 1) != 0;
    }

    static int[] allowed(long[] bits) {
        return BitSet.valueOf(bits).stream().toArray();
    }
}
