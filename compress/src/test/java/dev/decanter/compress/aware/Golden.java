package dev.decanter.compress.aware;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.weights.WeightConfig;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** What NNCF makes of numbers that are made here as {@code make_golden.py}, which wrote the results, makes them. */
final class Golden {
    private Golden() {}

    /** One case: its settings and results. */
    record Case(JsonNode node) {
        WeightConfig config() {
            return new WeightConfig(
                    CompressionMode.ofLabel(node.get("mode").asText()).orElseThrow(),
                    node.get("group").asInt());
        }

        int number(String name) {
            return node.get(name).asInt();
        }

        float[] floats(String name) {
            return Golden.floats(node.get(name));
        }

        int[] integers(String name) {
            return StreamSupport.stream(node.get(name).spliterator(), false)
                    .mapToInt(JsonNode::asInt)
                    .toArray();
        }

        /** For the name of the test. */
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder();
            node.properties().forEach(f -> {
                if (f.getValue().isValueNode()) {
                    text.append(f.getKey())
                            .append(' ')
                            .append(f.getValue().asText())
                            .append(' ');
                }
            });
            return text.toString().strip();
        }
    }

    static JsonNode root() {
        try (InputStream in = Golden.class.getResourceAsStream("golden.json")) {
            return new ObjectMapper().readTree(in);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static Stream<Case> cases(String name) {
        return StreamSupport.stream(root().get(name).spliterator(), false).map(Case::new);
    }

    static float[] floats(JsonNode array) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) array.get(i).asDouble();
        }
        return values;
    }

    /** The generator: a linear congruential one; normal-like numbers are sums of four. */
    static final class Numbers {
        private int state;

        Numbers(int seed) {
            state = seed;
        }

        private double uniform() {
            state = state * 1664525 + 1013904223;
            return (state >>> 8) / 16777216.0 - 0.5;
        }

        float[] normal(int count) {
            float[] values = new float[count];
            for (int i = 0; i < count; i++) {
                values[i] = (float) (uniform() + uniform() + uniform() + uniform());
            }
            return values;
        }
    }

    static float[] weights(int seed, int rows, int columns) {
        float[] w = new Numbers(seed).normal(rows * columns);
        for (int i = 0; i < w.length; i++) {
            w[i] *= 0.125f;
        }
        return w;
    }

    /** Inputs of samples, each [T, columns]. */
    static List<float[]> tokens(int seed, int samples, int columns, int... dead) {
        Numbers numbers = new Numbers(seed);
        List<float[]> result = new ArrayList<>();
        for (int s = 0; s < samples; s++) {
            float[] x = numbers.normal((3 + s * 3 % 5) * columns);
            for (int i = 0; i < x.length; i++) {
                int c = i % columns;
                x[i] *= c % 37 == 5 ? 32 : c % 11 == 3 ? 4 : 1;
                if (c % 2 == 1) {
                    x[i] += x[i - 1];
                }
            }
            for (int t = 0; t < x.length; t += columns) {
                for (int c : dead) {
                    x[t + c] = 0;
                }
            }
            result.add(x);
        }
        return result;
    }

    static ActivationSummary summary(List<float[]> samples, int columns, int subset) {
        float[] means = new float[columns * samples.size()];
        long[] lengths = new long[samples.size()];
        for (int n = 0; n < lengths.length; n++) {
            float[] x = samples.get(n);
            lengths[n] = x.length / columns;
            for (int c = 0; c < columns; c++) {
                double sum = 0;
                for (int i = c; i < x.length; i += columns) {
                    sum += x[i];
                }
                means[c * lengths.length + n] = (float) (sum / lengths[n]);
            }
        }
        return ActivationSummary.of(columns, means, lengths, subset);
    }
}
