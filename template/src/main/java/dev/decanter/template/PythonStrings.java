package dev.decanter.template;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** The methods of Python's {@code str} that templates use. */
final class PythonStrings {
    private static final Set<String> METHODS = Set.of(
            "strip",
            "lstrip",
            "rstrip",
            "startswith",
            "endswith",
            "split",
            "rsplit",
            "splitlines",
            "join",
            "replace",
            "upper",
            "lower",
            "title",
            "capitalize",
            "find",
            "rfind",
            "index",
            "count",
            "isdigit",
            "isnumeric",
            "isdecimal",
            "isalpha",
            "isalnum",
            "isspace",
            "isupper",
            "islower",
            "removeprefix",
            "removesuffix");

    private PythonStrings() {}

    static Object call(String text, String method, Arguments arguments) {
        return switch (method) {
            case "strip" -> strip(text, arguments, true, true);
            case "lstrip" -> strip(text, arguments, true, false);
            case "rstrip" -> strip(text, arguments, false, true);
            case "startswith" -> any(arguments.get(0, "prefix"), text::startsWith);
            case "endswith" -> any(arguments.get(0, "suffix"), text::endsWith);
            case "split" -> split(text, arguments);
            case "rsplit" -> rsplit(text, arguments);
            case "splitlines" -> new ArrayList<Object>(text.lines().toList());
            case "join" -> join(text, arguments);
            case "replace" -> replace(text, arguments);
            case "upper" -> text.toUpperCase(Locale.ROOT);
            case "lower" -> text.toLowerCase(Locale.ROOT);
            case "title" -> title(text);
            case "capitalize" -> capitalize(text);
            case "find" -> (long) text.indexOf(arguments.text(0, "sub"));
            case "rfind" -> (long) text.lastIndexOf(arguments.text(0, "sub"));
            case "index" -> index(text, arguments.text(0, "sub"));
            case "count" -> (long) count(text, arguments.text(0, "sub"));
            case "isdigit", "isnumeric", "isdecimal" -> all(text, Character::isDigit);
            case "isalpha" -> all(text, Character::isLetter);
            case "isalnum" -> all(text, Character::isLetterOrDigit);
            case "isspace" -> all(text, PythonStrings::isSpace);
            case "isupper" -> text.equals(text.toUpperCase(Locale.ROOT)) && !text.equals(text.toLowerCase(Locale.ROOT));
            case "islower" -> text.equals(text.toLowerCase(Locale.ROOT)) && !text.equals(text.toUpperCase(Locale.ROOT));
            case "removeprefix" -> removePrefix(text, arguments.text(0, "prefix"));
            case "removesuffix" -> removeSuffix(text, arguments.text(0, "suffix"));
            default -> throw new TemplateError("strings have no method " + method);
        };
    }

    /** Whether {@link #call} knows a method. */
    static boolean has(String method) {
        return METHODS.contains(method);
    }

    private static String string(@Nullable Object item) {
        if (item instanceof String text) {
            return text;
        }
        throw new TemplateError("join needs strings, not " + Operators.typeName(item));
    }

    /** What {@code str.strip} takes for white space; unlike {@link Character#isWhitespace}, no-break spaces count. */
    private static boolean isSpace(int c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
    }

