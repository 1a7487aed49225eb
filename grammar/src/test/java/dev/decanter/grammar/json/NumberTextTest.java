package dev.decanter.grammar.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.grammar.CompiledGrammar;
import dev.decanter.grammar.Grammar;
import dev.decanter.grammar.GrammarException;
import dev.decanter.grammar.Node;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

/** Spellings of numbers against comparing the numbers. */
class NumberTextTest {

    private static CompiledGrammar compiled(NumberSpec spec) {
        Map<String, Node> rules = new LinkedHashMap<>();
        Node root = NumberText.of(spec, (hint, body) -> {
            String name = hint + rules.size();
            rules.put(name, body);
            return Node.rule(name);
        });
        rules.put("root", root);
        return Judge.compile(new Grammar("root", rules));
    }

    private static NumberSpec spec(Random random) {
        NumberSpec spec = NumberSpec.ANY;
        BigDecimal low = decimal(random);
        if (random.nextInt(3) > 0) {
            spec = spec.and(NumberSpec.atLeast(low, random.nextBoolean()));
        }
        if (random.nextInt(3) > 0) {
            spec = spec.and(
                    NumberSpec.atMost(low.add(decimal(random).abs()).add(new BigDecimal("0.5")), random.nextBoolean()));
        }
        String[] multiples = {"1", "1", "3", "7", "20", "100", "0.1", "0.05", "2.5", "60"};
        return random.nextInt(3) == 0
                ? spec
                : spec.and(NumberSpec.multiplesOf(new BigDecimal(multiples[random.nextInt(multiples.length)])));
    }

    private static BigDecimal decimal(Random random) {
        int digits = 1 + random.nextInt(5);
        return BigDecimal.valueOf(random.nextInt((int) Math.pow(10, digits)), random.nextInt(4))
                .multiply(BigDecimal.valueOf(random.nextInt(3) - 1));
    }

    private static boolean contains(NumberSpec spec, BigDecimal number) {
        return !NumberSpec.point(number).and(spec).isEmpty();
    }

    @Property(tries = 60)
    void acceptsTheNumbersOfTheRangeAndNoOthers(@ForAll long seed) {
        Random random = new Random(seed);
        NumberSpec spec = spec(random);
        if (spec.isEmpty()) {
            return;
        }
        CompiledGrammar grammar = compiled(spec);
        BigDecimal multiple = spec.multipleOf();
        for (int i = 0; i < 200; i++) {
            BigDecimal near = i % 3 == 0 || spec.low() == null ? decimal(random) : spec.low();
            near = i % 3 == 1 && spec.high() != null ? spec.high() : near;
            near = near.add(BigDecimal.valueOf(random.nextInt(41) - 20, random.nextInt(4)));
            String text = near.toPlainString();
            boolean spelledAsUsual = multiple == null || near.scale() <= Math.max(multiple.scale(), 0);
            boolean negativeZero = near.signum() == 0 && text.startsWith("-");
            assertThat(Judge.accepts(grammar, text))
                    .as("%s in %s", text, spec)
                    .isEqualTo(contains(spec, near) && spelledAsUsual && !negativeZero);
        }
    }

    @Property(tries = 60)
    void whatIsWrittenIsInTheRange(@ForAll long seed) {
        Random random = new Random(seed);
        NumberSpec spec = spec(random);
        if (spec.isEmpty()) {
            return;
        }
        CompiledGrammar grammar = compiled(spec);
        for (int i = 0; i < 20; i++) {
            String text = Judge.sample(grammar, random, 1 + random.nextInt(25));
            assertThat(contains(spec, new BigDecimal(text)))
                    .as("%s in %s", text, spec)
                    .isTrue();
            assertThat(text).doesNotStartWith("-0}").doesNotMatch("-?0[0-9].*");
        }
    }

    @Test
    void doublesStayInsideExclusiveBounds() {
        NumberSpec spec =
                NumberSpec.atLeast(new BigDecimal("0.3"), true).and(NumberSpec.atMost(new BigDecimal("1000.1"), true));
        CompiledGrammar grammar = compiled(spec);
        Random random = new Random(1);
        for (int i = 0; i < 500; i++) {
            double read = Double.parseDouble(Judge.sample(grammar, random, 1 + random.nextInt(25)));
            assertThat(read).isGreaterThan(0.3).isLessThan(1000.1);
        }
        assertThat(Judge.accepts(grammar, "0.3000000000000000001")).isFalse();
    }

    @Test
    void refusesMultiplesWithTooManyRemainders() {
        assertThatThrownBy(() -> compiled(NumberSpec.multiplesOf(new BigDecimal("1009"))))
                .isInstanceOf(GrammarException.class)
                .hasMessageContaining("multipleOf 1009 has more than 200 remainders");
    }
}
