package dev.decanter.genai.parsers;

/** How a family of models writes calls of tools. */
public enum ToolFormat {
    /** No calls: everything is text. */
    NONE,
    /**
     * {@code <tool_call>{"name": "f", "arguments": {…}}</tool_call>}, any number of times, with text around: Hermes, Qwen 2.5 and
     * 3. Also Qwen3-Coder's {@code <tool_call><function=f><parameter=a>1</parameter></function></tool_call>}, whose values are
     * JSON if they are a number, true, false, null, a list or an object, else text.
     */
    HERMES,
    /**
     * {@code {"name": "f", "parameters": {…}}} as the whole answer, several with semicolons between them, or behind
     * {@code <|python_tag|>}: Llama 3.1 to 3.3.
     */
    LLAMA_JSON,
    /**
     * {@code [f(a=1, b="x"), g()]} as the whole answer, or behind {@code <|python_tag|>} or {@code <|python_start|>}: Llama 3.2 and
     * 4. Values are Python's literals.
     */
    LLAMA_PYTHONIC,
    /**
     * {@code [TOOL_CALLS][{"name": "f", "arguments": {…}}]}, or {@code [TOOL_CALLS]f[ARGS]{…}} any number of times, with
     * {@code [CALL_ID]…} if the model gives ids: Mistral. The list is also known by itself, as the whole answer, since
     * detokenizers leave special tokens out; the other form needs them.
     */
    MISTRAL
}
