package dev.decanter.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;

/** A tiny checkpoint with random f32 weights, made for a test: the configuration decides which tensors it has. */
final class SyntheticCheckpoint {
    private final Map<String, Object> config = new TreeMap<>();
    private final Map<String, float[]> weights = new LinkedHashMap<>();
    private final Map<String, long[]> shapes = new LinkedHashMap<>();
    private final Random random = new Random(20260101);

    /** Sizes that are multiples of nothing. */
    SyntheticCheckpoint(String modelType) {
        with("model_type", modelType)
                .with("vocab_size", 37)
                .with("hidden_size", 30)
                .with("intermediate_size", 23)
                .with("num_hidden_layers", 2)
                .with("num_attention_heads", 6)
                .with("num_key_value_heads", 2)
                .with("head_dim", 8)
                .with("max_position_embeddings", 64)
                .with("rms_norm_eps", 1e-5)
                .with("rope_theta", 1000.0)
                .with("tie_word_embeddings", false);
    }

    /** Sets a key of config.json; {@code value} may be a map, a list or a simple value. */
    SyntheticCheckpoint with(String key, Object value) {
        config.put(key, value);
        return this;
    }

    SyntheticCheckpoint without(String key) {
        config.remove(key);
        return this;
    }

    /** For the names of parameterised tests. */
    @Override
    public String toString() {
        return config.toString();
    }

    /** Sets a key to null. */
    SyntheticCheckpoint withNull(String key) {
        config.put(key, JsonMapper.builder().build().nullNode());
        return this;
    }

    boolean flag(String key) {
        return Boolean.TRUE.equals(config.get(key));
    }

    int size(String key) {
        return (Integer) Objects.requireNonNull(config.get(key), key);
    }

    boolean has(String name) {
        return weights.containsKey(name);
    }

    float[] weight(String name) {
        return Objects.requireNonNull(weights.get(name), name);
    }

    /** Writes config.json and model.safetensors. */
    SyntheticCheckpoint write(Path folder) {
        fill();
        file().write(folder.resolve("model.safetensors"));
        return writeConfig(folder);
    }

    /** The tensors that {@link #write} writes. */
    SafetensorsWriter file() {
        SafetensorsWriter file = new SafetensorsWriter();
        weights.forEach((name, values) -> file.f32(name, values, Objects.requireNonNull(shapes.get(name))));
        return file;
    }

    SyntheticCheckpoint writeConfig(Path folder) {
        try {
            Files.writeString(
                    folder.resolve("config.json"), JsonMapper.builder().build().writeValueAsString(config));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    private void fill() {
        weights.clear();
        int hidden = size("hidden_size");
        String type = String.valueOf(config.get("model_type"));
        boolean llama = type.equals("llama");
        boolean bias = flag("attention_bias") && (llama || type.equals("qwen3"));
        int q = size("num_attention_heads") * size("head_dim");
        int kv = size("num_key_value_heads") * size("head_dim");
        int inner = size("intermediate_size");
        matrix("model.embed_tokens", size("vocab_size"), hidden, false);
        for (int i = 0; i < size("num_hidden_layers"); i++) {
            String layer = "model.layers." + i;
            vector(layer + ".input_layernorm.weight", hidden, 1);
            matrix(layer + ".self_attn.q_proj", q, hidden, bias || type.equals("qwen2"));
            matrix(layer + ".self_attn.k_proj", kv, hidden, bias || type.equals("qwen2"));
            matrix(layer + ".self_attn.v_proj", kv, hidden, bias || type.equals("qwen2"));
            matrix(layer + ".self_attn.o_proj", hidden, q, bias);
            if (type.equals("qwen3")) {
                vector(layer + ".self_attn.q_norm.weight", size("head_dim"), 1);
                vector(layer + ".self_attn.k_norm.weight", size("head_dim"), 1);
            }
            vector(layer + ".post_attention_layernorm.weight", hidden, 1);
            matrix(layer + ".mlp.gate_proj", inner, hidden, llama && flag("mlp_bias"));
            matrix(layer + ".mlp.up_proj", inner, hidden, llama && flag("mlp_bias"));
            matrix(layer + ".mlp.down_proj", hidden, inner, llama && flag("mlp_bias"));
        }
        vector("model.norm.weight", hidden, 1);
        if (!flag("tie_word_embeddings")) {
            matrix("lm_head", size("vocab_size"), hidden, false);
        }
    }

    private void matrix(String module, int rows, int columns, boolean bias) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * 1.5 / Math.sqrt(columns));
        }
        weights.put(module + ".weight", values);
        shapes.put(module + ".weight", new long[] {rows, columns});
        if (bias) {
            vector(module + ".bias", rows, 0);
        }
    }

    private void vector(String name, int size, float around) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = around + (float) random.nextGaussian() * 0.3f;
        }
        weights.put(name, values);
        shapes.put(name, new long[] {size});
    }
}
