package dev.decanter.genai.parsers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class OutputParserTest {
    private static final OutputFormat QWEN = new OutputFormat(Optional.of(ReasoningTags.THINK), ToolFormat.HERMES);
    private static final OutputFormat R1 =
            new OutputFormat(Optional.of(ReasoningTags.THINK_IN_PROMPT), ToolFormat.HERMES);
    private static final OutputFormat LLAMA = new OutputFormat(Optional.empty(), ToolFormat.LLAMA_JSON);
    private static final OutputFormat PYTHONIC = new OutputFormat(Optional.empty(), ToolFormat.LLAMA_PYTHONIC);
    private static final OutputFormat MISTRAL =
            new OutputFormat(Optional.of(ReasoningTags.MISTRAL), ToolFormat.MISTRAL);
    private static final List<OutputFormat> ALL = List.of(QWEN, R1, LLAMA, PYTHONIC, MISTRAL, OutputFormat.TEXT);

    /** Content, reasoning in angle brackets, calls as name and arguments. */
    private static String shown(ParsedMessage message) {
        StringBuilder out = new StringBuilder(message.content());
        message.reasoning().ifPresent(text -> out.append('<').append(text).append('>'));
        message.toolCalls().forEach(call -> out.append('|').append(call.name()).append(call.arguments()));
        return out.toString();
    }

    private static void assertParsed(OutputFormat format, String answer, String expected) {
        assertThat(shown(format.parse(answer))).as(answer).isEqualTo(expected);
        assertThat(inPieces(format, answer, new Random(7), 1)).as(answer).isEqualTo(format.parse(answer));
    }

    private static ParsedMessage inPieces(OutputFormat format, String answer, Random random, int longest) {
        OutputParser parser = format.parser();
        List<MessageDelta> deltas = new ArrayList<>();
        int at = 0;
        while (at < answer.length()) {
            int end = Math.min(answer.length(), at + random.nextInt(longest + 1));
            deltas.addAll(parser.write(answer.substring(at, end)));
            at = end;
        }
        deltas.addAll(parser.end());
        return ParsedMessage.of(deltas);
    }

    @Test
    void findsReasoning() {
        assertParsed(QWEN, "<think>\nTwo\n and two.\n</think>\n\nFour.\n", "Four.\n<Two\n and two.>");
        assertParsed(QWEN, "<think>\n\n</think>\n\nFour.", "Four.");
        assertParsed(QWEN, "\n <think>a</think>b", "b<a>");
        assertParsed(QWEN, "<think>never ends\n", "<never ends>");
        assertParsed(QWEN, "<think>a</thin k></think>", "<a</thin k>>");
        assertParsed(QWEN, "The tag <think> begins it.", "The tag <think> begins it.");
        assertParsed(QWEN, "<thin", "<thin");
        assertParsed(QWEN, " \n", " \n");
        assertParsed(R1, "Hm.\n</think>\n\nYes.", "Yes.<Hm.>");
        assertParsed(R1, "<think>\nHm.\n</think>\nYes.", "Yes.<Hm.>");
        assertParsed(R1, "Hm", "<Hm>");
        assertParsed(R1, "<thi", "<<thi>");
        assertParsed(MISTRAL, "[THINK]Hm[/THINK]Yes", "Yes<Hm>");
    }

    @Test
    void findsCallsOfHermesAndQwen() {
        String answer = """
                <think>
                x
                </think>

                Let me see.
                <tool_call>
                {"name": "f", "arguments": {"a": [1.0, "}\\""]}}
                </tool_call>
                <tool_call>{"name": "g"}</tool_call>
                """;
        assertParsed(QWEN, answer, "Let me see.<x>|f{\"a\":[1.0,\"}\\\"\"]}|g{}");
        assertParsed(
                QWEN, "<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": 1}\"}</tool_call>", "|f{\"a\":1}");
        assertParsed(QWEN, "<tool_call>[{\"name\": \"f\"}, {\"name\": \"g\"}]</tool_call> Done.", "Done.|f{}|g{}");
        assertParsed(
                QWEN,
                "<tool_call>{\"name\": \"f\", \"arguments\": {\"t\": \"</tool_call>\"}}</tool_call>",
                "|f{\"t\":\"</tool_call>\"}");
        // the model's end token in place of the tag
        assertParsed(QWEN, "<tool_call>\n{\"name\": \"f\"}\n", "|f{}");
        assertParsed(
                QWEN,
                "<tool_call>\n<function=f>\n<parameter=city>\nZürich\nWest\n</parameter>\n<parameter=days>\n2\n</parameter>\n"
                        + "</function>\n</tool_call>",
                "|f{\"city\":\"Zürich\\nWest\",\"days\":2}");
    }

    @Test
    void leavesMalformedCallsAsText() {
        for (String answer : List.of(
                "<tool_call>{\"name\": \"f\", </tool_call>",
                "<tool_call>{\"name\": 7}</tool_call>",
                "<tool_call>{\"arguments\": {}}</tool_call>",
                "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>",
                "<tool_call>{\"name\": \"f\"} and more",
                "<tool_call>f()</tool_call>",
                "<tool_call>\n<function=f><parameter=a>1</function></tool_call>",
                "<tool_call>{\"name\": \"f\"]}</tool_call>",
                "<tool_call>",
                "<tool_cal",
                "a <tool_call> b")) {
            assertParsed(QWEN, answer, answer);
        }
        assertParsed(
                QWEN, "<tool_call>{\"name\": <tool_call>{\"name\": \"f\"}</tool_call>", "<tool_call>{\"name\":|f{}");
    }

    @Test
    void findsCallsOfLlama() {
        assertParsed(LLAMA, "{\"name\": \"f\", \"parameters\": {\"a\": null}}", "|f{\"a\":null}");
        assertParsed(LLAMA, "<|python_tag|>{\"name\": \"f\", \"parameters\": {}}; {\"name\": \"g\"}", "|f{}|g{}");
        assertParsed(
                LLAMA,
                "{\"type\": \"function\", \"function\": {\"name\": \"f\", \"parameters\": {\"a\": 1}}}",
                "|f{\"a\":1}");
        assertParsed(LLAMA, "Sure.\n<|python_tag|>{\"name\": \"f\"}", "Sure.|f{}");
        for (String text : List.of(
                "{\"answer\": 42}",
                "{",
                "{\"name\": \"f\"",
                "<|python_tag|>print(1)",
                "See {\"name\": \"f\"}",
                "<|python")) {
            assertParsed(LLAMA, text, text);
        }
        assertParsed(
                PYTHONIC,
                "[f(a=1, b='it\\'s', c=[True, None, -1.5e3], d={'k': (1,)}), g()]",
                "|f{\"a\":1,\"b\":\"it's\",\"c\":[true,null,-1.5E+3],\"d\":{\"k\":[1]}}|g{}");
        assertParsed(PYTHONIC, "<|python_start|>[a.b(x=\"]\")]<|python_end|>", "|a.b{\"x\":\"]\"}");
        for (String text :
                List.of("[f(1)]", "[f(a=b)]", "[f(a=1, a=2)]", "[1, 2]", "[]", "[f(a=1)", "I [f()]", "[f(a='\\x')]")) {
            assertParsed(PYTHONIC, text, text);
        }
    }

    @Test
    void findsCallsOfMistral() {
        assertParsed(
                MISTRAL,
                "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"a\": 1}}, {\"name\": \"g\"}]",
                "|f{\"a\":1}|g{}");
        assertParsed(MISTRAL, "[{\"name\": \"f\", \"arguments\": {}}]", "|f{}");
        assertParsed(
                MISTRAL,
                "OK [TOOL_CALLS]f[ARGS]{\"a\": 1}[TOOL_CALLS]g[CALL_ID]abc123XYZ[ARGS]{}",
                "OK|f{\"a\":1}|g{}");
        assertThat(MISTRAL.parse("[TOOL_CALLS]g[CALL_ID]abc123XYZ[ARGS]{}").toolCalls())
                .containsExactly(new ToolCall("abc123XYZ", "g", "{}"));
        for (String text : List.of(
                "[TOOL_CALLS]", "[TOOL_CALLS]f[ARGS]{", "[TOOL_CALLS]f g", "[1]", "[TOOL", "[TOOL_CALLS][{}]")) {
            assertParsed(MISTRAL, text, text);
        }
    }

    @Test
    void giveNoTagsToTextModels() {
        assertParsed(OutputFormat.TEXT, "<think>a</think><tool_call>{}", "<think>a</think><tool_call>{}");
    }

    @Test
    void idsFitMistralAndDiffer() {
        List<ToolCall> calls = QWEN.parse(
                        "<tool_call>{\"name\": \"f\"}</tool_call><tool_call>{\"name\": \"f\"}</tool_call>")
                .toolCalls();
        assertThat(calls).allMatch(call -> call.id().matches("[0-9A-Za-z]{9}"));
        assertThat(calls.get(0).id()).isNotEqualTo(calls.get(1).id());
        // an id given twice is replaced
        assertThat(MISTRAL.parse("[TOOL_CALLS][{\"name\": \"f\", \"id\": \"x\"}, {\"name\": \"g\", \"id\": \"x\"}]")
                        .toolCalls())
                .extracting(ToolCall::id)
                .doesNotHaveDuplicates();
    }

    @Test
    void saysWhatItKnowsAtOnce() {
        OutputParser parser = QWEN.parser();
        assertThat(parser.write("<thi")).isEmpty();
        assertThat(parser.write("nk>\nSo")).containsExactly(new MessageDelta.Reasoning("So"));
        assertThat(parser.write("\n</")).isEmpty();
        assertThat(parser.write("think>\nA ")).containsExactly(new MessageDelta.Content("A"));
        assertThat(parser.write("b\n<tool_call>{\"name\": \"f\"}</tool_call"))
                .containsExactly(new MessageDelta.Content(" b"));
        List<MessageDelta> call = parser.write(">");
        String id = ((MessageDelta.ToolCallStarted) call.getFirst()).id();
        assertThat(call)
                .containsExactly(
                        new MessageDelta.ToolCallStarted(0, id, "f"),
                        new MessageDelta.ToolCallArguments(0, "{}"),
                        new MessageDelta.ToolCallFinished(0));
        assertThat(parser.end()).isEmpty();
        assertThatThrownBy(() -> parser.write("x")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void messagesGoBackIntoTemplates() {
        Map<String, Object> message = QWEN.parse(
                        "<think>t</think>Hi<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": 1}}</tool_call>")
                .toMessage();
        assertThat(message)
                .containsEntry("role", "assistant")
                .containsEntry("content", "Hi")
                .containsEntry("reasoning_content", "t");
        assertThat(message.get("tool_calls").toString()).contains("type=function, function={name=f, arguments={a=1}}");
    }

    /** Texts put together from what parsers look for, so that tags are cut and nested in every way. */
    @Property(tries = 3000)
    void cutsDoNotMatter(
            @ForAll @Size(max = 14) List<@net.jqwik.api.constraints.IntRange(min = 0, max = 41) Integer> parts,
            @ForAll long seed) {
        List<String> pieces = List.of(
                "<think>",
                "</think>",
                "<tool_call>",
                "</tool_call>",
                "{\"name\": \"f\"",
                ", \"arguments\": {\"a\": ",
                "}}",
                "}",
                "{",
                "[",
                "]",
                "[TOOL_CALLS]",
                "f[ARGS]",
                "[CALL_ID]x1",
                "{\"a\": 1}",
                "<|python_tag|>",
                "f(a=1)",
                "'x'",
                "\"",
                "\\",
                "\n",
                " ",
                ";",
                "text",
                "<function=f>",
                "<parameter=a>",
                "</parameter>",
                "</function>",
                "[{\"name\": \"g\"}]",
                "[THINK]",
                "[/THINK]",
                ",",
                "<|python_end|>",
                "g()",
                "<",
                "</",
                "\n\n",
                "{\"name\": \"h\"}",
                "é",
                "<|python_start|>",
                "name",
                "1");
        StringBuilder answer = new StringBuilder();
        parts.forEach(part -> answer.append(pieces.get(part)));
        Random random = new Random(seed);
        for (OutputFormat format : ALL) {
            ParsedMessage whole = format.parse(answer.toString());
            assertThat(inPieces(format, answer.toString(), random, 3))
                    .as(format.toString())
                    .isEqualTo(whole);
            assertThat(inPieces(format, answer.toString(), random, 12))
                    .as(format.toString())
                    .isEqualTo(whole);
        }
    }

    @Test
    void longAnswersTakeNoLongTime() {
        String open = "<tool_call>{\"name\": \"f\", \"arguments\": {\"text\": \"";
        String answer = open + "a b ".repeat(50_000) + "\"}}</tool_call>";
        long start = System.nanoTime();
        assertThat(inPieces(QWEN, answer, new Random(1), 8).toolCalls()).hasSize(1);
        assertThat(System.nanoTime() - start).isLessThan(20_000_000_000L);
    }
}
