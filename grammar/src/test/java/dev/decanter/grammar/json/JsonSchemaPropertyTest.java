package dev.decanter.grammar.json;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Schema;
import dev.decanter.grammar.CompiledGrammar;
import dev.decanter.grammar.GrammarException;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What the grammar of a random schema writes parses and validates. */
class JsonSchemaPropertyTest {
    private static final int SCHEMAS = Integer.getInteger("schemas", 200);

    @Test
    void whatIsWrittenIsValid() {
        long from = Long.getLong("seed", 0);
        long written = LongStream.range(from, from + SCHEMAS)
                .filter(JsonSchemaPropertyTest::isWrittenValidly)
                .count();
        // The others are unsatisfiable or refused, as random keywords make them.
        assertThat(written).isGreaterThan(SCHEMAS / 2);
    }

    private static boolean isWrittenValidly(long seed) {
        Random random = new Random(seed);
        String schema = new RandomSchemas(seed).schema().toString();
        JsonSchemaOptions options = JsonSchemaOptions.DEFAULT
                .withStrict(random.nextBoolean())
                .withWhitespace(
                        switch (random.nextInt(3)) {
                            case 0 -> Whitespace.COMPACT;
                            case 1 -> Whitespace.SPACED;
                            default -> Whitespace.upTo(2);
                        });
        CompiledGrammar grammar;
        try {
            grammar = Judge.compile(JsonSchemaGrammar.of(schema, options));
        } catch (GrammarException e) {
            assertThat(e).as("seed %d: %s", seed, schema).hasMessageStartingWith("JSON schema, #");
            return false;
        } catch (RuntimeException | StackOverflowError e) {
            throw new AssertionError("seed " + seed + ": " + schema, e);
        }
        Schema validator = Judge.validator(schema);
        for (int i = 0; i < 4; i++) {
            String text = Judge.sample(grammar, random, 20 + 30 * i);
            assertThat(Judge.objection(validator, text))
                    .as("seed %d: %s%n%s%n%s", seed, schema, options, text)
                    .isEmpty();
        }
        return true;
    }
}
