package dev.decanter.genai;

import java.util.Set;

/**
 * Looks for stop strings in text that comes in pieces. Of several the one counts that is complete first, and of those the
 * longest, so that the pieces do not matter. Text that may be the beginning of a stop string is held back until it is known
 * not to be one.
 */
final class StopText {
    private final Set<String> stops;
    private final boolean include;
    private final StringBuilder held = new StringBuilder();
    private boolean found;

    StopText(Set<String> stops, boolean include) {
        this.stops = stops;
        this.include = include;
    }

    /** The same so far, for a text that goes on otherwise. */
    StopText copy() {
        StopText copy = new StopText(stops, include);
        copy.held.append(held);
        copy.found = found;
        return copy;
    }

    /** Whether a stop string has come; what comes later is ignored. */
    boolean found() {
        return found;
    }

    /** Takes a piece; returns the text that is certain with it. */
    String push(String piece) {
        if (found) {
            return "";
        }
        if (stops.isEmpty()) {
            return piece;
        }
        held.append(piece);
        int start = held.length();
        int end = Integer.MAX_VALUE;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            int behind = at + stop.length();
            if (at >= 0 && (behind < end || (behind == end && at < start))) {
                start = at;
                end = behind;
                found = true;
            }
        }
        return take(found ? (include ? end : start) : held.length() - openEnd());
    }

    /** The text that was held back; nothing can follow that would make it a stop string. */
    String flush() {
        return found ? "" : take(held.length());
    }

    private String take(int length) {
        String text = held.substring(0, length);
        held.delete(0, length);
        return text;
    }

    /** Length of the longest end of the text with which a stop string begins. */
    private int openEnd() {
        int longest = 0;
        for (String stop : stops) {
            int most = Math.min(stop.length() - 1, held.length());
            for (int length = most; length > longest; length--) {
                if (stop.startsWith(held.substring(held.length() - length))) {
                    longest = length;
                }
            }
        }
        return longest;
    }
}
