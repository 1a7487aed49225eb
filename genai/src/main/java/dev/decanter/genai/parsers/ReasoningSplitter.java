package dev.decanter.genai.parsers;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Finds the reasoning at the beginning of an answer. */
final class ReasoningSplitter {
    private static final ReasoningTags NO_TAGS = ReasoningTags.THINK;

    private final ReasoningTags tags;
    private final StringBuilder held = new StringBuilder();
    private State state;
    /** Whether some reasoning was given out, so that line breaks are in it and not before it. */
    private boolean begun;

    private enum State {
        /** Perhaps the open tag. */
        BEFORE,
        INSIDE,
        /** Line breaks behind the close tag. */
        BEHIND,
        CONTENT
    }

    ReasoningSplitter(Optional<ReasoningTags> tags) {
        this.tags = tags.orElse(NO_TAGS);
        this.state = tags.isEmpty() ? State.CONTENT : State.BEFORE;
    }

    void write(String text, List<MessageDelta> deltas, Consumer<String> content) {
        held.append(text);
        boolean more = true;
        while (more) {
            more = switch (state) {
                case BEFORE -> before();
                case INSIDE -> inside(deltas);
                case BEHIND -> behind();
                case CONTENT -> {
                    flush(content);
                    yield false;
                }
            };
        }
    }

    /** Each step says whether the next may go on at once. */
    private boolean before() {
        String text = held.toString();
        int start = 0;
        while (start < text.length() && Character.isWhitespace(text.charAt(start))) {
            start++;
        }
        if (text.startsWith(tags.open(), start)) {
            held.delete(0, start + tags.open().length());
            state = State.INSIDE;
            return true;
        }
        if (tags.open().startsWith(text.substring(start))) {
            return false;
        }
        state = tags.openInPrompt() ? State.INSIDE : State.CONTENT;
        return true;
    }

    private boolean inside(List<MessageDelta> deltas) {
        String text = held.toString();
        int close = text.indexOf(tags.close());
        int end = close >= 0 ? close : text.length() - Texts.beginning(text, tags.close());
        int last = end;
        while (last > 0 && isLineBreak(text.charAt(last - 1))) {
            last--;
        }
        reason(text.substring(0, last), deltas);
        if (close >= 0) {
            held.delete(0, close + tags.close().length());
            state = State.BEHIND;
            return true;
        }
        held.delete(0, last);
        return false;
    }

    private void reason(String text, List<MessageDelta> deltas) {
        int start = 0;
        while (!begun && start < text.length() && isLineBreak(text.charAt(start))) {
            start++;
        }
        if (start < text.length()) {
            begun = true;
            deltas.add(new MessageDelta.Reasoning(text.substring(start)));
        }
    }

    private boolean behind() {
        int start = 0;
        while (start < held.length() && isLineBreak(held.charAt(start))) {
            start++;
        }
        held.delete(0, start);
        if (held.isEmpty()) {
            return false;
        }
        state = State.CONTENT;
        return true;
    }

    private void flush(Consumer<String> content) {
        if (!held.isEmpty()) {
            content.accept(held.toString());
            held.setLength(0);
        }
    }

    private static boolean isLineBreak(char c) {
        return c == '\n' || c == '\r';
    }

    void end(List<MessageDelta> deltas, Consumer<String> content) {
        if (state == State.BEFORE && tags.openInPrompt()) {
            state = State.INSIDE;
        }
        if (state == State.INSIDE) {
            int last = held.length();
            while (last > 0 && isLineBreak(held.charAt(last - 1))) {
                last--;
            }
            reason(held.substring(0, last), deltas);
        } else {
            flush(content);
        }
    }
}
