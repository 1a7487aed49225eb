package dev.decanter.grammar.json;

import dev.decanter.grammar.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Strings: their contents, unescaped.
 *
 * @param content a regular expression
 * @param min code points at least
 * @param max code points at most, or {@link Node.Repeat#UNBOUNDED}
 * @param formats names of formats they have besides; these narrow what is written, and are left out where the exact set
 *     matters
 */
record StringSpec(Node content, int min, int max, Set<String> formats) {
    static final StringSpec ANY = new StringSpec(JsonText.ANY_CONTENT, 0, Node.Repeat.UNBOUNDED, Set.of());

    static StringSpec of(Node content) {
        return new StringSpec(content, 0, Node.Repeat.UNBOUNDED, Set.of());
    }

    static StringSpec length(int min, int max) {
        return new StringSpec(JsonText.ANY_CONTENT, min, max, Set.of());
    }

    static StringSpec format(String name) {
        return new StringSpec(JsonText.ANY_CONTENT, 0, Node.Repeat.UNBOUNDED, Set.of(name));
    }

    boolean isFree() {
        return content.equals(JsonText.ANY_CONTENT) && formats.isEmpty();
    }

    boolean isBounded() {
        return min > 0 || max != Node.Repeat.UNBOUNDED;
    }

    StringSpec and(StringSpec other) {
        int least = Math.max(min, other.min);
        int most = Math.min(max, other.max);
        Set<String> both = new TreeSet<>(formats);
        both.addAll(other.formats);
        return new StringSpec(Regular.both(content, other.content), least, most, both);
    }

    /** The contents as one expression, without the formats or with them. */
    Node expression(boolean withFormats) {
        Node all = content;
        if (withFormats) {
            for (String format : formats) {
                all = Regular.both(all, Formats.of(format));
            }
        }
        return isBounded() ? Regular.both(all, new Node.Repeat(Node.ANY, min, max)) : all;
    }

    /** Whether there is none, whatever the formats allow; or none with what of the formats is written. */
    boolean isEmpty(boolean withFormats) {
        if (min > max || content.equals(Node.NOTHING)) {
            return true;
        }
        return !(content.equals(JsonText.ANY_CONTENT) && (formats.isEmpty() || !withFormats))
                && Regular.isEmpty(expression(withFormats));
    }

    /** What this set has not, if there are no formats. */
    List<StringSpec> outside() {
        List<StringSpec> parts = new ArrayList<>();
        if (!content.equals(JsonText.ANY_CONTENT)) {
            parts.add(of(Regular.except(JsonText.ANY_CONTENT, content)));
        }
        if (min > 0) {
            parts.add(length(0, min - 1));
        }
        if (max != Node.Repeat.UNBOUNDED) {
            parts.add(length(max + 1, Node.Repeat.UNBOUNDED));
        }
        return parts;
    }
}
