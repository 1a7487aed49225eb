package dev.decanter.genai.parsers;

/**
 * Between which tags a model thinks, at the beginning of its answer. An open tag anywhere else is text.
 *
 * @param open before the reasoning
 * @param close behind it; without one, all that follows the open tag is reasoning
 * @param openInPrompt whether the open tag is the end of the prompt, so that the answer begins inside; that the model writes it
 *     all the same does no harm
 */
public record ReasoningTags(String open, String close, boolean openInPrompt) {
    /** {@code <think>…</think>}: Qwen3, Phi-4-reasoning, SmolLM3, GLM-4.5 and others. */
    public static final ReasoningTags THINK = new ReasoningTags("<think>", "</think>", false);

    /** {@code …</think>}: DeepSeek-R1, QwQ and others whose template opens the tag. */
    public static final ReasoningTags THINK_IN_PROMPT = new ReasoningTags("<think>", "</think>", true);

    /** {@code [THINK]…[/THINK]}: Mistral's Magistral. */
    public static final ReasoningTags MISTRAL = new ReasoningTags("[THINK]", "[/THINK]", false);

    /** Throws {@link IllegalArgumentException} if a tag is empty. */
    public ReasoningTags {
        if (open.isEmpty() || close.isEmpty()) {
            throw new IllegalArgumentException("the tags of reasoning must not be empty");
        }
    }
}
