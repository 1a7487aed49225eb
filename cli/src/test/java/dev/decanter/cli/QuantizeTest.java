package dev.decanter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code quantize} on a golden Llama, which takes texts and arrays. */
class QuantizeTest {
    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static Path base;

    @BeforeAll
    static void export() {
        base = shared.resolve("ov");
        Cli.done("export", "--model", Cli.GOLDEN.resolve("llama-gqa").resolve("model"), base);
    }

    private static void isQuantized(Path out) {
        JsonNode model = Cli.done("inspect", out.resolve("openvino_model.xml"), "--json")
                .json()
                .get("models")
                .get(0);
        assertThat(model.get("operations").get("opset1.FakeQuantize").asInt()).isPositive();
        assertThat(model.get("bitwidths").get(0).get("precision").asText()).isEqualTo("int8_sym, per-channel");
        assertThat(model.get("rt_info").has("nncf.quantization.model_type")).isTrue();
        assertThat(Cli.done("generate", "--model", out, "--prompt-ids", "5,6,7", "--max-new-tokens", "4", "--json")
                        .json()
                        .get("token_ids"))
                .hasSize(4);
    }

    @Test
    void textsGoThroughTheTokenizer() throws IOException {
        Path texts = Files.writeString(folder.resolve("texts.txt"), "the quick river ran over stones. ".repeat(60));
        Path out = folder.resolve("int8");
        Cli result = Cli.done("quantize", base, out, "--dataset", texts, "--num-samples", "4", "--seq-len", "8");
        assertThat(result.out()).contains("│ int8_sym, per-channel", out + ": int8, ", ", was ");
        assertThat(result.err()).contains("smooth quant", "writing openvino_model.xml", "100 %");
        assertThat(Cli.read(out.resolve("openvino_config.json")).get("dtype").asText())
                .isEqualTo("int8");
        isQuantized(out);
    }

    @Test
    void arraysAreTheInputs() throws IOException {
        Path samples = folder.resolve("samples");
        for (int i = 0; i < 3; i++) {
            Path sample = Files.createDirectories(samples.resolve("sample" + i));
            write(sample.resolve("input_ids.npy"), "<i8", "(1, 4)", i + 5, 6, 7, 8);
            write(sample.resolve("attention_mask.npy"), "<i8", "(1, 4)", 1, 1, 1, 1);
            write(sample.resolve("position_ids.npy"), "<i8", "(1, 4)", 0, 1, 2, 3);
            write(sample.resolve("beam_idx.npy"), "<i4", "(1,)", 0);
        }
        Path out = folder.resolve("int8");
        JsonNode json = Cli.done(
                        "quantize",
                        base,
                        out,
                        "--dataset",
                        samples,
                        "--model-type",
                        "none",
                        "--preset",
                        "mixed",
                        "--activation-range",
                        "percentile:0.01",
                        "--no-bias-correction",
                        "--json")
                .json();
        assertThat(json.get("mode").asText()).isEqualTo("int8");
        assertThat(json.get("layers").get(0).get("bits").asInt()).isEqualTo(8);
        isQuantized(out);
    }

    /** A file of NumPy's format 1.0. */
    private static void write(Path file, String type, String shape, long... values) throws IOException {
        String header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
        header += " ".repeat(64 - (header.length() + 11) % 64) + "\n";
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(0x93);
        out.writeBytes("NUMPY".getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(new byte[] {1, 0});
        int size = Integer.parseInt(type.substring(2));
        ByteBuffer data =
                ByteBuffer.allocate(2 + header.length() + size * values.length).order(ByteOrder.LITTLE_ENDIAN);
        data.putShort((short) header.length()).put(header.getBytes(StandardCharsets.US_ASCII));
        for (long value : values) {
            if (size == Integer.BYTES) {
                data.putInt((int) value);
            } else {
                data.putLong(value);
            }
        }
        out.writeBytes(data.array());
        Files.write(file, out.toByteArray());
    }
}
