package dev.decanter.bench;

import dev.decanter.tokenizers.Tokenizer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Loading a tokenizer and encoding a first short text: in a fresh JVM, which has to load its classes and runs them interpreted, and
 * in one that has done it before.
 */
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@State(Scope.Benchmark)
public class TokenizerLoadBenchmark {
    /** In a fresh JVM each time. */
    @Benchmark
    @BenchmarkMode(Mode.SingleShotTime)
    @Fork(
            value = 10,
            jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
    @Warmup(iterations = 0)
    @Measurement(iterations = 1)
    public long[] loadFirst(TokenizerBenchmark.Converted converted) {
        return load(converted);
    }

    /** In a JVM that is warm. */
    @Benchmark
    @BenchmarkMode(Mode.AverageTime)
    @Fork(
            value = 1,
            jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
    @Warmup(iterations = 3, time = 2)
    @Measurement(iterations = 5, time = 2)
    public long[] loadAgain(TokenizerBenchmark.Converted converted) {
        return load(converted);
    }

    private static long[] load(TokenizerBenchmark.Converted converted) {
        try (Tokenizer loaded = Tokenizer.load(converted.folder())) {
            return loaded.encodeToIds("Hello world");
        }
    }
}
