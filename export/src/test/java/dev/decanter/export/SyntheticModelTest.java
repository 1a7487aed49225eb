package dev.decanter.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Exports of configurations that the golden models do not have compute what {@link PlainDecoder} does. */
class SyntheticModelTest {
    private static final double BOUND = 2e-4;

    private static final int[] TOKENS = {3, 1, 36, 14, 15, 9, 2, 6, 5, 35, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6};

    @TempDir
    Path folder;

    record Case(
            String name,
            SyntheticCheckpoint checkpoint,
            PlainDecoder.Rope rope,
            DoubleUnaryOperator activation,
            IntUnaryOperator window) {
        PlainDecoder plain() {
            return new PlainDecoder(checkpoint, rope, activation, window);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static double silu(double x) {
        return x / (1 + Math.exp(-x));
    }

    private static double relu(double x) {
        return Math.max(0, x);
    }

    private static double tanhGelu(double x) {
        return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    private static int full(int layer) {
        return 1_000_000;
    }

    private static SyntheticCheckpoint model(String type) {
        return new SyntheticCheckpoint(type);
    }

    private static Case plain(String name, SyntheticCheckpoint checkpoint) {
        return new Case(name, checkpoint, rope(1000, 8), SyntheticModelTest::silu, SyntheticModelTest::full);
    }

    private static Case windowed(String name, SyntheticCheckpoint checkpoint, IntUnaryOperator window) {
        return new Case(name, checkpoint, rope(1000, 8), SyntheticModelTest::silu, window);
    }

    private static Case roped(String name, PlainDecoder.Rope rope, Map<String, Object> scaling) {
        return new Case(
                "rope " + name,
                model("llama").with("rope_scaling", scaling),
                rope,
                SyntheticModelTest::silu,
                SyntheticModelTest::full);
    }

    /** {@code theta^(-2i / dim)}. */
    private static double[] base(double theta, int dim) {
        double[] out = new double[dim / 2];
        Arrays.setAll(out, i -> Math.pow(theta, -2.0 * i / dim));
        return out;
    }

    private static PlainDecoder.Rope rope(double theta, int dim) {
        return length -> base(theta, dim);
    }

    private static PlainDecoder.Rope fixed(double scaling, double... frequencies) {
        return new PlainDecoder.Rope() {
            @Override
            public double[] frequencies(int length) {
                return frequencies;
            }

            @Override
            public double scaling() {
                return scaling;
            }
        };
    }

    static Stream<Case> cases() {
        return Stream.of(shapes(), ropes(), windows()).flatMap(s -> s);
    }

    private static Stream<Case> shapes() {
        return Stream.of(
                plain("llama, head width apart from hidden size", model("llama")),
                plain("llama, every head its own key", model("llama").with("num_key_value_heads", 6)),
                plain("llama, one key head", model("llama").with("num_key_value_heads", 1)),
                plain(
                        "llama, biases",
                        model("llama").with("attention_bias", true).with("mlp_bias", true)),
                plain("llama, tied", model("llama").with("tie_word_embeddings", true)),
                new Case(
                        "llama, head width from hidden size, defaults",
                        model("llama")
                                .with("hidden_size", 20)
                                .with("num_attention_heads", 5)
                                .with("num_key_value_heads", 5)
                                .with("head_dim", 4),
                        rope(1000, 4),
                        SyntheticModelTest::silu,
                        SyntheticModelTest::full),
                new Case(
                        "llama, relu",
                        model("llama").with("hidden_act", "relu"),
                        rope(1000, 8),
                        SyntheticModelTest::relu,
                        SyntheticModelTest::full),
                new Case(
                        "llama, gelu_pytorch_tanh",
                        model("llama").with("hidden_act", "gelu_pytorch_tanh"),
                        rope(1000, 8),
                        SyntheticModelTest::tanhGelu,
                        SyntheticModelTest::full),
                new Case(
                        "llama, gelu",
                        model("llama").with("hidden_act", "gelu"),
                        rope(1000, 8),
                        SyntheticModelTest::gelu,
                        SyntheticModelTest::full),
                plain("mistral, no window", model("mistral").withNull("sliding_window")),
                plain("qwen2", model("qwen2")),
                plain("qwen2, tied", model("qwen2").with("tie_word_embeddings", true)),
                plain("qwen3, biases", model("qwen3").with("attention_bias", true)),
                plain(
                        "qwen3, three layers, tied",
                        model("qwen3").with("num_hidden_layers", 3).with("tie_word_embeddings", true)));
    }

    private static Stream<Case> windows() {
        return Stream.of(
                windowed("mistral, window 3", model("mistral").with("sliding_window", 3), layer -> 3),
                windowed("mistral, window 1", model("mistral").with("sliding_window", 1), layer -> 1),
                windowed("mistral, no window key", model("mistral"), layer -> 4096),
                windowed(
                        "qwen2, upper layers slide",
                        model("qwen2")
                                .with("use_sliding_window", true)
                                .with("sliding_window", 4)
                                .with("max_window_layers", 1),
                        layer -> layer >= 1 ? 4 : 1_000_000),
                windowed(
                        "qwen2, all layers slide",
                        model("qwen2")
                                .with("use_sliding_window", true)
                                .with("sliding_window", 4)
                                .with("max_window_layers", 0),
                        layer -> 4),
                windowed(
                        "qwen3, window null",
                        model("qwen3")
                                .with("use_sliding_window", true)
                                .withNull("sliding_window")
                                .with("max_window_layers", 1),
                        SyntheticModelTest::full),
                windowed(
                        "qwen3, layer types",
                        model("qwen3")
                                .with("use_sliding_window", true)
                                .with("sliding_window", 5)
                                .with("layer_types", List.of("sliding_attention", "full_attention")),
                        layer -> layer == 0 ? 5 : 1_000_000),
                windowed("qwen2, window not used", model("qwen2").with("sliding_window", 2), SyntheticModelTest::full));
    }

    private static Stream<Case> ropes() {
        double[] linear = base(1000, 8);
        Arrays.setAll(linear, i -> linear[i] / 2.5);
        return Stream.of(
                new Case(
                        "rope in the style of Transformers 5",
                        model("llama")
                                .without("rope_theta")
                                .with("rope_parameters", Map.of("rope_type", "default", "rope_theta", 50.0)),
                        rope(50, 8),
                        SyntheticModelTest::silu,
                        SyntheticModelTest::full),
                new Case(
                        "rope with empty scaling",
                        model("llama")
                                .without("rope_theta")
                                .with("rope_scaling", Map.of())
                                .with("rope_parameters", Map.of("rope_theta", 50.0)),
                        rope(50, 8),
                        SyntheticModelTest::silu,
                        SyntheticModelTest::full),
                new Case(
                        "rope without theta",
                        model("llama").without("rope_theta"),
                        rope(10_000, 8),
                        SyntheticModelTest::silu,
                        SyntheticModelTest::full),
                new Case(
                        "rope on half of a head",
                        model("llama").with("partial_rotary_factor", 0.5),
                        rope(1000, 4),
                        SyntheticModelTest::silu,
                        SyntheticModelTest::full),
                roped("linear", fixed(1, linear), Map.of("rope_type", "linear", "factor", 2.5)),
                roped("linear, old key", fixed(1, linear), Map.of("type", "linear", "factor", 2.5)),
                new Case(
                        "rope dynamic beyond the trained length",
                        model("llama")
                                .with("max_position_embeddings", 7)
                                .with("rope_scaling", Map.of("rope_type", "dynamic", "factor", 3.0)),
                        length -> base(1000 * Math.pow(3.0 * Math.max(length, 7) / 7 - 2, 8.0 / 6), 8),
                        SyntheticModelTest::silu,
                        SyntheticModelTest::full),
                roped(
                        "llama3",
                        fixed(1, llama3()),
                        Map.of(
                                "rope_type",
                                "llama3",
                                "factor",
                                8.0,
                                "low_freq_factor",
                                1.0,
                                "high_freq_factor",
                                4.0,
                                "original_max_position_embeddings",
                                32)),
                roped(
                        "yarn",
                        yarn(4, 32, 32, 1, true, 0.1 * Math.log(4) + 1),
                        Map.of("rope_type", "yarn", "factor", 4.0, "original_max_position_embeddings", 32)),
                roped(
                        "yarn, original length from the model",
                        yarn(4, 64, 32, 1, true, 0.1 * Math.log(4) + 1),
                        Map.of("rope_type", "yarn", "factor", 4.0)),
                roped(
                        "yarn, all options",
                        yarn(2, 32, 20, 2, false, 1.25),
                        Map.of(
                                "rope_type",
                                "yarn",
                                "factor",
                                2.0,
                                "original_max_position_embeddings",
                                32,
                                "beta_fast",
                                20,
                                "beta_slow",
                                2,
                                "truncate",
                                false,
                                "attention_factor",
                                1.25)),
                roped(
                        "yarn, mscale",
                        yarn(40, 32, 32, 1, true, (0.1 * 0.707 * Math.log(40) + 1) / (0.1 * 0.5 * Math.log(40) + 1)),
                        Map.of(
                                "rope_type",
                                "yarn",
                                "factor",
                                40.0,
                                "original_max_position_embeddings",
                                32,
                                "mscale",
                                0.707,
                                "mscale_all_dim",
                                0.5)));
    }

    private static double[] llama3() {
        double[] f = base(1000, 8);
        for (int i = 0; i < f.length; i++) {
            double turns = 32 * f[i] / (2 * Math.PI);
            double smooth = Math.clamp((turns - 1) / (4 - 1), 0.0, 1.0);
            f[i] = (1 - smooth) * f[i] / 8 + smooth * f[i];
        }
        return f;
    }

    private static PlainDecoder.Rope yarn(
            double factor, int length, double fast, double slow, boolean truncate, double scaling) {
        double low = 8 * Math.log(length / (fast * 2 * Math.PI)) / (2 * Math.log(1000));
        double high = 8 * Math.log(length / (slow * 2 * Math.PI)) / (2 * Math.log(1000));
        double from = Math.max(0, truncate ? Math.floor(low) : low);
        double to = Math.min(7, truncate ? Math.ceil(high) : high);
        double[] f = base(1000, 8);
        for (int i = 0; i < f.length; i++) {
            double ramp = Math.clamp((i - from) / (to - from), 0.0, 1.0);
            f[i] = f[i] / factor * ramp + f[i] * (1 - ramp);
        }
        return fixed(scaling, f);
    }

    /** {@code x · Φ(x)}, with the normal distribution integrated numerically. */
    private static double gelu(double x) {
        int steps = 2000;
        double sum = 0;
        for (int i = 0; i < steps; i++) {
            double t = x * (i + 0.5) / steps;
            sum += Math.exp(-t * t / 2);
        }
        return x * (0.5 + sum * x / steps / Math.sqrt(2 * Math.PI));
    }

    private static void assertClose(float[][] actual, double[][] expected, String what) {
        assertThat(actual).hasNumberOfRows(expected.length);
        for (int t = 0; t < expected.length; t++) {
            for (int i = 0; i < expected[t].length; i++) {
                double difference = Math.abs(actual[t][i] - expected[t][i]);
                assertThat(difference)
                        .describedAs("%s, token %d, logit %d: %s for %s", what, t, i, actual[t][i], expected[t][i])
                        .isLessThan(BOUND);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void logitsAreThoseOfThePlainForwardPass(Case test) {
        test.checkpoint.write(folder);
        for (boolean stateful : new boolean[] {true, false}) {
            Path out = folder.resolve("ov-" + stateful);
            Exporter.builder()
                    .weightFormat(WeightFormat.FP32)
                    .stateful(stateful)
                    .build()
                    .export(folder, out);
            for (String device : Runner.DEVICES) {
                PlainDecoder plain = test.plain();
                try (Runner runner = Runner.open(out, device, 1)) {
                    for (int[] range : new int[][] {{0, 9}, {9, 10}, {10, 14}, {14, 15}, {15, 16}, {16, 20}}) {
                        int[] tokens = Arrays.copyOfRange(TOKENS, range[0], range[1]);
                        String what = device + ", stateful " + stateful + ", from " + range[0];
                        assertClose(runner.append(tokens)[0], plain.append(tokens), what);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("paddedCases")
    void leftPaddingChangesNothing(Case test) {
        test.checkpoint.write(folder);
        Path out = folder.resolve("ov");
        Exporter.builder().weightFormat(WeightFormat.FP32).build().export(folder, out);
        int[][] prompts = {{5, 6, 7, 8, 9, 10, 11}, {20, 21, 22}};
        int[][] next = {{12}, {23}};
        int[][] padded = {prompts[0], {0, 0, 0, 0, 20, 21, 22}};
        int[][] seen = {{1, 1, 1, 1, 1, 1, 1}, {0, 0, 0, 0, 1, 1, 1}};
        for (String device : Runner.DEVICES) {
            try (Runner both = Runner.open(out, device, 2)) {
                float[][][] first = both.append(padded, seen);
                float[][][] second = both.append(next);
                for (int b = 0; b < 2; b++) {
                    PlainDecoder plain = test.plain();
                    String what = device + ", row " + b;
                    int length = prompts[b].length;
                    assertClose(Arrays.copyOfRange(first[b], 7 - length, 7), plain.append(prompts[b]), what);
                    assertClose(second[b], plain.append(next[b]), what + ", next");
                    for (float[] logits : first[b]) {
                        assertThat(logits).doesNotContain(Float.NaN);
                    }
                }
            }
        }
    }

    static Stream<Case> paddedCases() {
        return Stream.of(
                plain("llama", model("llama")),
                windowed("mistral, window 3", model("mistral").with("sliding_window", 3), layer -> 3),
                plain("qwen3", model("qwen3")));
    }

    @ParameterizedTest
    @FieldSource("dev.decanter.export.Runner#DEVICES")
    void beamIndicesReorderTheCache(String device) {
        Case test = plain("llama", model("llama"));
        test.checkpoint.write(folder);
        Path out = folder.resolve("ov");
        Exporter.builder().weightFormat(WeightFormat.FP32).build().export(folder, out);
        PlainDecoder second = test.plain();
        second.append(4, 5, 6);
        double[][] expected = second.append(7);
        try (Runner runner = Runner.open(out, device, 2)) {
            runner.append(new int[][] {{1, 2, 3}, {4, 5, 6}});
            float[][][] logits = runner.append(new int[][] {{7}, {7}}, new int[][] {{1}, {1}}, new int[] {1, 1});
            assertClose(logits[0], expected, "row 0");
            assertClose(logits[1], expected, "row 1");
        }
    }
}
