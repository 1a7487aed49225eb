package dev.decanter.genai.parsers;

import java.util.List;
import java.util.Optional;

/** {@link ToolFormat#LLAMA_PYTHONIC}. */
final class PythonicScanner extends CallScanner {
    private static final String END = "<|python_end|>";

    PythonicScanner() {
        super(List.of("<|python_tag|>", "<|python_start|>"), "[");
    }

    @Override
    Scan scan(String text, int opener, boolean end) {
        int start = Texts.skipSpace(text, opener);
        if (start == text.length()) {
            return new More();
        }
        int behind = text.charAt(start) == '[' ? Texts.closed(text, start, "\"'") : -2;
        if (behind == -1) {
            return new More();
        }
        Optional<List<Call>> calls = behind < 0 ? Optional.empty() : PythonCalls.parse(text.substring(start, behind));
        if (calls.isEmpty()) {
            return new NoCall(Math.max(1, opener));
        }
        int close = Texts.skipSpace(text, behind);
        if (opener > 0 && !end && Texts.mayBecome(text, close, END)) {
            return new More();
        }
        return new Calls(calls.get(), opener > 0 && text.startsWith(END, close) ? close + END.length() : behind);
    }
}
