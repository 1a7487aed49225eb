package dev.decanter.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;

/** What Python knows about the characters of a string: classes, cases, white space. */
final class PythonStrings {
    /** What {@code \s} matches and {@code str.strip} takes away, as a class of a regular expression. */
    static final String SPACE_CLASS =
            "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";

    private static final String NUMERALS = "〇零一二三四五六七八九十百千万億亿兆壹贰叁肆伍陆柒捌玖拾佰仟";

    private PythonStrings() {}

    static boolean isSpace(int c) {
        return (c >= 0x09 && c <= 0x0d)
                || (c >= 0x1c && c <= 0x20)
                || c == 0x85
                || c == 0xa0
                || c == 0x1680
                || (c >= 0x2000 && c <= 0x200a)
                || c == 0x2028
                || c == 0x2029
                || c == 0x202f
                || c == 0x205f
                || c == 0x3000;
    }

    /** Whether {@code repr} shows a character as it is. */
    static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
    }

    static boolean isDigit(int c) {
        boolean superscript = c == 0xb9 || c == 0xb2 || c == 0xb3 || c == 0x2070 || (c >= 0x2074 && c <= 0x2079);
        boolean circled = (c >= 0x2460 && c <= 0x2468) || (c >= 0x2776 && c <= 0x277e);
        return Character.isDigit(c) || superscript || circled || (c >= 0x2080 && c <= 0x2089);
    }

    static boolean isNumeric(int c) {
        int type = Character.getType(c);
        return Character.isDigit(c)
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER
                || NUMERALS.indexOf(c) >= 0;
    }

    static boolean isAlphanumeric(int c) {
        return Character.isLetter(c) || isNumeric(c);
    }

    private static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    static boolean all(String text, IntPredicate test) {
        return !text.isEmpty() && text.codePoints().allMatch(test);
    }

    static boolean isLower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    static boolean isTitle(String text) {
        boolean inside = false;
        boolean found = false;
        for (int c : text.codePoints().toArray()) {
            boolean upper = Character.isUpperCase(c) || Character.isTitleCase(c);
            if (upper == inside && isCased(c)) {
                return false;
            }
            inside = isCased(c);
            found |= inside;
        }
        return found;
    }

    static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    private static String titled(int c) {
        if (Character.isTitleCase(c) || Character.toTitleCase(c) != c) {
            return Character.toString(Character.toTitleCase(c));
        }
        // characters without a title case of their own, such as ligatures, have one of several characters
        String upper = upper(Character.toString(c));
        int first = upper.offsetByCodePoints(0, 1);
        return upper.substring(0, first) + lower(upper.substring(first));
    }

    /** Python's {@code str.title}: words are runs of cased characters. */
    static String title(String text) {
        StringBuilder out = new StringBuilder();
        boolean inside = false;
        for (int c : text.codePoints().toArray()) {
            if (inside) {
                out.appendCodePoint(Character.toLowerCase(c));
            } else {
                out.append(titled(c));
            }
            inside = isCased(c);
        }
        return out.toString();
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.offsetByCodePoints(0, 1);
        return titled(text.codePointAt(0))
                + lower(text).substring(lower(text.substring(0, first)).length());
    }

    static String swapCase(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> {
            String one = Character.toString(c);
            out.append(Character.isUpperCase(c) ? lower(one) : Character.isLowerCase(c) ? upper(one) : one);
        });
        return out.toString();
    }

    /** Unicode's full folding, reached through upper case, which folds what lower case keeps apart. */
    static String foldCase(String text) {
        StringBuilder out = new StringBuilder();
        upper(text).codePoints().forEach(c -> out.appendCodePoint(Character.toLowerCase(c)));
        return out.toString();
    }

    static String strip(String text, boolean left, boolean right) {
        return strip(text, PythonStrings::isSpace, left, right);
    }

    static String strip(String text, IntPredicate out, boolean left, boolean right) {
        int start = 0;
        int end = text.length();
        while (left && start < end && out.test(text.codePointAt(start))) {
            start += Character.charCount(text.codePointAt(start));
        }
        while (right && end > start && out.test(text.codePointBefore(end))) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(start, end);
    }

    /** Splits at white space, at most {@code most} times if that is not negative. */
    static List<String> splitSpaces(String text, int most) {
        List<String> parts = new ArrayList<>();
        String rest = strip(text, true, false);
        while (!rest.isEmpty()) {
            if (most >= 0 && parts.size() == most) {
                parts.add(strip(rest, false, true));
                return parts;
            }
            int end = 0;
            while (end < rest.length() && !isSpace(rest.charAt(end))) {
                end++;
            }
            parts.add(rest.substring(0, end));
            int next = end;
            while (next < rest.length() && isSpace(rest.charAt(next))) {
                next++;
            }
            rest = rest.substring(next);
        }
        return parts;
    }

    /** As {@link #splitSpaces}, from the end. */
    static List<String> splitSpacesFromEnd(String text, int most) {
        List<String> parts = new ArrayList<>();
        String rest = strip(text, false, true);
        while (!rest.isEmpty()) {
            if (most >= 0 && parts.size() == most) {
                parts.add(strip(rest, true, false));
                break;
            }
            int start = rest.length();
            while (start > 0 && !isSpace(rest.charAt(start - 1))) {
                start--;
            }
            parts.add(rest.substring(start));
            rest = strip(rest.substring(0, start), false, true);
        }
        Collections.reverse(parts);
        return parts;
    }

    static List<String> splitLines(String text, boolean keepEnds) {
        List<String> lines = new ArrayList<>();
        int start = 0;
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at++);
            boolean ends =
                    (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
            if (ends) {
                int end = at - 1;
                at += c == '\r' && at < text.length() && text.charAt(at) == '\n' ? 1 : 0;
                lines.add(text.substring(start, keepEnds ? at : end));
                start = at;
            }
        }
        if (start < text.length()) {
            lines.add(text.substring(start));
        }
        return lines;
    }
}
