package dev.decanter.compress.presets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.compress.BackupMode;
import dev.decanter.compress.CompressionException;
import dev.decanter.compress.CompressionMode;
import dev.decanter.compress.GroupSizeFallback;
import dev.decanter.compress.presets.Preset.Match;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PresetsTest {
    @TempDir
    Path folder;

    private Path model(String name, String config) throws IOException {
        Path model = Files.createDirectories(folder.resolve(name));
        Files.writeString(model.resolve("config.json"), config);
        return model;
    }

    @Test
    void theTableIsAsLongAsOptimums() {
        // 69 entries and two further names of Llama 3.1
        assertThat(Presets.int4Models()).hasSize(71).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("dev.decanter.compress.presets.Presets#int4Models")
    void everyEntryCanBeRead(String id) {
        Preset preset = Presets.int4(id).orElseThrow();
        assertThat(preset.match()).isEqualTo(Match.MODEL_ID);
        assertThat(preset.settings().mode().bits()).isEqualTo(4);
        assertThat(preset.settings().ratio().orElse(1.0)).isBetween(0.5, 1.0);
        assertThat(preset.settings().groupSize().orElseThrow()).isIn(32, 64, 128);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "databricks/dolly-v2-3b|int4_asym, group size 128, ratio 1.0, scale estimation",
                "EleutherAI/gpt-j-6b|int4_asym, group size 64",
                "HuggingFaceH4/zephyr-7b-beta|int4_sym, group size 128, ratio 0.8, AWQ",
                "meta-llama/Llama-2-7b-hf|int4_sym, group size 128, ratio 0.6",
                "Qwen/Qwen2.5-1.5B-Instruct|int4_asym, group size 128, ratio 0.9, AWQ, scale estimation",
                "Qwen/Qwen3-1.7B|int4_sym, group size 64, ratio 1.0, AWQ, scale estimation",
                "Qwen/Qwen3-4B|int4_sym, group size 128, ratio 1.0, AWQ",
                "openlm-research/open_llama_3b|int4_asym, group size 64, all layers",
                "TinyLlama/TinyLlama-1.1B-Chat-v1.0|int4_asym, group size 64, ratio 1.0, AWQ",
                "meta-llama/Llama-3.1-8B|int4_asym, group size 64, ratio 0.8, AWQ",
                "meta-llama/Llama-3.2-1B-Instruct|int4_asym, group size 128, ratio 1.0, AWQ",
                "inceptionai/jais-13b|int4_asym, group size 128, ratio 1.0, group size fallback adjust",
                "openai/gpt-oss-20b|int4_sym, group size 32, int8_asym for layers that match .*self_attn.* or .*router.*",
                "Qwen/Qwen3.5-35B-A3B|int4_asym, group size 64, backup int8_sym",
                "google/gemma-4-26B-A4B|int4_asym, group size 64, AWQ, group size fallback adjust, no compression for layers that match .*router.*"
            })
    void theseAreOptimumsSettings(String id, String settings) {
        assertThat(Presets.int4(id).orElseThrow().settings()).hasToString(settings);
    }

    @Test
    void theDetailsThatTheTextLeavesOut() {
        PresetSettings coder =
                Presets.int4("Qwen/Qwen2.5-Coder-3B-Instruct").orElseThrow().settings();
        assertThat(coder.dataset()).contains("wikitext2");
        assertThat(coder.dynamicQuantizationGroupSize()).contains(128);
        assertThat(Presets.int8("Qwen/Qwen2.5-Coder-3B-Instruct")
                        .orElseThrow()
                        .settings()
                        .mode())
                .isEqualTo(CompressionMode.INT8_ASYM);
        assertThat(Presets.int8("Qwen/Qwen3-4B")).isEmpty();
        Preset glimmer = Presets.int4("meta-models/Muse-Glimmer-30B").orElseThrow();
        assertThat(glimmer.parts()).containsOnlyKeys("text_embeddings_model", "vision_embeddings_model");
        assertThat(glimmer.parts().get("vision_embeddings_model").mode()).isEqualTo(CompressionMode.INT8_SYM);
        PresetSettings jais = Presets.int4("inceptionai/jais-13b").orElseThrow().settings();
        assertThat(jais.groupSizeFallback()).contains(GroupSizeFallback.ADJUST);
        PresetSettings moe = Presets.int4("Qwen/Qwen3.6-35B-A3B").orElseThrow().settings();
        assertThat(moe.backupMode()).contains(BackupMode.INT8_SYM);
        assertThat(Presets.int4Default()).hasToString("int4_asym, group size 128, ratio 1.0");
    }

    @Test
    void aFolderIsKnownByWhatItsConfigurationNames() throws IOException {
        Path model = model("m", "{\"_name_or_path\": \"Qwen/Qwen3-4B\", \"model_type\": \"qwen3\"}");
        Preset preset = Presets.int4(model.toString()).orElseThrow();
        assertThat(preset.modelId()).isEqualTo("Qwen/Qwen3-4B");
        assertThat(preset.match()).isEqualTo(Match.NAME_OR_PATH);
    }

    @Test
    void aFolderIsKnownByItsName() throws IOException {
        Preset preset = Presets.int4(model("phi-2", "{}").toString()).orElseThrow();
        assertThat(preset.modelId()).isEqualTo("microsoft/phi-2");
        assertThat(preset.match()).isEqualTo(Match.FOLDER_NAME);
        assertThat(Presets.int4(model("phi-2-mine", "{}").toString())).isEmpty();
    }

    @Test
    void aFolderOfTheHubsCacheIsKnownByIt() throws IOException {
        Path model =
                model("models--HuggingFaceH4--zephyr-7b-beta/snapshots/892b3d7a7b1cf10c7a701c60881cd93df615734c", "{}");
        Preset preset = Presets.int4(model.toString()).orElseThrow();
        assertThat(preset.modelId()).isEqualTo("HuggingFaceH4/zephyr-7b-beta");
        assertThat(preset.match()).isEqualTo(Match.CACHE_FOLDER);
    }

    @Test
    void aFolderIsKnownByArchitectureAndSizesWhereTheyLeaveNoChoice() throws IOException {
        String sizes = "{\"model_type\": \"qwen2\", \"hidden_size\": 1536, \"num_hidden_layers\": 28,"
                + " \"intermediate_size\": 8960, \"vocab_size\": 151936, \"tie_word_embeddings\": %s, \"rope_theta\": %s}";
        Preset qwen = Presets.int4(
                        model("a", sizes.formatted("true", "1000000.0")).toString())
                .orElseThrow();
        assertThat(qwen.modelId()).isEqualTo("Qwen/Qwen2.5-1.5B-Instruct");
        assertThat(qwen.match()).isEqualTo(Match.SIZES);
        Preset distilled = Presets.int4(
                        model("b", sizes.formatted("false", "10000")).toString())
                .orElseThrow();
        assertThat(distilled.modelId()).isEqualTo("deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B");
        assertThat(Presets.int4(model("c", sizes.formatted("true", "10000")).toString()))
                .isEmpty();
    }

    @Test
    void aDamagedConfigurationIsSaid() throws IOException {
        Path model = model("m", "{");
        assertThatThrownBy(() -> Presets.int4(model.toString()))
                .isInstanceOf(CompressionException.class)
                .hasMessageStartingWith(model.resolve("config.json") + ": broken JSON, line 1: ");
    }
}
