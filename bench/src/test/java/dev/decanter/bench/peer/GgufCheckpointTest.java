package dev.decanter.bench.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.bench.RandomCheckpoint;
import dev.decanter.compress.CompressionMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufCheckpointTest {
    @Test
    void aTinyModelForBothEngines(@TempDir Path folder) throws IOException {
        Path checkpoint = folder.resolve("tiny");
        RandomCheckpoint.write(RandomCheckpoint.TINY, checkpoint);
        Path gguf = folder.resolve("tiny.gguf");
        GgufCheckpoint.write(checkpoint, gguf);
        Path ir = folder.resolve("tiny-ir");
        ExportMemory.export(checkpoint, ir, Optional.of(CompressionMode.INT4_ASYM), Optional.of(64));

        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(gguf)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes.getInt()).isEqualTo(0x46554747);
        assertThat(bytes.getInt()).isEqualTo(3);
        // embedding, last norm, and nine tensors of the one layer
        assertThat(bytes.getLong()).isEqualTo(11);
        String text = new String(bytes.array(), StandardCharsets.ISO_8859_1);
        assertThat(text).contains("llama.attention.head_count_kv", "blk.0.ffn_gate.weight", "token_embd.weight");
        assertThat(ir.resolve("openvino_model.bin")).isNotEmptyFile();
    }

    @Test
    void theNamesOfShapes(@TempDir Path folder) {
        assertThat(RandomCheckpoint.names()).contains("llama-3.2-1b", "llama-3-8b", "qwen3-0.6b", "tinyllama-1.1b");
        assertThatThrownBy(() -> RandomCheckpoint.write("llama-9", folder)).hasMessageContaining("\"llama-9\"");
    }
}
