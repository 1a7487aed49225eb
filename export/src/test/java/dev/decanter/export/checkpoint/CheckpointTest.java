package dev.decanter.export.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.export.ExportException;
import dev.decanter.ir.Shape;
import dev.decanter.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
    @TempDir
    Path folder;

    private static void refused(ThrowingCallable call, String... parts) {
        assertThatThrownBy(call)
                .isInstanceOf(ExportException.class)
                .hasMessageContainingAll(parts)
                .hasMessageNotContaining("\n");
    }

    private void index(String map) throws IOException {
        Files.writeString(folder.resolve(Checkpoint.INDEX), "{\"metadata\":{},\"weight_map\":{" + map + "}}");
    }

    private void shard(String file, String tensor) {
        new SafetensorsWriter().f32(tensor, new float[] {1, 2}, 2).write(folder.resolve(file));
    }

    @Test
    void shardsAreReadThroughTheirIndex() throws IOException {
        shard("model-1.safetensors", "a");
        shard("model-2.safetensors", "b");
        index("\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"");
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.take("b", Shape.of(2)).file()).hasFileName("model-2.safetensors");
            assertThat(checkpoint.parameters()).isEqualTo(4);
            refused(checkpoint::requireAllTaken, "surplus tensors", "a");
            checkpoint.take("a", Shape.of(2));
            checkpoint.requireAllTaken();
        }
    }

    @Test
    void aMissingShardIsNamed() throws IOException {
        shard("model-1.safetensors", "a");
        index("\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"");
        refused(() -> Checkpoint.open(folder), "shard model-2.safetensors is missing", "\"b\"");
    }

    @Test
    void aTensorThatTheShardLacksIsNamed() throws IOException {
        shard("model-1.safetensors", "a");
        index("\"a\":\"model-1.safetensors\",\"b\":\"model-1.safetensors\"");
        refused(() -> Checkpoint.open(folder), "model-1.safetensors", "tensor \"b\" is not there");
    }

    @Test
    void aTensorThatTheIndexLacksIsNamed() throws IOException {
        shard("model-1.safetensors", "a");
        new SafetensorsWriter()
                .f32("b", new float[1], 1)
                .f32("c", new float[1], 1)
                .write(folder.resolve("model-2.safetensors"));
        index("\"a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"");
        refused(() -> Checkpoint.open(folder), "tensor \"c\" is there");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"../model.safetensors\"", "\"/etc/passwd\"", "3", "\"model.bin\""})
    void anIndexThatPointsElsewhereIsRefused(String target) throws IOException {
        index("\"a\":" + target);
        refused(() -> Checkpoint.open(folder), Checkpoint.INDEX, "\"a\" is not in a .safetensors file of this folder");
    }

    @Test
    void anIndexWithoutAMapIsRefused() throws IOException {
        index("");
        refused(() -> Checkpoint.open(folder), "there is no weight_map");
    }

    @Test
    void picklesAreRefusedWithTheReasonAndTheWayOut() throws IOException {
        Files.write(folder.resolve("pytorch_model.bin"), new byte[10]);
        refused(
                () -> Checkpoint.open(folder),
                "pytorch_model.bin",
                "a pickle can execute code",
                "safe_serialization=True");
    }

    @Test
    void ggufIsRefused() throws IOException {
        Files.write(folder.resolve("model-q4.gguf"), new byte[10]);
        refused(() -> Checkpoint.open(folder), "model-q4.gguf is a GGUF file");
    }

    @Test
    void aFolderWithoutWeightsIsRefused() {
        refused(() -> Checkpoint.open(folder), "neither model.safetensors nor model.safetensors.index.json");
    }

    @Test
    void missingMisshapenAndForeignTensorsAreRefusedByName() {
        new SafetensorsWriter()
                .f32("a", new float[6], 2, 3)
                .add("b", "I64", new byte[16], 2)
                .add("c", "F64", new byte[16], 2)
                .write(folder.resolve(Checkpoint.SINGLE));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            refused(() -> checkpoint.take("x", Shape.of(4)), "tensor \"x\" of shape [4] is missing");
            refused(() -> checkpoint.take("a", Shape.of(3, 2)), "\"a\" has the shape [2, 3]", "asks for [3, 2]");
            refused(() -> checkpoint.take("b", Shape.of(2)), "\"b\" is stored as i64");
            refused(() -> checkpoint.take("c", Shape.of(2)), "\"c\" is stored as f64");
            refused(checkpoint::requireAllTaken, "surplus tensors", "a, b, c");
        }
    }

    @Test
    void longListsOfSurplusTensorsAreCut() {
        SafetensorsWriter file = new SafetensorsWriter();
        for (int i = 0; i < 20; i++) {
            file.f32("t" + i, new float[1], 1);
        }
        file.write(folder.resolve(Checkpoint.SINGLE));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            refused(checkpoint::requireAllTaken, "t0, t1, t2, t3, t4 and 15 more");
        }
    }

    @Test
    void buffersOfOldReleasesAreIgnored() {
        new SafetensorsWriter()
                .f32("model.layers.7.self_attn.rotary_emb.inv_freq", new float[4], 4)
                .write(folder.resolve(Checkpoint.SINGLE));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            checkpoint.requireAllTaken();
        }
    }

    @Test
    void tiedTensorsMustBeEqual() {
        new SafetensorsWriter()
                .f32("embed", new float[] {1, 2}, 2)
                .f32("same", new float[] {1, 2}, 2)
                .f32("other", new float[] {1, 3}, 2)
                .write(folder.resolve(Checkpoint.SINGLE));
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            checkpoint.takeTied("absent", "embed");
            checkpoint.takeTied("same", "embed");
            refused(() -> checkpoint.takeTied("other", "embed"), "\"other\" differs from \"embed\"");
            refused(checkpoint::requireAllTaken, "embed, other");
        }
    }
}
