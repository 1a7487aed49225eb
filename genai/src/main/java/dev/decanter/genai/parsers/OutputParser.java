package dev.decanter.genai.parsers;

import java.util.ArrayList;
import java.util.List;

/**
 * Takes an answer apart while it is written, for one answer and one thread. However the answer is cut into pieces, the deltas put
 * together are the same.
 *
 * <p>Line breaks around the reasoning, and white space around calls, belong to neither and are left out. What begins like a call
 * but is none, because it is malformed or never ends, is text as the model wrote it. A delta comes as soon as it is known what
 * it is: text waits while it may be the beginning of a tag, and a call until it is complete.
 */
public final class OutputParser {
    private final ReasoningSplitter reasoning;
    private final CallSplitter calls;
    private boolean ended;

    OutputParser(OutputFormat format) {
        this.calls = new CallSplitter(CallScanner.of(format.tools()));
        this.reasoning = new ReasoningSplitter(format.reasoning());
    }

    /**
     * The next piece of the answer.
     *
     * @throws IllegalStateException behind {@link #end}
     */
    public List<MessageDelta> write(String text) {
        requireOpen();
        List<MessageDelta> deltas = new ArrayList<>();
        reasoning.write(text, deltas, content -> calls.write(content, deltas));
        return joined(deltas);
    }

    /**
     * The answer is complete.
     *
     * @throws IllegalStateException the second time
     */
    public List<MessageDelta> end() {
        requireOpen();
        ended = true;
        List<MessageDelta> deltas = new ArrayList<>();
        reasoning.end(deltas, content -> calls.write(content, deltas));
        calls.end(deltas);
        return joined(deltas);
    }

    private void requireOpen() {
        if (ended) {
            throw new IllegalStateException("the answer has ended; make a new parser for the next");
        }
    }

    private static List<MessageDelta> joined(List<MessageDelta> deltas) {
        List<MessageDelta> joined = new ArrayList<>();
        for (MessageDelta delta : deltas) {
            MessageDelta last = joined.isEmpty() ? null : joined.getLast();
            if (delta instanceof MessageDelta.Content(String more)
                    && last instanceof MessageDelta.Content(String text)) {
                joined.set(joined.size() - 1, new MessageDelta.Content(text + more));
            } else if (delta instanceof MessageDelta.Reasoning(String more)
                    && last instanceof MessageDelta.Reasoning(String text)) {
                joined.set(joined.size() - 1, new MessageDelta.Reasoning(text + more));
            } else {
                joined.add(delta);
            }
        }
        return joined;
    }
}
