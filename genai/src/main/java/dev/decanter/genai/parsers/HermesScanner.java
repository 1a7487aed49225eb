package dev.decanter.genai.parsers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@link ToolFormat#HERMES}. */
final class HermesScanner extends CallScanner {
    private static final String OPEN = "<tool_call>";
    private static final String CLOSE = "</tool_call>";
    private static final String FUNCTION = "<function=";
    private static final String FUNCTION_END = "</function>";
    private static final Pattern HEAD = Pattern.compile("<function=([^>\\s]+)>\\s*");
    private static final Pattern PARAMETER =
            Pattern.compile("<parameter=([^>\\s]+)>\\n?(.*?)\\n?</parameter>\\s*", Pattern.DOTALL);

    HermesScanner() {
        super(List.of(OPEN), "");
    }

    @Override
    Scan scan(String text, int opener, boolean end) {
        int start = Texts.skipSpace(text, opener);
        if (Texts.mayBecome(text, start, FUNCTION)) {
            return new More();
        }
        boolean xml = text.startsWith(FUNCTION, start);
        if (!xml && text.charAt(start) != '{' && text.charAt(start) != '[') {
            return new NoCall(opener);
        }
        int behind;
        if (xml) {
            int tag = text.indexOf(FUNCTION_END, start);
            behind = tag < 0 ? -1 : tag + FUNCTION_END.length();
        } else {
            behind = Texts.closed(text, start, "\"");
        }
        if (behind == -1) {
            return new More();
        }
        int close = behind < 0 ? 0 : Texts.skipSpace(text, behind);
        boolean closed = behind > 0 && text.startsWith(CLOSE, close);
        // the end-of-sequence token may stand in place of the tag
        boolean ended = behind > 0 && end && close == text.length();
        if (!closed && !ended) {
            return behind > 0 && Texts.mayBecome(text, close, CLOSE) ? new More() : new NoCall(opener);
        }
        String body = text.substring(start, behind);
        List<Call> calls = xml ? function(body) : JsonCalls.calls(body);
        int length = closed ? close + CLOSE.length() : close;
        return calls.isEmpty() ? new NoCall(length) : new Calls(calls, length);
    }

    private static List<Call> function(String body) {
        Matcher head = HEAD.matcher(body);
        if (!head.lookingAt()) {
            return List.of();
        }
        ObjectNode arguments = JsonCalls.MAPPER.createObjectNode();
        Matcher parameter = PARAMETER.matcher(body).region(head.end(), body.length() - FUNCTION_END.length());
        while (parameter.lookingAt()) {
            arguments.set(parameter.group(1), value(parameter.group(2)));
            parameter.region(parameter.end(), body.length() - FUNCTION_END.length());
        }
        boolean whole = parameter.regionStart() == parameter.regionEnd();
        return whole ? List.of(new Call(Optional.empty(), head.group(1), arguments.toString())) : List.of();
    }

    private static JsonNode value(String text) {
        return JsonCalls.json(text)
                .filter(node -> !node.isTextual())
                .orElseGet(() -> JsonCalls.MAPPER.getNodeFactory().textNode(text));
    }
}
