package dev.decanter.export;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.decanter.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes a Hugging Face folder from a checkpoint in llama2.c's first format (f32) and its tokenizer. llama2.c turns
 * neighbouring elements of a head, Hugging Face the halves, so that the rows of queries and keys change places.
 */
final class Llama2cConverter {
    private final ByteBuffer in;
    private final int dim;
    private final int hidden;
    private final int layers;
    private final int heads;
    private final int kvHeads;
    private final int vocabulary;
    private final boolean tied;
    private final int length;

    private Llama2cConverter(ByteBuffer in) {
        this.in = in;
        dim = in.getInt();
        hidden = in.getInt();
        layers = in.getInt();
        heads = in.getInt();
        kvHeads = in.getInt();
        int signed = in.getInt();
        vocabulary = Math.abs(signed);
        tied = signed > 0;
        length = in.getInt();
    }

    /** Converts {@code checkpoint} and {@code tokenizer} into {@code folder}, which must exist. */
    static void convert(Path checkpoint, Path tokenizer, Path folder) throws IOException {
        Llama2cConverter converter = new Llama2cConverter(littleEndian(checkpoint));
        converter.weights().write(folder.resolve("model.safetensors"));
        write(folder.resolve("config.json"), converter.config());
        List<Piece> pieces = pieces(littleEndian(tokenizer), converter.vocabulary);
        write(folder.resolve("tokenizer.json"), tokenizerJson(pieces));
        write(
                folder.resolve("tokenizer_config.json"),
                Map.of(
                        "tokenizer_class",
                        "LlamaTokenizerFast",
                        "bos_token",
                        "<s>",
                        "eos_token",
                        "</s>",
                        "unk_token",
                        "<unk>"));
    }

    private static ByteBuffer littleEndian(Path file) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void write(Path file, Map<String, Object> json) throws IOException {
        Files.writeString(file, JsonMapper.builder().build().writeValueAsString(json));
    }

    private Map<String, Object> config() {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", List.of("LlamaForCausalLM"));
        config.put("model_type", "llama");
        config.put("hidden_size", dim);
        config.put("intermediate_size", hidden);
        config.put("num_hidden_layers", layers);
        config.put("num_attention_heads", heads);
        config.put("num_key_value_heads", kvHeads);
        config.put("vocab_size", vocabulary);
        config.put("max_position_embeddings", length);
        config.put("rms_norm_eps", 1e-5);
        config.put("rope_theta", 10000.0);
        config.put("hidden_act", "silu");
        config.put("tie_word_embeddings", tied);
        config.put("bos_token_id", 1);
        config.put("eos_token_id", 2);
        return config;
    }

    private float[] read(int count) {
        float[] values = new float[count];
        in.asFloatBuffer().get(values);
        in.position(in.position() + 4 * count);
        return values;
    }

    /** The file has each kind of tensor for all layers in a row. */
    private SafetensorsWriter weights() {
        int width = dim / heads;
        SafetensorsWriter out = new SafetensorsWriter();
        out.f32("model.embed_tokens.weight", read(vocabulary * dim), vocabulary, dim);
        vectors(out, "input_layernorm");
        matrices(out, "self_attn.q_proj", dim, dim, heads);
        matrices(out, "self_attn.k_proj", kvHeads * width, dim, kvHeads);
        matrices(out, "self_attn.v_proj", kvHeads * width, dim, 0);
        matrices(out, "self_attn.o_proj", dim, dim, 0);
        vectors(out, "post_attention_layernorm");
        matrices(out, "mlp.gate_proj", hidden, dim, 0);
        matrices(out, "mlp.down_proj", dim, hidden, 0);
        matrices(out, "mlp.up_proj", hidden, dim, 0);
        out.f32("model.norm.weight", read(dim), dim);
        read(length * width);
        if (!tied) {
            out.f32("lm_head.weight", read(vocabulary * dim), vocabulary, dim);
        }
        return out;
    }

    private void vectors(SafetensorsWriter out, String name) {
        for (int i = 0; i < layers; i++) {
            out.f32("model.layers." + i + "." + name + ".weight", read(dim), dim);
        }
    }

