package dev.decanter.genai.parsers;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a model's answers are written.
 *
 * {@snippet :
 * var format = new OutputFormat(Optional.of(ReasoningTags.THINK), ToolFormat.HERMES); // Qwen3
 * ParsedMessage message = format.parse("<think>\n…\n</think>\n\n<tool_call>…</tool_call>");
 * }
 *
 * @param reasoning where the reasoning is; empty if models of the kind do not reason
 * @param tools how tools are called
 */
public record OutputFormat(Optional<ReasoningTags> reasoning, ToolFormat tools) {
    /** Text only. */
    public static final OutputFormat TEXT = new OutputFormat(Optional.empty(), ToolFormat.NONE);

    /** Takes a complete answer apart. Never fails; see {@link OutputParser}. */
    public ParsedMessage parse(String answer) {
        OutputParser parser = parser();
        List<MessageDelta> deltas = new ArrayList<>(parser.write(answer));
        deltas.addAll(parser.end());
        return ParsedMessage.of(deltas);
    }

    /** For an answer that comes in pieces. */
    public OutputParser parser() {
        return new OutputParser(this);
    }
}
