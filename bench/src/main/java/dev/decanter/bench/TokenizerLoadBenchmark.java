package dev.decanter.bench;

import dev.decanter.tokenizers.Tokenizer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/** Loading a tokenizer and encoding a first short text, each time in a fresh JVM. */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(
        value = 10,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 0)
@Measurement(iterations = 1)
public class TokenizerLoadBenchmark {
    /** Loads. */
    @Benchmark
    public long[] load(TokenizerBenchmark.Converted converted) {
        try (Tokenizer loaded = Tokenizer.load(converted.folder())) {
            return loaded.encodeToIds("Hello world");
        }
    }
}
