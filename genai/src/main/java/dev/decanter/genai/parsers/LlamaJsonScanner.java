package dev.decanter.genai.parsers;

import java.util.ArrayList;
import java.util.List;

/** {@link ToolFormat#LLAMA_JSON}. */
final class LlamaJsonScanner extends CallScanner {
    LlamaJsonScanner() {
        super(List.of("<|python_tag|>"), "{");
    }

    @Override
    Scan scan(String text, int opener, boolean end) {
        List<Call> calls = new ArrayList<>();
        int length = 0;
        int start = Texts.skipSpace(text, opener);
        while (start < text.length() && text.charAt(start) == '{') {
            int behind = Texts.closed(text, start, "\"");
            if (behind == -1 && !end) {
                return new More();
            }
            List<Call> some = behind < 0 ? List.of() : JsonCalls.calls(text.substring(start, behind));
            if (some.isEmpty()) {
                return ended(calls, length, opener);
            }
            calls.addAll(some);
            length = behind;
            int next = Texts.skipSpace(text, behind);
            if (next == text.length() && !end) {
                // a semicolon and another call may follow
                return new More();
            }
            boolean another = next < text.length() && text.charAt(next) == ';';
            start = another ? Texts.skipSpace(text, next + 1) : text.length();
            if (another && start == text.length()) {
                length = end ? next + 1 : length;
                if (!end) {
                    return new More();
                }
            }
        }
        return start == text.length() && calls.isEmpty() && !end ? new More() : ended(calls, length, opener);
    }

    private static Scan ended(List<Call> calls, int length, int opener) {
        return calls.isEmpty() ? new NoCall(Math.max(1, opener)) : new Calls(calls, length);
    }
}
