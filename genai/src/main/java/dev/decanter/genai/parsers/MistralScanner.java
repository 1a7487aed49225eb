package dev.decanter.genai.parsers;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@link ToolFormat#MISTRAL}. */
final class MistralScanner extends CallScanner {
    private static final Pattern HEAD =
            Pattern.compile("([\\w.-]+)\\s*(?:\\[CALL_ID\\]([\\w-]+)\\s*)?(?:\\[ARGS\\]\\s*)?(?=\\{)");
    /** What a head looks like before it is complete. */
    private static final Pattern PART =
            Pattern.compile("[\\w.-]*\\s*(?:\\[[A-Z_]*(?:\\][\\w-]*\\s*(?:\\[[A-Z]*(?:\\]\\s*)?)?)?)?");

    MistralScanner() {
        super(List.of("[TOOL_CALLS]"), "[");
    }

    @Override
    Scan scan(String text, int opener, boolean end) {
        int start = Texts.skipSpace(text, opener);
        if (start == text.length()) {
            return new More();
        }
        if (text.charAt(start) == '[') {
            int behind = Texts.closed(text, start, "\"");
            if (behind == -1) {
                return new More();
            }
            List<Call> calls = behind < 0 ? List.of() : JsonCalls.calls(text.substring(start, behind));
            return calls.isEmpty() ? new NoCall(Math.max(1, opener)) : new Calls(calls, behind);
        }
        Matcher head = HEAD.matcher(text).region(start, text.length());
        if (opener == 0 || !head.lookingAt()) {
            boolean part = PART.matcher(text).region(start, text.length()).matches();
            return part && opener > 0 ? new More() : new NoCall(Math.max(1, opener));
        }
        int behind = Texts.closed(text, head.end(), "\"");
        if (behind == -1) {
            return new More();
        }
        Optional<String> arguments = behind < 0
                ? Optional.empty()
                : JsonCalls.json(text.substring(head.end(), behind)).map(Object::toString);
        return arguments.isEmpty()
                ? new NoCall(opener)
                : new Calls(
                        List.of(new Call(Optional.ofNullable(head.group(2)), head.group(1), arguments.get())), behind);
    }
}
