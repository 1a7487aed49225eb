package dev.decanter.bench;

import dev.decanter.grammar.CompiledGrammar;
import dev.decanter.grammar.Ebnf;
import dev.decanter.grammar.Grammar;
import dev.decanter.grammar.GrammarMatcher;
import dev.decanter.grammar.Regex;
import dev.decanter.grammar.Vocabulary;
import dev.decanter.grammar.json.JsonSchemaGrammar;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Masks of a 128k vocabulary along random texts of a grammar, and the compilation of the grammar. */
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class GrammarBenchmark {
    /** Tokens of all walks together. */
    private static final int TOKENS = 2000;

    private static final int WALK = 200;

    /** What texts are to be. */
    @Param({"json", "schema", "date", "email", "string1000"})
    public String kind = "";

    private Vocabulary vocabulary = GrammarVocabulary.load();
    private Grammar grammar = Ebnf.parse("root ::= \"\"");
    private CompiledGrammar compiled = CompiledGrammar.compile(grammar, vocabulary);
    private long[] bits = {};
    private final List<int[]> walks = new ArrayList<>();

    /** Walks at random, so that all that is measured has been computed once. */
    @Setup(Level.Trial)
    public void walk() {
        grammar = grammar(kind);
        compiled = CompiledGrammar.compile(grammar, vocabulary);
        bits = new long[vocabulary.maskLength()];
        Random random = new Random(5);
        for (int left = TOKENS; left > 0; ) {
            int[] walk = walk(random, Math.min(left, WALK));
            walks.add(walk);
            left -= walk.length;
        }
    }

    private int[] walk(Random random, int limit) {
        GrammarMatcher matcher = compiled.matcher();
        int[] tokens = new int[limit];
        int count = 0;
        while (count < limit && !matcher.isFinished()) {
            matcher.mask(bits);
            int[] allowed = BitSet.valueOf(bits).stream().toArray();
            // Lower ids are the more frequent tokens.
            tokens[count] = allowed[(int) (allowed.length * Math.pow(random.nextDouble(), 3))];
            matcher.accept(tokens[count++]);
        }
        return java.util.Arrays.copyOf(tokens, count);
    }

    static Grammar grammar(String kind) {
        return switch (kind) {
            case "json" -> Ebnf.parse("""
                    root   ::= object
                    value  ::= object | array | string | number | ("true" | "false" | "null") ws
                    object ::= "{" ws (string ":" ws value ("," ws string ":" ws value)*)? "}" ws
                    array  ::= "[" ws (value ("," ws value)*)? "]" ws
                    string ::= "\\"" ([^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\bfnrt] | "u" [0-9a-fA-F]{4}))* "\\"" ws
                    number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
                    ws     ::= | " " | "\\n" [ \\t]{0,20}
                    """);
            case "schema" -> JsonSchemaGrammar.of("""
                    {"type": "object", "additionalProperties": false, "required": ["name", "age", "color"],
                     "properties": {"name": {"type": "string", "maxLength": 30},
                       "age": {"type": "integer", "minimum": 0, "maximum": 150}, "color": {"enum": ["red", "green", "blue"]},
                       "tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}, "maxItems": 4},
                       "home": {"type": "object", "properties": {"city": {"type": "string"}, "zip": {"type": ["string", "null"]}}}}}
                    """);
            case "date" -> Grammar.of(Regex.matching("\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z"));
            case "email" -> Grammar.of(Regex.matching("[\\w.+-]+@[\\w-]+(\\.[\\w-]+)+"));
            case "string1000" -> Ebnf.parse("root ::= \"\\\"\" [^\"\\\\\\x00-\\x1f]{0,1000} \"\\\"\"");
            default -> throw new IllegalArgumentException("no grammar is called " + kind);
        };
    }

    private long all(CompiledGrammar with) {
        long sum = 0;
        for (int[] walk : walks) {
            GrammarMatcher matcher = with.matcher();
            int left = WALK + 50;
            for (int token : walk) {
                matcher.mask(bits, left--);
                sum += bits[0];
                matcher.accept(token);
            }
        }
        return sum;
    }

    /** A token, mask and acceptance, where texts of the grammar were made before. */
    @Benchmark
    @BenchmarkMode(Mode.AverageTime)
    @OperationsPerInvocation(TOKENS)
    public long token() {
        return all(compiled);
    }

    /** A token of the first ten texts of a grammar or more, its compilation and all first masks included. */
    @Benchmark
    @BenchmarkMode(Mode.AverageTime)
    @OperationsPerInvocation(TOKENS)
    public long tokenCold() {
        return all(CompiledGrammar.compile(grammar, vocabulary));
    }

    /** From the notation to the first mask. */
    @Benchmark
    @BenchmarkMode(Mode.AverageTime)
    public long compile() {
        CompiledGrammar.compile(grammar(kind), vocabulary).matcher().mask(bits);
        return bits[0];
    }
}