    /** {@code turned} is the number of heads whose rows change places, 0 for none. */
    private void matrices(SafetensorsWriter out, String name, int rows, int columns, int turned) {
        for (int i = 0; i < layers; i++) {
            float[] values = read(rows * columns);
            float[] placed = turned == 0 ? values : halves(values, turned, rows / turned, columns);
            out.f32("model.layers." + i + "." + name + ".weight", placed, rows, columns);
        }
    }

    private static float[] halves(float[] neighbours, int heads, int width, int columns) {
        float[] out = new float[neighbours.length];
        for (int row = 0; row < heads * width; row++) {
            int head = row / width;
            int pair = row % width / 2;
            int target = head * width + row % 2 * (width / 2) + pair;
            System.arraycopy(neighbours, row * columns, out, target * columns, columns);
        }
        return out;
    }

    private record Piece(String text, float score, int id) {}

    private static List<Piece> pieces(ByteBuffer in, int count) {
        in.getInt();
        List<Piece> pieces = new ArrayList<>();
        for (int id = 0; id < count; id++) {
            float score = in.getFloat();
            byte[] bytes = new byte[in.getInt()];
            in.get(bytes);
            String text = new String(bytes, StandardCharsets.UTF_8);
            // llama2.c keeps a space where SentencePiece has its own sign, and newlines around the control tokens
            pieces.add(new Piece(id < 3 ? text.strip() : text.replace(' ', '\u2581'), score, id));
        }
        return pieces;
    }

    /** SentencePiece's BPE as Transformers converts it: every split of a piece into two pieces, the best pieces first. */
    private static Map<String, Object> tokenizerJson(List<Piece> pieces) {
        Map<String, Object> vocabulary = new LinkedHashMap<>();
        pieces.forEach(piece -> vocabulary.put(piece.text, piece.id));
        List<List<String>> merges = new ArrayList<>();
        pieces.stream()
                .sorted(Comparator.comparingDouble((Piece piece) -> -piece.score)
                        .thenComparingInt(Piece::id))
                .forEach(piece -> {
                    for (int at = 1; at < piece.text.length(); at++) {
                        String left = piece.text.substring(0, at);
                        String right = piece.text.substring(at);
                        if (vocabulary.containsKey(left) && vocabulary.containsKey(right)) {
                            merges.add(List.of(left, right));
                        }
                    }
                });
        List<Map<String, Object>> added = pieces.subList(0, 3).stream()
                .map(piece -> Map.<String, Object>of(
                        "id",
                        piece.id,
                        "content",
                        piece.text,
                        "single_word",
                        false,
                        "lstrip",
                        false,
                        "rstrip",
                        false,
                        "normalized",
                        false,
                        "special",
                        true))
                .toList();
        Map<String, Object> bos = Map.of("SpecialToken", Map.of("id", "<s>", "type_id", 0));
        Map<String, Object> sequence = Map.of("Sequence", Map.of("id", "A", "type_id", 0));
        Map<String, Object> space = Map.of("String", "\u2581");
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put("added_tokens", added);
        json.put(
                "normalizer",
                Map.of(
                        "type",
                        "Sequence",
                        "normalizers",
                        List.of(
                                Map.of("type", "Prepend", "prepend", "\u2581"),
                                Map.of("type", "Replace", "pattern", Map.of("String", " "), "content", "\u2581"))));
        json.put(
                "post_processor",
                Map.of(
                        "type", "TemplateProcessing",
                        "single", List.of(bos, sequence),
                        "pair", List.of(bos, sequence, bos, sequence),
                        "special_tokens",
                                Map.of("<s>", Map.of("id", "<s>", "ids", List.of(1), "tokens", List.of("<s>")))));
        json.put(
                "decoder",
                Map.of(
                        "type",
                        "Sequence",
                        "decoders",
                        List.of(
                                Map.of("type", "Replace", "pattern", space, "content", " "),
                                Map.of("type", "ByteFallback"),
                                Map.of("type", "Fuse"),
                                Map.of("type", "Strip", "content", " ", "start", 1, "stop", 0))));
        json.put(
                "model",
                Map.of(
                        "type",
                        "BPE",
                        "unk_token",
                        "<unk>",
                        "fuse_unk",
                        true,
                        "byte_fallback",
                        true,
                        "ignore_merges",
                        false,
                        "vocab",
                        vocabulary,
                        "merges",
                        merges));
        return json;
    }
}
