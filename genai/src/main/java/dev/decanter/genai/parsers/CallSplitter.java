package dev.decanter.genai.parsers;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Finds calls in the text behind the reasoning. */
final class CallSplitter {
    private static final String LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static final int ID_LENGTH = 9;

    private final CallScanner scanner;
    private final StringBuilder held = new StringBuilder();
    /** White space that is text only if text follows. */
    private final StringBuilder gap = new StringBuilder();

    private final Set<String> ids = new HashSet<>();
    private int count;
    private boolean anyText;
    private boolean callLast;
    private boolean insideCall;

    CallSplitter(CallScanner scanner) {
        this.scanner = scanner;
    }

    void write(String text, List<MessageDelta> deltas) {
        held.append(text);
        // a call is not complete without a closing bracket; so long ones are not read again for each piece
        boolean closes = text.chars().anyMatch(c -> "}])>;".indexOf(c) >= 0);
        if (!insideCall || closes) {
            run(false, deltas);
        }
    }

    void end(List<MessageDelta> deltas) {
        run(true, deltas);
        if (!callLast && !gap.isEmpty()) {
            deltas.add(new MessageDelta.Content(gap.toString()));
        }
    }

    private void run(boolean end, List<MessageDelta> deltas) {
        insideCall = false;
        while (!held.isEmpty()) {
            String text = held.toString();
            int start = scanner.candidate(text, !anyText && count == 0, end);
            text(text.substring(0, start), deltas);
            held.delete(0, start);
            if (start == text.length()) {
                return;
            }
            String candidate = text.substring(start);
            switch (scanner.scan(candidate, end)) {
                case CallScanner.More _ -> {
                    insideCall = scanner.opened(candidate);
                    return;
                }
                case CallScanner.NoCall(int length) -> {
                    text(candidate.substring(0, length), deltas);
                    held.delete(0, length);
                }
                case CallScanner.Calls(List<CallScanner.Call> calls, int length) -> {
                    gap.setLength(0);
                    calls.forEach(call -> call(call, deltas));
                    held.delete(0, length);
                }
            }
        }
    }

    private void text(String text, List<MessageDelta> deltas) {
        int last = text.length();
        while (last > 0 && Character.isWhitespace(text.charAt(last - 1))) {
            last--;
        }
        String ending = text.substring(last);
        if (last > 0) {
            String said = gap + text.substring(0, last);
            // between calls and the first words behind them white space means nothing
            deltas.add(new MessageDelta.Content(anyText || !callLast ? said : said.stripLeading()));
            gap.setLength(0);
            anyText = true;
            callLast = false;
        }
        gap.append(ending);
    }

    private void call(CallScanner.Call call, List<MessageDelta> deltas) {
        int index = count++;
        String id = call.id().filter(ids::add).orElseGet(() -> id(index, call));
        deltas.add(new MessageDelta.ToolCallStarted(index, id, call.name()));
        deltas.add(new MessageDelta.ToolCallArguments(index, call.arguments()));
        deltas.add(new MessageDelta.ToolCallFinished(index));
        callLast = true;
    }

    /** Nine letters and digits, which is what Mistral's templates insist on. */
    private String id(int index, CallScanner.Call call) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest((index + " " + call.name() + " " + call.arguments()).getBytes(StandardCharsets.UTF_8));
            StringBuilder id = new StringBuilder();
            for (int i = 0; i < ID_LENGTH; i++) {
                id.append(LETTERS.charAt((hash[i] & 0xff) % LETTERS.length()));
            }
            ids.add(id.toString());
            return id.toString();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
