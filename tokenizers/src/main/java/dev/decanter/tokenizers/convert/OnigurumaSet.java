package dev.decanter.tokenizers.convert;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A bracketed set of an Oniguruma pattern, which may contain sets and intersections, as a PCRE2 expression for one character. */
final class OnigurumaSet {
    private static final Map<String, String> POSIX = Map.ofEntries(
            Map.entry("alpha", "\\p{Alphabetic}"),
            Map.entry("alnum", "\\p{Alphabetic}\\p{Nd}"),
            Map.entry("ascii", "\\x{0}-\\x{7F}"),
            Map.entry("blank", "\\p{Zs}\\t"),
            Map.entry("cntrl", "\\p{Cc}"),
            Map.entry("digit", "\\p{Nd}"),
            Map.entry("lower", "\\p{Lowercase}"),
            Map.entry("punct", "\\p{P}\\p{S}"),
            Map.entry("space", "\\s"),
            Map.entry("upper", "\\p{Uppercase}"),
            Map.entry("word", CharClasses.RUBY_SET_WORD),
            Map.entry("xdigit", "0-9A-Fa-f"));

    private final StringBuilder members = new StringBuilder();
    private final List<String> others = new ArrayList<>();

    /** Adds members in PCRE2's syntax. */
    void add(String text) {
        members.append(text);
    }

    void addRange(int first, int last) {
        members.append(literal(first)).append('-').append(literal(last));
    }

    void add(int point) {
        members.append(literal(point));
    }

    /** Adds what an expression for one character matches. */
    void addExpression(String expression) {
        others.add(expression);
    }

    /** Adds another set, whole. */
    void add(OnigurumaSet inner, boolean negated) {
        if (negated || !inner.others.isEmpty()) {
            others.add(inner.expression(negated));
        } else {
            members.append(inner.members);
        }
    }

    /** Adds {@code [:name:]}; false if there is no such class. */
    boolean addPosix(String name, boolean negated) {
        String set = POSIX.get(name.toLowerCase(Locale.ROOT));
        if (set != null) {
            if (negated) {
                others.add("[^" + set + "]");
            } else {
                members.append(set);
            }
        }
        return set != null;
    }

    private static String literal(int point) {
        int control = "\n\r\t\f".indexOf(point);
        if (control >= 0) {
            return "\\" + "nrtf".charAt(control);
        }
        if (point < 0x20 || (point >= 0x7F && point < 0xA0)) {
            return "\\x{" + Integer.toHexString(point).toUpperCase(Locale.ROOT) + "}";
        }
        return ("[]^-&\\".indexOf(point) >= 0 ? "\\" : "") + Character.toString(point);
    }

    /** An expression that matches one character of the set, or one outside it. */
    String expression(boolean negated) {
        if (others.isEmpty()) {
            return members.isEmpty() ? (negated ? "[\\s\\S]" : "(?!)") : (negated ? "[^" : "[") + members + "]";
        }
        List<String> all = new ArrayList<>(others);
        if (!members.isEmpty()) {
            all.addFirst("[" + members + "]");
        }
        String any = all.size() == 1 ? all.getFirst() : "(?:" + String.join("|", all) + ")";
        return negated ? "(?:(?!" + any + ")[\\s\\S])" : any;
    }

    /** As {@link #expression}; a lone property without brackets. */
    String atom(boolean negated) {
        String property = members.toString();
        boolean lone = property.startsWith("\\p{") && property.indexOf('}') == property.length() - 1;
        return lone ? (negated ? "\\P" : "\\p") + property.substring(2) : expression(negated);
    }

    /** The characters that are in all of several sets. */
    static OnigurumaSet intersection(List<OnigurumaSet> sets) {
        StringBuilder all = new StringBuilder("(?:");
        for (OnigurumaSet set : sets.subList(0, sets.size() - 1)) {
            all.append("(?=").append(set.expression(false)).append(')');
        }
        OnigurumaSet result = new OnigurumaSet();
        result.others.add(
                all.append(sets.getLast().expression(false)).append(')').toString());
        return result;
    }
}