    private static String strip(String text, Arguments arguments, boolean left, boolean right) {
        Object chars = arguments.get(0, "chars");
        IntPredicate out =
                chars == null ? PythonStrings::isSpace : c -> chars.toString().indexOf(c) >= 0;
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

    private static boolean any(@Nullable Object wanted, java.util.function.Predicate<String> test) {
        if (wanted instanceof Collection<?> several) {
            return several.stream().map(PythonText::of).anyMatch(test);
        }
        if (wanted instanceof String text) {
            return test.test(text);
        }
        throw new TemplateError("the argument must be a string, not " + Operators.typeName(wanted));
    }

    private static List<String> split(String text, Arguments arguments) {
        Object separator = arguments.get(0, "sep");
        int most = arguments.integer(1, "maxsplit", -1);
        if (separator == null) {
            return splitSpaces(text, most);
        }
        List<String> parts = new ArrayList<>();
        int from = 0;
        int at = find(text, separator.toString(), from);
        while (at >= 0 && (most < 0 || parts.size() < most)) {
            parts.add(text.substring(from, at));
            from = at + separator.toString().length();
            at = find(text, separator.toString(), from);
        }
        parts.add(text.substring(from));
        return parts;
    }

    private static int find(String text, String separator, int from) {
        if (separator.isEmpty()) {
            throw new TemplateError("empty separator");
        }
        return text.indexOf(separator, from);
    }

    private static List<String> splitSpaces(String text, int most) {
        List<String> parts = new ArrayList<>();
        int at = 0;
        while (true) {
            while (at < text.length() && isSpace(text.charAt(at))) {
                at++;
            }
            if (at == text.length()) {
                return parts;
            }
            if (most >= 0 && parts.size() == most) {
                parts.add(strip(text.substring(at), Arguments.NONE, false, true));
                return parts;
            }
            int end = at;
            while (end < text.length() && !isSpace(text.charAt(end))) {
                end++;
            }
            parts.add(text.substring(at, end));
            at = end;
        }
    }

    private static List<String> rsplit(String text, Arguments arguments) {
        int most = arguments.integer(1, "maxsplit", -1);
        if (most < 0) {
            return split(text, arguments);
        }
        String separator = arguments.text(0, "sep");
        List<String> parts = new ArrayList<>();
        String rest = text;
        while (parts.size() < most) {
            int at = separator.isEmpty() ? find(text, separator, 0) : rest.lastIndexOf(separator);
            if (at < 0) {
                break;
            }
            parts.addFirst(rest.substring(at + separator.length()));
            rest = rest.substring(0, at);
        }
        parts.addFirst(rest);
        return parts;
    }

    private static String join(String text, Arguments arguments) {
        if (!(arguments.get(0, "iterable") instanceof Iterable<?> items)) {
            throw new TemplateError("join needs a list");
        }
        List<String> parts = new ArrayList<>();
        items.forEach(item -> parts.add(string(item)));
        return Limits.joined(text, parts);
    }

    private static String replace(String text, Arguments arguments) {
        String old = arguments.text(0, "old");
        String fresh = arguments.text(1, "new");
        int most = arguments.integer(2, "count", -1);
        if (most < 0) {
            long grown = text.length() + (long) count(text, old) * fresh.length();
            if (grown > Limits.MOST_CHARS) {
                throw new TemplateError("a replacement makes " + grown + " characters, too many");
            }
            return text.replace(old, fresh);
        }
        String done = text;
        int from = 0;
        for (int i = 0; i < most; i++) {
            int at = done.indexOf(old, from);
            if (at < 0) {
                break;
            }
            done = done.substring(0, at) + fresh + done.substring(at + old.length());
            from = at + fresh.length();
        }
        return done;
    }

    private static String title(String text) {
        StringBuilder out = new StringBuilder();
        boolean inside = false;
        for (int c : text.codePoints().toArray()) {
            out.appendCodePoint(inside ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inside = Character.isLetter(c);
        }
        return out.toString();
    }

    private static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.offsetByCodePoints(0, 1);
        return text.substring(0, first).toUpperCase(Locale.ROOT)
                + text.substring(first).toLowerCase(Locale.ROOT);
    }

    private static long index(String text, String part) {
        int at = text.indexOf(part);
        if (at < 0) {
            throw new TemplateError("substring not found");
        }
        return at;
    }

    private static int count(String text, String part) {
        int count = 0;
        for (int at = text.indexOf(part); at >= 0 && !part.isEmpty(); at = text.indexOf(part, at + part.length())) {
            count++;
        }
        return part.isEmpty() ? text.length() + 1 : count;
    }

    private static boolean all(String text, IntPredicate test) {
        return !text.isEmpty() && text.codePoints().allMatch(test);
    }

    private static String removePrefix(String text, String prefix) {
        return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
    }

    private static String removeSuffix(String text, String suffix) {
        return !suffix.isEmpty() && text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
    }
}
