package dev.decanter.genai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.decanter.genai.parsers.MessageDelta;
import dev.decanter.genai.parsers.OutputFormat;
import dev.decanter.genai.parsers.ParsedMessage;
import dev.decanter.genai.parsers.ReasoningTags;
import dev.decanter.genai.parsers.ToolFormat;
import dev.decanter.tokenizers.EncodeOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MessageTest {
    private static final OutputFormat FORMAT = new OutputFormat(Optional.of(ReasoningTags.THINK), ToolFormat.HERMES);
    private static final long[] PROMPT = {1, 302, 341};

    /** Makes a model say a text and then its end token. */
    private static GenerationConfig saying(LLMPipeline pipeline, String text) {
        long[] ids = pipeline.tokenizer()
                .orElseThrow()
                .encode(List.of(text), EncodeOptions.DEFAULT.withAddSpecialTokens(false))
                .inputIds()
                .toLongs();
        long end = pipeline.generationConfig().eosTokenId().orElseThrow();
        LogitsProcessor forced = (logits, tokens) -> {
            int at = tokens.generated();
            Arrays.fill(logits, Float.NEGATIVE_INFINITY);
            logits[(int) (at < ids.length ? ids[at] : end)] = 0;
        };
        return pipeline.generationConfig().toBuilder()
                .maxNewTokens(ids.length + 1)
                .outputFormat(FORMAT)
                .logitsProcessor(() -> forced)
                .build();
    }

    @Test
    void answersAreTakenApartAndStreamed() {
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported("llama-gqa", true), "CPU")) {
            String answer =
                    "<think>\nso\n</think>\n\nThen.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>";
            List<MessageDelta> deltas = new ArrayList<>();
            MessageStreamer streamer = new MessageStreamer(FORMAT, delta -> {
                deltas.add(delta);
                return StreamingStatus.RUNNING;
            });
            GenerationConfig config = saying(pipeline, answer);
            GenerationResult result = pipeline.generate(PROMPT, config, streamer);
            GeneratedSequence sequence = result.sequences().getFirst();
            assertThat(sequence.finishReason()).isEqualTo(FinishReason.TOOL_CALL);
            ParsedMessage message = sequence.message().orElseThrow();
            assertThat(message).isEqualTo(FORMAT.parse(result.text())).isEqualTo(ParsedMessage.of(deltas));
            assertThat(message.reasoning()).contains("so");
            assertThat(message.content()).isEqualTo("Then.");
            assertThat(message.toolCalls()).singleElement().satisfies(call -> {
                assertThat(call.name()).isEqualTo("f");
                assertThat(call.arguments()).isEqualTo("{\"a\":1}");
            });
        }
    }

    @Test
    void anAnswerWithoutCallsStops() {
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported("llama-gqa", true), "CPU")) {
            GeneratedSequence sequence = pipeline.generate(PROMPT, saying(pipeline, "Yes <tool_call>"))
                    .sequences()
                    .getFirst();
            assertThat(sequence.finishReason()).isEqualTo(FinishReason.STOP);
            assertThat(sequence.message().orElseThrow().content()).isEqualTo(sequence.text());
        }
    }

    @Test
    void aReceiverEndsTheAnswer() {
        try (LLMPipeline pipeline = new LLMPipeline(TestData.exported("llama-gqa", true), "CPU")) {
            List<MessageDelta> deltas = new ArrayList<>();
            MessageStreamer streamer = new MessageStreamer(FORMAT, delta -> {
                deltas.add(delta);
                return StreamingStatus.STOP;
            });
            String answer = "one two three four five six seven";
            GenerationResult result = pipeline.generate(PROMPT, saying(pipeline, answer), streamer);
            assertThat(result.finishReason()).isEqualTo(FinishReason.STOP);
            assertThat(result.text().length()).isLessThan(answer.length());
            assertThat(deltas).hasSize(1);
        }
    }

    @Test
    void echoHasNoFormat() {
        assertThatThrownBy(() -> GenerationConfig.builder()
                        .maxNewTokens(1)
                        .echo(true)
                        .outputFormat(FORMAT)
                        .build())
                .isInstanceOf(GenerationException.class)
                .hasMessage("output_format is set, it must be unset with echo");
    }
}
