package dev.decanter.genai;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * The text of one answer as its tokens come, up to a stop string. What the methods return piece by piece is together the text
 * of the result, whatever the tokens are.
 */
final class Answer {
    private final Supplier<TextStream> streams;
    private final TextStream stream;
    private final StopText stop;
    private final StringBuilder text = new StringBuilder();
    private final List<Long> ids = new ArrayList<>();
    /** For each token, how much text there was after it, what is held back or cut off included. */
    private final List<Integer> ends = new ArrayList<>();

    private int decoded;
    private int echoed;

    /**
     * An answer without text so far.
     *
     * @param streams makes streams that begin a text
     */
    Answer(GenerationConfig config, Supplier<TextStream> streams) {
        this(streams, streams.get(), new StopText(config.stopStrings(), config.includeStopString()));
    }

    private Answer(Supplier<TextStream> streams, TextStream stream, StopText stop) {
        this.streams = streams;
        this.stream = stream;
        this.stop = stop;
    }

    /** The same answer so far, which can go on otherwise. */
    Answer copy() {
        Answer copy = new Answer(streams, stream.copy(), stop.copy());
        copy.text.append(text);
        copy.ids.addAll(ids);
        copy.ends.addAll(ends);
        copy.decoded = decoded;
        copy.echoed = echoed;
        return copy;
    }

    /** Puts the prompt before the answer; stop strings are not looked for in it. Returns its text. */
    String echo(long[] prompt) {
        StringBuilder all = new StringBuilder();
        for (long token : prompt) {
            all.append(decode(token));
        }
        echoed = prompt.length;
        text.append(all);
        return all.toString();
    }

    /** Takes the next token; returns the text that is certain with it. */
    String push(long token) {
        String piece = stop.push(decode(token));
        text.append(piece);
        return piece;
    }

    private String decode(long token) {
        String piece = stream.push(token);
        decoded += piece.length();
        ids.add(token);
        ends.add(decoded);
        return piece;
    }

    /** Whether a stop string has come, which ends the answer. */
    boolean stopped() {
        return stop.found();
    }

    /** Ends the answer; returns the text that was held back. */
    String flush() {
        String rest = stop.push(stream.flush()) + stop.flush();
        text.append(rest);
        return rest;
    }

    /** The text so far. */
    String text() {
        return text.toString();
    }

    /** How many tokens of the prompt come first. */
    int echoed() {
        return echoed;
    }

    /**
     * The tokens of the text: all, or with a stop string the fewest whose text is the answer's or begins with it.
     */
    List<Long> ids() {
        if (!stop.found()) {
            return ids;
        }
        int count = echoed;
        while (count < ids.size() && (count == 0 ? 0 : ends.get(count - 1)) < text.length()) {
            count++;
        }
        // a token may have been decoded only with the next, whose text is cut off
        while (count > echoed && decoded(count - 1).startsWith(text.toString())) {
            count--;
        }
        return ids.subList(0, count);
    }

    private String decoded(int count) {
        TextStream again = streams.get();
        StringBuilder all = new StringBuilder();
        ids.subList(0, count).forEach(id -> all.append(again.push(id)));
        return all.append(again.flush()).toString();
    }
}
