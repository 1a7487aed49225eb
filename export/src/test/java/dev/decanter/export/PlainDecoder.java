package dev.decanter.export;

import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntUnaryOperator;

/**
 * The forward pass of Llama and its relatives in plain Java and double precision, written from Transformers' definition
 * ({@code modeling_llama.py} and its kin), for one sequence with a cache. What exports are compared with.
 */
final class PlainDecoder {
    /** Frequencies for the length that the sequence has after the new tokens. */
    interface Rope {
        double[] frequencies(int length);

        /** Factor of cosine and sine. */
        default double scaling() {
            return 1;
        }
    }

    private final SyntheticCheckpoint c;
    private final Rope rope;
    private final DoubleUnaryOperator activation;
    private final IntUnaryOperator window;
    private final boolean headNorm;
    private final double eps = 1e-5;
    private final int hidden;
    private final int heads;
    private final int kvHeads;
    private final int width;
    private final List<List<double[][]>> keys = new ArrayList<>();
    private final List<List<double[][]>> values = new ArrayList<>();

    /** {@code window} gives a layer's window; a large number for none. */
    PlainDecoder(SyntheticCheckpoint checkpoint, Rope rope, DoubleUnaryOperator activation, IntUnaryOperator window) {
        c = checkpoint;
        this.rope = rope;
        this.activation = activation;
        this.window = window;
        hidden = c.size("hidden_size");
        heads = c.size("num_attention_heads");
        kvHeads = c.size("num_key_value_heads");
        width = c.size("head_dim");
        headNorm = c.has("model.layers.0.self_attn.q_norm.weight");
        for (int i = 0; i < c.size("num_hidden_layers"); i++) {
            keys.add(new ArrayList<>());
            values.add(new ArrayList<>());
        }
    }

    /** Logits at each of the new tokens. */
    double[][] append(int... tokens) {
        int past = keys.getFirst().size();
        double[] frequencies = rope.frequencies(past + tokens.length);
        double[][] x = new double[tokens.length][];
        for (int t = 0; t < tokens.length; t++) {
            x[t] = row(c.weight("model.embed_tokens.weight"), tokens[t]);
        }
        for (int layer = 0; layer < keys.size(); layer++) {
            String name = "model.layers." + layer;
            for (int t = 0; t < x.length; t++) {
                double[] h = norm(name + ".input_layernorm", x[t]);
                keys.get(layer).add(split(name + ".self_attn.k", h, kvHeads, past + t, frequencies));
                values.get(layer).add(heads(linear(name + ".self_attn.v_proj", h), kvHeads));
            }
            for (int t = 0; t < x.length; t++) {
                double[] h = norm(name + ".input_layernorm", x[t]);
                x[t] = sum(x[t], attention(name + ".self_attn", h, layer, past + t, frequencies));
                x[t] = sum(x[t], mlp(name + ".mlp", norm(name + ".post_attention_layernorm", x[t])));
            }
        }
        String head = c.flag("tie_word_embeddings") ? "model.embed_tokens" : "lm_head";
        double[][] out = new double[tokens.length][];
        for (int t = 0; t < x.length; t++) {
            out[t] = linear(head, norm("model.norm", x[t]));
        }
        return out;
    }

    private double[] row(float[] matrix, int index) {
        double[] out = new double[hidden];
        for (int i = 0; i < hidden; i++) {
            out[i] = matrix[index * hidden + i];
        }
        return out;
    }

    private double[] linear(String module, double[] x) {
        float[] w = c.weight(module + ".weight");
        double[] out = new double[w.length / x.length];
        for (int o = 0; o < out.length; o++) {
            out[o] = c.has(module + ".bias") ? c.weight(module + ".bias")[o] : 0;
            for (int i = 0; i < x.length; i++) {
                out[o] += w[o * x.length + i] * x[i];
            }
        }
        return out;
    }

    private double[] norm(String module, double[] x) {
        double squares = 0;
        for (double v : x) {
            squares += v * v;
        }
        double scale = 1 / Math.sqrt(squares / x.length + eps);
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = x[i] * scale * c.weight(module + ".weight")[i];
        }
        return out;
    }

    private double[][] heads(double[] x, int count) {
        double[][] out = new double[count][width];
        for (int h = 0; h < count; h++) {
            System.arraycopy(x, h * width, out[h], 0, width);
        }
        return out;
    }

    /** Queries or keys, projected, normalised, turned; {@code name} ends with q or k. */
    private double[][] split(String name, double[] x, int count, int position, double[] frequencies) {
        double[][] out = heads(linear(name + "_proj", x), count);
        for (int h = 0; h < count; h++) {
            out[h] = turn(headNorm ? norm(name + "_norm", out[h]) : out[h], position, frequencies);
        }
        return out;
    }

    private double[] turn(double[] x, int position, double[] frequencies) {
        int half = frequencies.length;
        double[] out = x.clone();
        for (int i = 0; i < half; i++) {
            double cos = Math.cos(position * frequencies[i]) * rope.scaling();
            double sin = Math.sin(position * frequencies[i]) * rope.scaling();
            out[i] = x[i] * cos - x[i + half] * sin;
            out[i + half] = x[i + half] * cos + x[i] * sin;
        }
        return out;
    }

    private double[] attention(String module, double[] x, int layer, int position, double[] frequencies) {
        double[][] query = split(module + ".q", x, heads, position, frequencies);
        double[] joined = new double[heads * width];
        int first = Math.max(0, position - window.applyAsInt(layer) + 1);
        for (int h = 0; h < heads; h++) {
            int shared = h / (heads / kvHeads);
            double[] weights = new double[position - first + 1];
            double total = 0;
            for (int s = first; s <= position; s++) {
                double score = 0;
                for (int i = 0; i < width; i++) {
                    score += query[h][i] * keys.get(layer).get(s)[shared][i];
                }
                weights[s - first] = Math.exp(score / Math.sqrt(width));
                total += weights[s - first];
            }
            for (int s = first; s <= position; s++) {
                for (int i = 0; i < width; i++) {
                    joined[h * width + i] +=
                            weights[s - first] / total * values.get(layer).get(s)[shared][i];
                }
            }
        }
        return linear(module + ".o_proj", joined);
    }

    private double[] mlp(String module, double[] x) {
        double[] gate = linear(module + ".gate_proj", x);
        double[] up = linear(module + ".up_proj", x);
        for (int i = 0; i < gate.length; i++) {
            gate[i] = activation.applyAsDouble(gate[i]) * up[i];
        }
        return linear(module + ".down_proj", gate);
    }

    private static double[] sum(double[] a, double[] b) {
        double[] out = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            out[i] = a[i] + b[i];
        }
        return out;
    }
}
