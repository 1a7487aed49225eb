package dev.decanter.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Writes a Hugging Face folder of a named model shape with random f16 weights (normal, deviation 0.02), for measuring
 * speed and memory: what a model answers does not matter there, its shape does.
 *
 * <pre>{@code java … dev.decanter.bench.RandomCheckpoint llama-3.2-1b FOLDER}</pre>
 */
public final class RandomCheckpoint {
    /** A decoder's sizes. */
    private record Sizes(
            String modelType,
            int hidden,
            int intermediate,
            int layers,
            int heads,
            int kvHeads,
            int headSize,
            int vocabulary,
            boolean tied) {
        /** Qwen 3 normalises queries and keys head by head. */
        boolean qwen3() {
            return modelType.equals("qwen3");
        }
    }

    /** A shape that computes in no time, for what has to run once before it is timed. */
    public static final String TINY = "tiny";

    private static final Map<String, Sizes> SHAPES = Map.of(
            TINY,
            new Sizes("llama", 256, 256, 1, 4, 4, 64, 256, true),
            "tinyllama-1.1b",
            new Sizes("llama", 2048, 5632, 22, 32, 4, 64, 32000, false),
            "llama-3.2-1b",
            new Sizes("llama", 2048, 8192, 16, 32, 8, 64, 128256, true),
            "llama-3.2-3b",
            new Sizes("llama", 3072, 8192, 28, 24, 8, 128, 128256, true),
            "llama-3-8b",
            new Sizes("llama", 4096, 14336, 32, 32, 8, 128, 128256, false),
            "qwen3-0.6b",
            new Sizes("qwen3", 1024, 3072, 28, 16, 8, 128, 151936, true));

    private RandomCheckpoint() {}

    /** Arguments: name of the shape, folder. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 2) {
            throw new IllegalArgumentException("arguments: one of " + names() + ", and a folder");
        }
        write(arguments[0], Path.of(arguments[1]));
    }

    /** The shapes' names, in order. */
    public static List<String> names() {
        return SHAPES.keySet().stream().sorted().toList();
    }

    /** Writes {@code config.json} and {@code model.safetensors} of a shape to {@code folder}, which is made. */
    public static void write(String shape, Path folder) throws IOException {
        Sizes sizes = SHAPES.get(shape);
        if (sizes == null) {
            throw new IllegalArgumentException("no shape \"" + shape + "\"; there are " + names());
        }
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("config.json"), config(sizes));
        Map<String, long[]> tensors = tensors(sizes);
        StringBuilder header = new StringBuilder("{");
        long offset = 0;
        for (Map.Entry<String, long[]> tensor : tensors.entrySet()) {
            long[] dims = tensor.getValue();
            long bytes = 2 * dims[0] * (dims.length > 1 ? dims[1] : 1);
            String dimensions = dims.length > 1 ? dims[0] + "," + dims[1] : Long.toString(dims[0]);
            header.append(header.length() > 1 ? "," : "")
                    .append(String.format(
                            Locale.ROOT,
                            "\"%s\":{\"dtype\":\"F16\",\"shape\":[%s],\"data_offsets\":[%d,%d]}",
                            tensor.getKey(),
                            dimensions,
                            offset,
                            offset + bytes));
            offset += bytes;
        }
        byte[] json = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
        try (OutputStream out = Files.newOutputStream(folder.resolve("model.safetensors"))) {
            out.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(json.length)
                    .array());
            out.write(json);
            Noise noise = new Noise();
            for (long[] dims : tensors.values()) {
                if (dims.length == 1) {
                    noise.writeOnes(out, dims[0]);
                } else {
                    noise.write(out, dims[0] * dims[1]);
                }
            }
        }
    }

    private static String config(Sizes s) {
        return String.format(
                Locale.ROOT,
                """
                {"architectures": ["%s"], "model_type": "%s", "hidden_act": "silu",
                 "hidden_size": %d, "intermediate_size": %d, "num_hidden_layers": %d, "num_attention_heads": %d,
                 "num_key_value_heads": %d, "head_dim": %d, "vocab_size": %d, "tie_word_embeddings": %b,
                 "rms_norm_eps": 1e-05, "rope_theta": 500000.0, "max_position_embeddings": 8192,
                 "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float16"}
                """,
                s.qwen3() ? "Qwen3ForCausalLM" : "LlamaForCausalLM",
                s.modelType,
                s.hidden,
                s.intermediate,
                s.layers,
                s.heads,
                s.kvHeads,
                s.headSize,
                s.vocabulary,
                s.tied);
    }

    private static Map<String, long[]> tensors(Sizes s) {
        Map<String, long[]> t = new LinkedHashMap<>();
        t.put("model.embed_tokens.weight", new long[] {s.vocabulary, s.hidden});
        for (int i = 0; i < s.layers; i++) {
            String layer = "model.layers." + i + ".";
            t.put(layer + "input_layernorm.weight", new long[] {s.hidden});
            t.put(layer + "post_attention_layernorm.weight", new long[] {s.hidden});
            t.put(layer + "self_attn.q_proj.weight", new long[] {(long) s.heads * s.headSize, s.hidden});
            t.put(layer + "self_attn.k_proj.weight", new long[] {(long) s.kvHeads * s.headSize, s.hidden});
            t.put(layer + "self_attn.v_proj.weight", new long[] {(long) s.kvHeads * s.headSize, s.hidden});
            if (s.qwen3()) {
                t.put(layer + "self_attn.q_norm.weight", new long[] {s.headSize});
                t.put(layer + "self_attn.k_norm.weight", new long[] {s.headSize});
            }
            t.put(layer + "self_attn.o_proj.weight", new long[] {s.hidden, (long) s.heads * s.headSize});
            t.put(layer + "mlp.gate_proj.weight", new long[] {s.intermediate, s.hidden});
            t.put(layer + "mlp.up_proj.weight", new long[] {s.intermediate, s.hidden});
            t.put(layer + "mlp.down_proj.weight", new long[] {s.hidden, s.intermediate});
        }
        t.put("model.norm.weight", new long[] {s.hidden});
        if (!s.tied) {
            t.put("lm_head.weight", new long[] {s.vocabulary, s.hidden});
        }
        return t;
    }

    /** Random numbers from a table of normal ones: making billions of them anew would take minutes. */
    private static final class Noise {
        private static final int TABLE = 1 << 20;
        private final byte[] table = new byte[2 * TABLE];
        private final SplittableRandom random = new SplittableRandom(1);

        Noise() {
            java.util.Random normal = new java.util.Random(1);
            ByteBuffer out = ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < TABLE; i++) {
                out.putShort(Float.floatToFloat16((float) (0.02 * normal.nextGaussian())));
            }
        }

        void write(OutputStream out, long count) throws IOException {
            long left = count;
            while (left > 0) {
                int from = random.nextInt(TABLE / 2);
                int n = (int) Math.min(left, TABLE - from);
                out.write(table, 2 * from, 2 * n);
                left -= n;
            }
        }

        void writeOnes(OutputStream out, long count) throws IOException {
            ByteBuffer ones = ByteBuffer.allocate((int) (2 * count)).order(ByteOrder.LITTLE_ENDIAN);
            for (long i = 0; i < count; i++) {
                ones.putShort(Float.floatToFloat16(1));
            }
            out.write(ones.array());
        }
    }
}
