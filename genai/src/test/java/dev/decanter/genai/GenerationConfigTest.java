package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GenerationConfigTest {
    @TempDir
    Path folder;

    private GenerationConfig read(String json) throws IOException {
        Path file = folder.resolve("generation_config.json");
        Files.writeString(file, json);
        return GenerationConfig.read(file);
    }

    @Test
    void readsTheNamesOfHuggingFace() throws IOException {
        GenerationConfig config = read("""
                {"bos_token_id": 1, "eos_token_id": [5, 7], "do_sample": true, "temperature": 0.5, "top_p": 0.75,
                 "top_k": 20, "min_p": 0.25, "repetition_penalty": 1.5, "max_new_tokens": 9, "max_length": null,
                 "min_new_tokens": 2, "stop_strings": ["a", "b"], "rng_seed": 3, "some_future_key": {"x": 1}}
                """);
        assertThat(config.eosTokenId()).hasValue(5);
        assertThat(config.stopTokenIds()).isEqualTo(Set.of(5L, 7L));
        assertThat(config.doSample()).isTrue();
        assertThat(config.temperature()).isEqualTo(0.5f);
        assertThat(config.topP()).isEqualTo(0.75f);
        assertThat(config.topK()).hasValue(20);
        assertThat(config.minP()).isEqualTo(0.25f);
        assertThat(config.repetitionPenalty()).isEqualTo(1.5f);
        assertThat(config.maxNewTokens()).hasValue(9);
        assertThat(config.maxLength()).isEmpty();
        assertThat(config.minNewTokens()).isEqualTo(2);
        assertThat(config.stopStrings()).isEqualTo(Set.of("a", "b"));
        assertThat(config.seed()).isEqualTo(3);
        assertThat(config.toBuilder().build()).isEqualTo(config);
    }

    @Test
    void defaultsAreOpenVinos() throws IOException {
        GenerationConfig config = read("{}");
        assertThat(config).isEqualTo(GenerationConfig.builder().build());
        assertThat(config.doSample()).isFalse();
        assertThat(config.temperature()).isEqualTo(1);
        assertThat(config.topK()).isEmpty();
        assertThat(config.applyChatTemplate()).isTrue();
        assertThat(config.beams()).isEqualTo(BeamSettings.NONE);
    }

    @Test
    void namesTheFileAndTheKeyOfAMistake() {
        assertThatThrownBy(() -> read("{\"top_p\": \"much\"}"))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("generation_config.json: top_p is \"much\", it must be a number");
        assertThatThrownBy(() -> read("{\"do_sample\": true, \"temperature\": -1}"))
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining("generation_config.json: temperature is -1.0, it must be above 0");
        assertThatThrownBy(() -> read("[1]")).isInstanceOf(GenerationException.class);
        assertThatThrownBy(() -> read("{\"top_p\": ")).isInstanceOf(GenerationException.class);
    }

    static Stream<Arguments> wrong() {
        return Stream.of(
                wrong("max_new_tokens", b -> b.maxNewTokens(0)),
                wrong("max_length", b -> b.maxLength(0)),
                wrong("min_new_tokens", b -> b.minNewTokens(-1)),
                wrong("min_new_tokens", b -> b.minNewTokens(3).maxNewTokens(2)),
                wrong("temperature", b -> b.doSample(true).temperature(0)),
                wrong("temperature", b -> b.doSample(true).temperature(Float.NaN)),
                wrong("top_p", b -> b.doSample(true).topP(0)),
                wrong("top_p", b -> b.doSample(true).topP(1.01f)),
                wrong("top_k", b -> b.doSample(true).topK(0)),
                wrong("min_p", b -> b.doSample(true).minP(1)),
                wrong("repetition_penalty", b -> b.repetitionPenalty(0)),
                wrong("presence_penalty", b -> b.presencePenalty(2.5f)),
                wrong("frequency_penalty", b -> b.frequencyPenalty(-2.5f)),
                wrong("logprobs", b -> b.logprobs(-1)),
                wrong("ignore_eos", b -> b.ignoreEos(true)),
                wrong("stop_strings", b -> b.stopString("")),
                wrong("num_beams", b -> b.numBeams(0)),
                wrong("num_beam_groups", b -> b.numBeams(4).numBeamGroups(3)),
                wrong("diversity_penalty", b -> b.numBeams(4).numBeamGroups(2)),
                wrong("do_sample", b -> b.numBeams(4).doSample(true)),
                wrong("num_return_sequences", b -> b.numReturnSequences(2)));
    }

    private static Arguments wrong(String field, UnaryOperator<GenerationConfigBuilder> change) {
        return Arguments.of(field, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("wrong")
    void refusesWhatIsOutOfRange(String field, UnaryOperator<GenerationConfigBuilder> change) {
        GenerationConfigBuilder builder = change.apply(GenerationConfig.builder());
        assertThatThrownBy(builder::build)
                .isInstanceOf(GenerationException.class)
                .hasMessageContaining(field);
    }
}
