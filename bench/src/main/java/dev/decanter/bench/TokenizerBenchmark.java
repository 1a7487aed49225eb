package dev.decanter.bench;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.decanter.tokenizers.ConversionOptions;
import dev.decanter.tokenizers.Tokenizer;
import dev.decanter.tokenizers.TokenizerConverter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Tokenizing text, beside the Rust {@code tokenizers} library through DJL's JNI binding. Both
 * run on one thread; look at {@code tokens}: millions of tokens a second. Ids are compared before anything is measured.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
public class TokenizerBenchmark {
    private static final double MEGA = 1e6;

    /** A text file. */
    @Param("ARCHITECTURE.md")
    public String text;

    /** Most characters of one call; each call's text begins where the last one's ended. */
    @Param({"2000", "1000000"})
    public int chars;

    private Tokenizer ours;
    private HuggingFaceTokenizer rust;
    private List<String> pieces;
    private int next;

    /** Rates derived from the number of calls. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Rates {
        /** Millions of tokens. */
        public double tokens;

        /** Begins an iteration. */
        @Setup(Level.Iteration)
        public void reset() {
            tokens = 0;
        }
    }

    /** The tokenizer's IR. */
    @State(Scope.Benchmark)
    public static class Converted {
        /** A folder with a tokenizer.json; if it has openvino_tokenizer.xml too, as a cold start wants, that is loaded. */
        @Param("demo/model")
        public String tokenizer;

        private Path folder;

        /** Converts. */
        @Setup
        public void setUp() throws IOException {
            folder = Path.of(tokenizer);
            if (!Files.exists(folder.resolve(TokenizerConverter.TOKENIZER))) {
                folder = Files.createTempDirectory("tokenizer-benchmark");
                TokenizerConverter.convert(Path.of(tokenizer), folder, ConversionOptions.DEFAULT);
            }
        }

        Path folder() {
            return folder;
        }

        /** Deletes what was made. */
        @TearDown
        public void tearDown() throws IOException {
            if (!folder.equals(Path.of(tokenizer))) {
                try (Stream<Path> files = Files.list(folder)) {
                    for (Path file : files.toList()) {
                        Files.delete(file);
                    }
                }
                Files.delete(folder);
            }
        }
    }

    /** Loads and compares. */
    @Setup
    public void setUp(Converted converted) throws IOException {
        ours = Tokenizer.load(converted.folder);
        rust = HuggingFaceTokenizer.newInstance(
                Path.of(converted.tokenizer, "tokenizer.json"), Map.of("truncation", "false", "padding", "false"));
        String all = Files.readString(Path.of(text));
        pieces = Stream.iterate(0, at -> at < all.length(), at -> at + chars)
                .map(at -> all.substring(at, Math.min(all.length(), at + chars)))
                .toList();
        for (String piece : pieces) {
            long[] expected = rust.encode(piece, false, false).getIds();
            if (!Arrays.equals(expected, ours.encodeToIds(piece, false))) {
                throw new IllegalStateException("the two disagree on: " + piece);
            }
        }
    }

    /** Frees everything. */
    @TearDown
    public void tearDown() {
        ours.close();
        rust.close();
    }

    private String nextPiece() {
        next = (next + 1) % pieces.size();
        return pieces.get(next);
    }

    /** Ours. */
    @Benchmark
    public long[] encode(Rates rates) {
        long[] ids = ours.encodeToIds(nextPiece(), false);
        rates.tokens += ids.length / MEGA;
        return ids;
    }

    /** The peer's. */
    @Benchmark
    public long[] encodeRust(Rates rates) {
        long[] ids = rust.encode(nextPiece(), false, false).getIds();
        rates.tokens += ids.length / MEGA;
        return ids;
    }
}
