package dev.decanter.genai.parsers;

import java.util.List;
import java.util.Optional;

/** Knows one way of writing calls. */
abstract class CallScanner {
    /** A call as the model wrote it, with the arguments as JSON. */
    record Call(Optional<String> id, String name, String arguments) {}

    /** What stands at a place that looks like a call. */
    sealed interface Scan {}

    /** It is not known yet. */
    record More() implements Scan {}

    /** So many characters are text. */
    record NoCall(int length) implements Scan {}

    /** So many characters are calls. */
    record Calls(List<Call> calls, int length) implements Scan {}

    private final List<String> openers;
    /** Characters with which an answer that is nothing but calls begins. */
    private final String bare;

    CallScanner(List<String> openers, String bare) {
        this.openers = openers;
        this.bare = bare;
    }

    static CallScanner of(ToolFormat format) {
        return switch (format) {
            case NONE -> new NoScanner();
            case HERMES -> new HermesScanner();
            case LLAMA_JSON -> new LlamaJsonScanner();
            case LLAMA_PYTHONIC -> new PythonicScanner();
            case MISTRAL -> new MistralScanner();
        };
    }

    /** Where a call may begin, or its tag may begin to begin; the text's length if nowhere. */
    final int candidate(String text, boolean atBeginning, boolean end) {
        int first = Texts.skipSpace(text, 0);
        if (atBeginning && first < text.length() && bare.indexOf(text.charAt(first)) >= 0) {
            return first;
        }
        int best = text.length();
        for (String opener : openers) {
            int at = text.indexOf(opener);
            if (at < 0 && !end) {
                at = text.length() - Texts.beginning(text, opener);
            }
            best = at >= 0 ? Math.min(best, at) : best;
        }
        return best;
    }

    /** Whether the text, which is a candidate, has its opening tag complete. */
    final boolean opened(String text) {
        return bare.indexOf(text.charAt(0)) >= 0 || openers.stream().anyMatch(text::startsWith);
    }

    /** The length of the opening tag at the beginning, 0 if it is a bare call, −1 if the tag is not complete. */
    final int openerLength(String text) {
        for (String opener : openers) {
            if (text.startsWith(opener)) {
                return opener.length();
            }
        }
        return openers.stream().anyMatch(opener -> opener.startsWith(text)) ? -1 : 0;
    }

    /**
     * Reads a candidate.
     *
     * @param end whether the answer ends behind the text; then the result is never {@link More}
     */
    final Scan scan(String text, boolean end) {
        int opener = openerLength(text);
        if (opener < 0) {
            return end ? new NoCall(text.length()) : new More();
        }
        Scan scan = scan(text, opener, end);
        // nothing of what looked like calls can be a part of later ones but what is behind the tag
        return scan instanceof More && end ? new NoCall(Math.max(1, opener)) : scan;
    }

    /** As {@link #scan(String, boolean)}, behind the opening tag of the given length. */
    abstract Scan scan(String text, int opener, boolean end);

    /** Nothing is a call. */
    private static final class NoScanner extends CallScanner {
        NoScanner() {
            super(List.of(), "");
        }

        @Override
        Scan scan(String text, int opener, boolean end) {
            return new NoCall(text.length());
        }
    }
}
