package dev.decanter.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Copies of a golden checkpoint with something wrong in them. */
final class Checkpoints {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String WEIGHTS = "model.safetensors";

    /** A tensor of a safetensors file. */
    record Tensor(String type, List<Long> shape, ByteBuffer data) {}

    private Checkpoints() {}

    /** Copies the files of a folder. */
    static Path copy(Path source, Path target) throws IOException {
        Files.createDirectories(target);
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(file.getFileName()));
            }
        }
        return target;
    }

    /** Puts a folder's files in the place of those of the same name in another. */
    static void move(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.move(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Files.delete(from);
    }

    static void config(Path folder, Consumer<ObjectNode> change) throws IOException {
        Path file = folder.resolve("config.json");
        ObjectNode config = (ObjectNode) MAPPER.readTree(file.toFile());
        change.accept(config);
        MAPPER.writeValue(file.toFile(), config);
    }

    /** Takes the chat template out of tokenizer_config.json. */
    static void dropChatTemplate(Path folder) throws IOException {
        Path file = folder.resolve("tokenizer_config.json");
        ObjectNode config = (ObjectNode) MAPPER.readTree(file.toFile());
        config.remove("chat_template");
        MAPPER.writeValue(file.toFile(), config);
    }

    static void tensors(Path folder, Consumer<Map<String, Tensor>> change) throws IOException {
        Path file = folder.resolve(WEIGHTS);
        Map<String, Tensor> tensors = read(file);
        change.accept(tensors);
        write(file, tensors);
    }

    static void truncate(Path folder, int bytes) {
        Path file = folder.resolve(WEIGHTS);
        try {
            byte[] all = Files.readAllBytes(file);
            Files.write(file, Arrays.copyOf(all, all.length - bytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A Llama of {@code layers} layers of 16 million random weights, for what takes a moment; the tokenizer is that of
     * {@code small}.
     */
    static Path large(Path small, Path folder, int layers) throws IOException {
        copy(small, folder);
        Files.delete(folder.resolve(WEIGHTS));
        int hidden = 1024;
        int inner = 4096;
        config(
                folder,
                config -> config.put("hidden_size", hidden)
                        .put("intermediate_size", inner)
                        .put("num_hidden_layers", layers)
                        .put("num_attention_heads", 16)
                        .put("num_key_value_heads", 16)
                        .put("head_dim", 64)
                        .put("tie_word_embeddings", true));
        int vocabulary = MAPPER.readTree(folder.resolve("config.json").toFile())
                .get("vocab_size")
                .asInt();
        // all of them different: the writer stores equal ones once
        SplittableRandom random = new SplittableRandom(7);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("model.embed_tokens.weight", random(random, vocabulary, hidden));
        tensors.put("model.norm.weight", random(random, hidden));
        for (int i = 0; i < layers; i++) {
            String layer = "model.layers." + i + ".";
            tensors.put(layer + "input_layernorm.weight", random(random, hidden));
            tensors.put(layer + "post_attention_layernorm.weight", random(random, hidden));
            for (String name : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
                tensors.put(layer + "self_attn." + name + ".weight", random(random, hidden, hidden));
            }
            tensors.put(layer + "mlp.gate_proj.weight", random(random, inner, hidden));
            tensors.put(layer + "mlp.up_proj.weight", random(random, inner, hidden));
            tensors.put(layer + "mlp.down_proj.weight", random(random, hidden, inner));
        }
        write(folder.resolve(WEIGHTS), tensors);
        return folder;
    }

    private static Tensor random(SplittableRandom random, long... dims) {
        int elements = (int) Arrays.stream(dims).reduce(1, (a, b) -> a * b);
        ByteBuffer data = ByteBuffer.allocate(2 * elements).order(ByteOrder.LITTLE_ENDIAN);
        while (data.hasRemaining()) {
            // the bits of f16 numbers between 2^-7 and 2^-6, with either sign
            data.putShort((short) ((random.nextInt() & 0x83FF) | 0x2000));
        }
        return new Tensor("F16", Arrays.stream(dims).boxed().toList(), data.flip());
    }

    private static Map<String, Tensor> read(Path file) throws IOException {
        byte[] all = Files.readAllBytes(file);
        int length = (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong();
        ObjectNode header = (ObjectNode) MAPPER.readTree(new String(all, 8, length, StandardCharsets.UTF_8));
        header.remove("__metadata__");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        header.forEachEntry((name, node) -> {
            int from = 8 + length + node.get("data_offsets").get(0).asInt();
            int to = 8 + length + node.get("data_offsets").get(1).asInt();
            List<Long> shape =
                    node.get("shape").valueStream().map(n -> n.asLong()).toList();
            tensors.put(
                    name,
                    new Tensor(node.get("dtype").asText(), shape, ByteBuffer.wrap(Arrays.copyOfRange(all, from, to))));
        });
        return tensors;
    }

    private static void write(Path file, Map<String, Tensor> tensors) throws IOException {
        ObjectNode header = MAPPER.createObjectNode();
        int at = 0;
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            Tensor tensor = entry.getValue();
            ObjectNode node = header.putObject(entry.getKey()).put("dtype", tensor.type());
            tensor.shape().forEach(node.putArray("shape")::add);
            node.putArray("data_offsets").add(at).add(at + tensor.data().capacity());
            at += tensor.data().capacity();
        }
        byte[] json = MAPPER.writeValueAsBytes(header);
        ByteBuffer out = ByteBuffer.allocate(8 + json.length + at).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(json.length).put(json);
        tensors.values().forEach(tensor -> out.put(tensor.data()));
        Files.write(file, out.array());
    }
}
