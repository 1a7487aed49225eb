package dev.decanter.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.safetensors.SafetensorsException;
import dev.decanter.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints that cannot be exported: each with its message, and nothing left at the output. */
class BadInputTest {
    @TempDir
    Path folder;

    private Path in;
    private Path out;

    @BeforeEach
    void folders() throws IOException {
        in = Files.createDirectory(folder.resolve("checkpoint"));
        out = folder.resolve("ov");
    }

    private void refused(String... parts) throws IOException {
        assertThatThrownBy(() -> Exporter.builder().build().export(in, out))
                .isInstanceOfAny(ExportException.class, SafetensorsException.class)
                .hasMessageContainingAll(parts)
                .hasMessageNotContaining("\n")
                .hasMessageNotContaining("null");
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(in);
        }
    }

    @Test
    void aFolderThatIsNotThere() throws IOException {
        Files.delete(in);
        assertThatThrownBy(() -> Exporter.builder().build().export(in, out)).hasMessageContaining("no such folder");
    }

    @Test
    void aFileInsteadOfAFolder() throws IOException {
        Files.delete(in);
        Files.write(in, new byte[8]);
        refused("is a file", "GGUF and pickles are not read");
    }

    @Test
    void noConfig() throws IOException {
        refused("config.json is missing");
    }

    @ParameterizedTest
    @MethodSource("brokenConfigs")
    void brokenConfig(String text, String message) throws IOException {
        Files.writeString(in.resolve("config.json"), text);
        refused("config.json", message);
    }

    static Stream<Arguments> brokenConfigs() {
        return Stream.of(
                Arguments.of("{\"model_type\": ", "broken JSON, line 1"),
                Arguments.of("", "not a JSON object"),
                Arguments.of("[1]", "not a JSON object"),
                Arguments.of("{} []", "broken JSON"),
                Arguments.of("{\"a\":1,\n\"a\":2}", "broken JSON, line 2: Duplicate field 'a'"),
                Arguments.of("{}", "\"model_type\" is missing"),
                Arguments.of("{\"model_type\": 3}", "\"model_type\" must be a text, not 3"),
                Arguments.of(
                        "{\"model_type\":\"mamba\"}",
                        "model_type \"mamba\" is not supported; supported are llama, mistral, qwen2, qwen3"));
    }

    @Test
    void aConfigThatIsNoFile() throws IOException {
        Files.createDirectory(in.resolve("config.json"));
        refused("config.json is not a file");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"})
    void damagedFilesBesideTheWeights(String name) throws IOException {
        new SyntheticCheckpoint("llama").write(in);
        Path file = in.resolve(name);
        for (Map.Entry<String, String> damage : Map.of(
                        "{\"a\": [1", "broken JSON, line 1",
                        "", "not a JSON object",
                        "[1]", "not a JSON object",
                        "{} {}", "something after the JSON object")
                .entrySet()) {
            Files.writeString(file, damage.getKey());
            refused(file.toString(), damage.getValue());
        }
        Files.delete(file);
        Files.createSymbolicLink(file, Path.of(name));
        refused(file.toString(), "is not a file, or a link to none");
        Files.delete(file);
        Files.createDirectory(file);
        refused(file.toString(), "is not a file, or a link to none");
    }

    @Test
    void infinityIsNoNumber() throws IOException {
        new SyntheticCheckpoint("llama").with("rope_theta", 12345).write(in);
        Path config = in.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("12345", "Infinity"));
        refused("config.json", "\"rope_theta\" must be a number, not \"Infinity\"");
    }

    @Test
    void noWeights() throws IOException {
        new SyntheticCheckpoint("llama").writeConfig(in);
        refused("neither model.safetensors nor model.safetensors.index.json");
    }

    @Test
    void onlyPickles() throws IOException {
        new SyntheticCheckpoint("llama").writeConfig(in);
        Files.write(in.resolve("pytorch_model.bin"), new byte[4]);
        refused("pytorch_model.bin", "a pickle can execute code", "convert it to model.safetensors first");
    }

    @Test
    void alreadyQuantized() throws IOException {
        new SyntheticCheckpoint("llama")
                .with("quantization_config", Map.of("quant_method", "bitsandbytes", "bits", 4))
                .write(in);
        refused("quantized already", "quant_method \"bitsandbytes\"");
    }

    @ParameterizedTest
    @MethodSource("configs")
    void configurationsThatAreNotSupported(SyntheticCheckpoint checkpoint, List<String> message) throws IOException {
        new SyntheticCheckpoint("llama").write(in);
        checkpoint.writeConfig(in);
        refused(message.toArray(String[]::new));
    }

    private static Arguments llama(String key, Object value, String... message) {
        return Arguments.of(new SyntheticCheckpoint("llama").with(key, value), List.of(message));
    }

    private static Arguments rope(Map<String, Object> rope, String... message) {
        return llama("rope_scaling", rope, message);
    }

    static Stream<Arguments> configs() {
        return Stream.of(
                llama("hidden_act", "quick_relu", "hidden_act \"quick_relu\" is not supported", "silu"),
                llama("hidden_act", 7, "\"hidden_act\" must be a text, not 7"),
                llama("num_key_value_heads", 4, "num_attention_heads 6 is not a multiple of num_key_value_heads 4"),
                Arguments.of(
                        new SyntheticCheckpoint("llama").without("head_dim").with("hidden_size", 31),
                        List.of("hidden_size 31 is not a multiple of num_attention_heads 6")),
                llama("num_hidden_layers", 2_000_000_000, "num_hidden_layers 2000000000", "4096"),
                llama("head_dim", 2_000_000_000, "head_dim 2000000000", "65536"),
                llama("head_dim", 7, "even number of dimensions of a head, not 7"),
                llama("rms_norm_eps", -1, "\"rms_norm_eps\" must be a number greater than 0"),
                llama("tie_word_embeddings", "yes", "\"tie_word_embeddings\" must be true or false, not \"yes\""),
                rope(Map.of("rope_type", "longrope", "factor", 2.0), "rope type \"longrope\" is not supported"),
                rope(Map.of("rope_type", "linear"), "rope_scaling: \"factor\" is missing"),
                rope(Map.of("rope_type", "dynamic", "factor", 0.5), "\"factor\" must be at least 1"),
                rope(Map.of("rope_type", "llama3", "factor", 8), "\"low_freq_factor\" is missing"),
                rope(
                        Map.of("full_attention", Map.of("rope_type", "default")),
                        "parameters for each layer type (\"full_attention\") are not supported"),
                llama("rope_scaling", 3, "\"rope_scaling\" must be an object, not 3"),
                llama("partial_rotary_factor", 1.5, "even number of dimensions of a head"),
                Arguments.of(
                        new SyntheticCheckpoint("qwen2").with("layer_types", List.of("full_attention")),
                        List.of("layer_types has 1 entries, but num_hidden_layers is 2")),
                Arguments.of(
                        new SyntheticCheckpoint("qwen2").with("max_window_layers", -1),
                        List.of("\"max_window_layers\" must be a whole number from 0 to 2147483647, not -1")),
                Arguments.of(
                        new SyntheticCheckpoint("qwen2").with("layer_types", List.of("chunked", "chunked")),
                        List.of("layer_types has \"chunked\", which is not supported")),
                Arguments.of(
                        new SyntheticCheckpoint("qwen3")
                                .with("layer_types", List.of("full_attention", "sliding_attention")),
                        List.of("\"sliding_attention\", but use_sliding_window and sliding_window give no window")),
                Arguments.of(
                        new SyntheticCheckpoint("mistral")
                                .with("sliding_window", 4)
                                .with("layer_types", List.of("full_attention", "sliding_attention")),
                        List.of("every layer of a mistral is \"sliding_attention\"")));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void sizesThatAreMissingOrWrong(String key, Consumer<SyntheticCheckpoint> change, String message)
            throws IOException {
        SyntheticCheckpoint checkpoint = new SyntheticCheckpoint("llama").write(in);
        change.accept(checkpoint);
        checkpoint.writeConfig(in);
        refused("config.json", "\"" + key + "\"", message);
    }

    static Stream<Arguments> sizes() {
        return Stream.of("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
                .flatMap(key -> Stream.of(
                        size(key, checkpoint -> checkpoint.without(key), "is missing"),
                        size(
                                key,
                                checkpoint -> checkpoint.with(key, 0),
                                "must be a whole number from 1 to 2147483647, not 0"),
                        size(key, checkpoint -> checkpoint.with(key, 1L << 40), "must be a whole number"),
                        size(key, checkpoint -> checkpoint.with(key, "many"), "not \"many\"")));
    }

    private static Arguments size(String key, Consumer<SyntheticCheckpoint> change, String message) {
        return Arguments.of(key, change, message);
    }

    @ParameterizedTest
    @MethodSource("weights")
    void weightsThatDoNotFit(Consumer<SafetensorsWriter> change, List<String> message) throws IOException {
        SafetensorsWriter file = new SyntheticCheckpoint("llama").write(in).file();
        change.accept(file);
        file.write(in.resolve("model.safetensors"));
        refused(message.toArray(String[]::new));
    }

    private static Arguments weight(Consumer<SafetensorsWriter> change, String... message) {
        return Arguments.of(change, List.of(message));
    }

    private static float[] norm(float last) {
        float[] values = new float[30];
        values[29] = last;
        return values;
    }

    static Stream<Arguments> weights() {
        String norm = "model.layers.1.input_layernorm.weight";
        return Stream.of(
                weight(
                        file -> file.remove("model.layers.1.mlp.up_proj.weight"),
                        "\"model.layers.1.mlp.up_proj.weight\" of shape [23, 30] is missing"),
                weight(file -> file.remove("lm_head.weight"), "\"lm_head.weight\" of shape [37, 30] is missing"),
                weight(file -> file.f32("model.layers.2.x", new float[1], 1), "surplus tensors", "model.layers.2.x"),
                weight(
                        file -> file.f32("model.layers.0.self_attn.q_proj.bias", new float[48], 48),
                        "surplus tensors",
                        "q_proj.bias"),
                weight(
                        file -> file.f32(norm, new float[29], 29),
                        "\"" + norm + "\" has the shape [29], but config.json asks for [30]"),
                weight(file -> file.f32(norm, norm(Float.NaN), 30), "\"" + norm + "\" holds NaN at element 29"),
                weight(file -> file.bf16(norm, norm(Float.NEGATIVE_INFINITY), 30), "holds -Infinity at element 29"),
                weight(
                        file -> file.f16("lm_head.weight", spoilt(), 37, 30),
                        "\"lm_head.weight\" holds Infinity at element 1000"),
                weight(file -> file.add(norm, "I64", new byte[240], 30), "is stored as i64", "f32, f16 or bf16"));
    }

    private static float[] spoilt() {
        float[] values = new float[37 * 30];
        values[1000] = Float.POSITIVE_INFINITY;
        return values;
    }

    @Test
    void aCheckpointCutShort() throws IOException {
        new SyntheticCheckpoint("llama").write(in);
        Path weights = in.resolve("model.safetensors");
        byte[] all = Files.readAllBytes(weights);
        Files.write(weights, java.util.Arrays.copyOf(all, all.length - 100));
        refused("model.safetensors", "the file is cut short");
    }

    @Test
    void formatsAndTasksThatDoNotExist() {
        assertThatThrownBy(() -> WeightFormat.fromFlag("int3"))
                .isInstanceOf(ExportException.class)
                .hasMessageContaining("\"int3\"; use one of fp32, fp16");
        assertThatThrownBy(() -> Exporter.builder().task("image-classification"))
                .isInstanceOf(ExportException.class)
                .hasMessageContaining("supported are auto, text-generation-with-past");
    }
}
