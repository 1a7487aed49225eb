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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
