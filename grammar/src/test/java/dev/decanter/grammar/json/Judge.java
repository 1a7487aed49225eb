package dev.decanter.grammar.json;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.decanter.grammar.CompiledGrammar;
import dev.decanter.grammar.Grammar;
import dev.decanter.grammar.GrammarMatcher;
import dev.decanter.grammar.Vocabulary;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Writes random texts of a grammar as a model would, and lets an independent validator judge them. */
final class Judge {
    static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    private static final SchemaRegistry SCHEMAS = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

    private static final List<byte[]> TOKENS = tokens();

    /** All bytes, and some longer tokens of the kind that models have. */
    static final Vocabulary VOCABULARY = Vocabulary.of(TOKENS);

    private Judge() {}

    private static List<byte[]> tokens() {
        List<byte[]> tokens = new ArrayList<>();
        tokens.add(new byte[0]);
        for (int value = 0; value < 256; value++) {
            tokens.add(new byte[] {(byte) value});
        }
        String[] words = {
            "\"", "\"", "\": ", "\":", "\", \"", "\"}", "{\"", "[\"", ", ", "}", "]", "}}", "]}", "0", "1", "12", "3.5",
                    "-",
            "e", "a", "b", "an", "the", "é", "漢", "😀", "\\n", "\\u00e9", "\\ud83d\\ude00", "\\", "/", "true", "null",
                    " ", "@", "."
        };
        for (String word : words) {
            tokens.add(word.getBytes(StandardCharsets.UTF_8));
        }
        return tokens;
    }

    static CompiledGrammar compile(Grammar grammar) {
        return CompiledGrammar.compile(grammar, VOCABULARY);
    }

    /** A random text that needs few tokens more than so many. */
    static String sample(CompiledGrammar grammar, Random random, int tokens) {
        GrammarMatcher matcher = grammar.matcher();
        StringBuilder bytes = new StringBuilder();
        long[] bits = new long[VOCABULARY.maskLength()];
        int budget = Math.max(tokens, grammar.leastBytes());
        while (!matcher.isFinished() && budget > 0 && !(matcher.isComplete() && random.nextInt(4) == 0)) {
            matcher.mask(bits, budget--);
            List<Integer> allowed = new ArrayList<>();
            for (int id = 0; id < VOCABULARY.size(); id++) {
                // Single bytes of three quarters of the values are letters of no language; words come more often.
                if ((bits[id >> 6] >>> id & 1) != 0 && (id > 256 || random.nextInt(4) == 0 || allowed.isEmpty())) {
                    allowed.add(id);
                }
            }
            if (allowed.isEmpty()) {
                break;
            }
            int id = allowed.get(random.nextInt(allowed.size()));
            matcher.accept(id);
            for (byte b : TOKENS.get(id)) {
                bytes.append((char) (b & 0xFF));
            }
        }
        if (!matcher.isComplete()) {
            throw new AssertionError("the text stops in the middle: " + bytes);
        }
        return new String(bytes.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    static boolean accepts(CompiledGrammar grammar, String text) {
        GrammarMatcher matcher = grammar.matcher();
        return (text.isEmpty() || matcher.accept(text)) && matcher.isComplete();
    }

    /** The validator for a schema; formats are assertions. */
    static Schema validator(String schema) {
        return SCHEMAS.getSchema(schema);
    }

    /** What a validator has against a text; empty if nothing. */
    static String objection(Schema validator, String text) {
        JsonNode value;
        try {
            value = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            return "no JSON: " + e.getOriginalMessage();
        }
        var errors = validator.validate(
                value, context -> context.executionConfig(config -> config.formatAssertionsEnabled(true)));
        return errors.isEmpty() ? "" : errors.toString();
    }
}
