package dev.decanter.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exporting needs the memory of a few pieces, whatever the size of the model. */
class ExportMemoryTest {
    /** 256 MB of f32 in two matrices: more than the child may have on its heap and outside it together. */
    private static final int VOCABULARY = 1 << 20;

    private static final int HIDDEN = 32;

    @TempDir
    Path folder;

    /** Runs in a JVM of its own, with less memory than one matrix needs. */
    public static final class Child {
        private Child() {}

        public static void main(String[] arguments) {
            Exporter.builder().build().export(Path.of(arguments[0]), Path.of(arguments[1]));
        }
    }

    @Test
    void aMatrixIsNeverInMemoryAsAWhole() throws IOException, InterruptedException {
        new SyntheticCheckpoint("llama")
                .with("vocab_size", VOCABULARY)
                .with("hidden_size", HIDDEN)
                .with("num_hidden_layers", 1)
                .with("num_attention_heads", 4)
                .with("num_key_value_heads", 4)
                .writeConfig(folder);
        writeZeros(folder.resolve("model.safetensors"));
        Path out = folder.resolve("ov");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx32m",
                "-XX:MaxDirectMemorySize=24m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath(),
                Child.class.getName(),
                folder.toString(),
                out.toString()));
        Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor(2, TimeUnit.MINUTES)).isTrue();
        assertThat(said).isEmpty();
        assertThat(child.exitValue()).isZero();
        assertThat(Files.size(out.resolve("openvino_model.bin"))).isGreaterThan(2L * VOCABULARY * HIDDEN);
    }

    /** Where the classes are, be they on the class path or the module path. */
    private static String classPath() {
        return String.join(
                System.getProperty("path.separator"),
                System.getProperty("java.class.path"),
                System.getProperty("jdk.module.path", ""),
                "target/classes",
                "target/test-classes");
    }

    /** A file with holes, so that it takes no room. */
    private static void writeZeros(Path file) throws IOException {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens.weight", new long[] {VOCABULARY, HIDDEN});
        shapes.put("lm_head.weight", new long[] {VOCABULARY, HIDDEN});
        String layer = "model.layers.0.";
        for (String name : List.of("input_layernorm", "post_attention_layernorm")) {
            shapes.put(layer + name + ".weight", new long[] {HIDDEN});
        }
        shapes.put("model.norm.weight", new long[] {HIDDEN});
        for (String name : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
            shapes.put(layer + "self_attn." + name + ".weight", new long[] {HIDDEN, HIDDEN});
        }
        shapes.put(layer + "mlp.gate_proj.weight", new long[] {23, HIDDEN});
        shapes.put(layer + "mlp.up_proj.weight", new long[] {23, HIDDEN});
        shapes.put(layer + "mlp.down_proj.weight", new long[] {HIDDEN, 23});
        StringBuilder header = new StringBuilder();
        long at = 0;
        for (Map.Entry<String, long[]> entry : shapes.entrySet()) {
            long[] shape = entry.getValue();
            long bytes = 4 * shape[0] * (shape.length == 2 ? shape[1] : 1);
            header.append(header.isEmpty() ? "{" : ",")
                    .append("\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                            .formatted(entry.getKey(), java.util.Arrays.toString(shape), at, at + bytes));
            at += bytes;
        }
        byte[] text = header.append("}").toString().getBytes(StandardCharsets.UTF_8);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.writeLong(Long.reverseBytes(text.length));
            out.write(text);
            out.setLength(8 + text.length + at);
        }
    }
}
