package dev.decanter.bench.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.bench.peer.Sample.Figure;
import dev.decanter.compress.CompressionMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanTest {
    @Test
    void formatsAndWhatTheyAreComparedWith() {
        assertThat(FormatPair.parseAll("int4_asym:64,INT4_SYM,int8,int8_asym,fp16"))
                .containsExactly(
                        new FormatPair(
                                "int4_asym-g64", Optional.of(CompressionMode.INT4_ASYM), Optional.of(64), "Q4_0"),
                        new FormatPair(
                                "int4_sym-g128", Optional.of(CompressionMode.INT4_SYM), Optional.of(128), "Q4_0"),
                        new FormatPair("int8_asym", Optional.of(CompressionMode.INT8_ASYM), Optional.empty(), "Q8_0"),
                        new FormatPair("fp16", Optional.empty(), Optional.empty(), "F16"));
        assertThat(LlamaQuantizer.fileType("Q4_0")).isEqualTo(2);
        assertThat(LlamaQuantizer.fileType("Q8_0")).isEqualTo(7);
    }

    @Test
    void formatsThatDoNotExist() {
        assertThatThrownBy(() -> FormatPair.parse("int5")).hasMessageContaining("\"int5\"");
        assertThatThrownBy(() -> FormatPair.parse("int8:64")).hasMessageContaining("no groups");
        assertThatThrownBy(() -> FormatPair.parse("int4_asym:x")).hasMessageContaining("not a number");
        assertThatThrownBy(() -> FormatPair.parse("int4_asym:0")).hasMessageContaining("not positive");
    }

    @Test
    void everyoneIsFirstInTurn() {
        assertThat(Rounds.turn(List.of("a", "b", "c"), 0)).containsExactly("a", "b", "c");
        assertThat(Rounds.turn(List.of("a", "b", "c"), 1)).containsExactly("b", "c", "a");
        assertThat(Rounds.turn(List.of("a", "b", "c"), 5)).containsExactly("c", "a", "b");
    }

    @Test
    void figuresAndTheRoomTheyNeed() {
        Rounds rounds = new Rounds(5, 48, List.of(128, 512), List.of(128, 4096), 0);

        assertThat(rounds.positions()).isEqualTo(4144);
        assertThat(rounds.figures())
                .containsExactly(Figure.prefill(128), Figure.prefill(512), Figure.decode(128), Figure.decode(4096));
    }

    @Test
    void theCommandOfAnEngine() {
        EngineSpec ours = new EngineSpec(
                "decanter",
                EngineSpec.Kind.DECANTER,
                List.of("-Ddecanter.cpu.machine=off"),
                Path.of(""),
                Map.of("KV_CACHE_PRECISION", "u8"));
        System.setProperty("jdk.module.path", "jars");

        List<String> command = ours.command(Path.of("model"), 2, 32000, 4144);

        assertThat(command).contains("-XX:+UseSerialGC", "-Ddecanter.cpu.machine=off");
        assertThat(command)
                .endsWith(
                        EngineWorker.class.getName(),
                        "2",
                        "32000",
                        "4144",
                        "DECANTER",
                        "",
                        "model",
                        "KV_CACHE_PRECISION=u8");
    }

    @Test
    void oneBuildOfSeveral(@TempDir Path folder) throws IOException {
        for (String name : List.of("libllama.so", "libggml-cpu-zen4.so", "libggml-cpu-x64.so", "other.node")) {
            Files.writeString(folder.resolve(name), name);
        }

        Path only = LlamaBuild.only(folder, "zen4", folder.resolve("only"));

        assertThat(only).isDirectoryContaining("glob:**libllama.so");
        assertThat(only).isDirectoryContaining("glob:**libggml-cpu-zen4.so");
        assertThat(only).isDirectoryNotContaining("glob:**libggml-cpu-x64.so");
        assertThatThrownBy(() -> LlamaBuild.only(folder, "zen9", folder.resolve("only")))
                .hasMessageContaining("[x64, zen4]");
    }

    @Test
    void othersAreThoseWhoAreNotUs() {
        MachineLoad before = new MachineLoad(100, 40, 10);

        assertThat(new MachineLoad(103, 42, 12).othersCores(before)).isEqualTo(0.5);
        assertThat(new MachineLoad(103, 43.5, 12).othersCores(before)).isZero();
    }
}
