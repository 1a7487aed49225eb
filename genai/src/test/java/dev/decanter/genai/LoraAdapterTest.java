package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.decanter.runtime.Core;
import dev.decanter.safetensors.SafetensorsException;
import dev.decanter.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters change a model as PEFT does. */
class LoraAdapterTest {
    private static final Path ADAPTER = TestData.root().resolve("testdata/golden/llama-lora/adapter");
    private static final String LAYER = "base_model.model.model.layers.0.self_attn.q_proj";

    @TempDir
    Path folder;

    private static LLMPipeline load(String device, LoraAdapter... adapters) {
        LLMPipelineBuilder builder = LLMPipeline.builder(TestData.exported("llama-gqa", true))
                .device(device)
                .properties(Core.create().accurateProperties(device));
        for (LoraAdapter adapter : adapters) {
            builder.adapter(adapter);
        }
        return builder.build();
    }

    private static GenerationResult answer(LLMPipeline pipeline, JsonNode one) {
        GenerationConfig config = GenerationConfig.builder()
                .maxNewTokens(32)
                .keepPromptLogits(true)
                .build();
        return pipeline.generate(TestData.longs(one.get("input_ids")), config);
    }

    @ParameterizedTest
    @ValueSource(strings = {"REFERENCE", "CPU"})
    void answersAsPeftDoes(String device) {
        JsonNode golden = TestData.json(ADAPTER.resolveSibling("golden.json"));
        try (LLMPipeline whole = load(device, new LoraAdapter(ADAPTER));
                LLMPipeline half = load(device, new LoraAdapter(ADAPTER, 0.5f));
                LLMPipeline twoHalves =
                        load(device, new LoraAdapter(ADAPTER, 0.25f), new LoraAdapter(ADAPTER, 0.75f))) {
            for (JsonNode one : golden.get("cases")) {
                GenerationResult result = answer(whole, one);
                assertThat(result.promptLogits().orElseThrow())
                        .containsExactly(TestData.floats(one.get("logits_last")), within(5e-4f));
                assertThat(result.best().ids()).isEqualTo(TestData.longs(one.at("/greedy/new_ids")));
                assertThat(answer(half, one).promptLogits().orElseThrow())
                        .containsExactly(TestData.floats(one.at("/half_strength/logits_last")), within(5e-4f));
                assertThat(answer(twoHalves, one).promptLogits().orElseThrow())
                        .containsExactly(TestData.floats(one.get("logits_last")), within(5e-4f));
            }
        }
    }

    @Test
    void strengthZeroIsTheModelAlone() {
        try (LLMPipeline none = load("CPU", new LoraAdapter(ADAPTER, 0))) {
            JsonNode one = TestData.golden("llama-gqa").at("/cases/0");
            assertThat(answer(none, one).best().ids()).isEqualTo(TestData.longs(one.at("/greedy/new_ids")));
        }
    }

    private LoraAdapter adapter(String config, Consumer<SafetensorsWriter> tensors) throws IOException {
        Files.writeString(folder.resolve("adapter_config.json"), config);
        SafetensorsWriter writer = new SafetensorsWriter();
        tensors.accept(writer);
        writer.write(folder.resolve("adapter_model.safetensors"));
        return new LoraAdapter(folder);
    }

    private static void refused(LoraAdapter adapter, String... parts) {
        assertThatThrownBy(() -> load("CPU", adapter).close())
                .isInstanceOfAny(GenerationException.class, SafetensorsException.class)
                .hasMessageContainingAll(parts)
                .hasMessageNotContaining("\n");
    }

    @Test
    void saysWhatIsWrongWithAnAdapter() throws IOException {
        String plain = "{\"peft_type\": \"LORA\", \"lora_alpha\": 2}";
        Consumer<SafetensorsWriter> fits = file -> file.f32(LAYER + ".lora_A.weight", new float[128], 2, 64)
                .f32(LAYER + ".lora_B.weight", new float[128], 64, 2);
        load("CPU", adapter(plain, fits)).close();

        refused(new LoraAdapter(folder.resolve("none")), "adapter_config.json", "cannot be read");
        refused(adapter("{\"peft_type\": \"IA3\"}", fits), "peft_type is \"IA3\", it must be LORA");
        refused(adapter("{\"use_dora\": true}", fits), "DoRA is not supported");
        refused(adapter("{\"alpha_pattern\": {\"(a+)+\": 3}}", fits), "alpha_pattern", "plain names of layers");
        refused(adapter(plain, file -> {}), "has no tensors");
        refused(adapter(plain, fits.andThen(file -> file.remove(LAYER + ".lora_B.weight"))), "has no lora_B");
        refused(
                adapter(plain, fits.andThen(file -> file.f32("base_model.model.lm_head.weight", new float[4], 2, 2))),
                "lm_head.weight",
                "cannot be applied");
        refused(
                adapter(
                        plain,
                        file -> file.f32("base_model.model.x.lora_A.weight", new float[4], 2, 2)
                                .f32("base_model.model.x.lora_B.weight", new float[4], 2, 2)),
                "is for a layer \"x\"",
                "another model");
        refused(
                adapter(plain, fits.andThen(file -> file.f32(LAYER + ".lora_A.weight", new float[96], 2, 48))),
                "do not fit the model's");
        float[] damaged = new float[128];
        damaged[5] = Float.NaN;
        refused(
                adapter(plain, fits.andThen(file -> file.f32(LAYER + ".lora_A.weight", damaged, 2, 64))),
                "lora_A",
                "NaN");
        Files.delete(folder.resolve("adapter_model.safetensors"));
        refused(new LoraAdapter(folder), "has no adapter_model.safetensors");
        assertThatThrownBy(() -> new LoraAdapter(folder, Float.NaN)).hasMessageContaining("alpha");
    }
}
