package dev.decanter.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** The methods of Python's {@code str}. */
final class StringMethods {
    private static final Set<String> NAMES = Set.of(
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
            "casefold",
            "swapcase",
            "find",
            "rfind",
            "index",
            "rindex",
            "count",
            "isdigit",
            "isnumeric",
            "isdecimal",
            "isalpha",
            "isalnum",
            "isspace",
            "isupper",
            "islower",
            "istitle",
            "isascii",
            "isprintable",
            "isidentifier",
            "removeprefix",
            "removesuffix",
            "partition",
            "rpartition",
            "center",
            "ljust",
            "rjust",
            "zfill",
            "expandtabs",
            "format",
            "format_map",
            "encode",
            "translate",
            "maketrans");

    private StringMethods() {}

    /** Whether {@link #call} knows a method. */
    static boolean has(String method) {
        return NAMES.contains(method);
    }

    static @Nullable Object call(String text, String method, Arguments arguments, Limits limits) {
        limits.step();
        Object result = switch (method) {
            case "strip" -> strip(text, method, arguments, true, true);
            case "lstrip" -> strip(text, method, arguments, true, false);
            case "rstrip" -> strip(text, method, arguments, false, true);
            case "startswith", "endswith" -> affix(text, method, arguments);
            case "split" -> split(text, arguments, limits);
            case "rsplit" -> rsplit(text, arguments, limits);
            case "splitlines" -> {
                boolean keep = arguments.bind(method, 0, "keepends").flag(0);
                yield list(PythonStrings.splitLines(text, keep), limits);
            }
            case "join" -> join(text, arguments.bind(method, 1, "iterable").get(0), limits);
            case "replace" -> {
                Arguments.Bound bound = arguments.bind(method, 2, "old", "new", "count");
                yield replace(text, bound.text(0), bound.text(1), bound.integer(2, -1), limits);
            }
            case "find", "rfind", "index", "rindex", "count" -> search(text, method, arguments);
            case "removeprefix" -> {
                String prefix = arguments.bind(method, 1, "prefix").text(0);
                yield text.startsWith(prefix) ? text.substring(prefix.length()) : text;
            }
            case "removesuffix" -> {
                String suffix = arguments.bind(method, 1, "suffix").text(0);
                yield text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
            }
            case "partition", "rpartition" -> partition(text, method, arguments);
            case "center", "ljust", "rjust" -> pad(text, method, arguments, limits);
            case "zfill" -> zeroFill(text, arguments.bind(method, 1, "width").integer(0, 0), limits);
            case "expandtabs" ->
                expandTabs(text, arguments.bind(method, 0, "tabsize").integer(0, 8), limits);
            case "format" -> StringFormat.format(text, arguments.positional(), arguments.named(), limits);
            case "format_map" ->
                StringFormat.formatMap(
                        text, arguments.bind(method, 1, "mapping").get(0), limits);
            case "encode", "translate", "maketrans" ->
                throw new TemplateError("str." + method + " is not for templates: there are no bytes and tables here");
            default -> {
                arguments.bind(method, 0);
                yield plain(text, method);
            }
        };
        return result instanceof String made ? limits.made(made) : result;
    }

    private static Object plain(String text, String method) {
        return switch (method) {
            case "upper" -> PythonStrings.upper(text);
            case "lower" -> PythonStrings.lower(text);
            case "title" -> PythonStrings.title(text);
            case "capitalize" -> PythonStrings.capitalize(text);
            case "casefold" -> PythonStrings.foldCase(text);
            case "swapcase" -> PythonStrings.swapCase(text);
            case "isdecimal" -> PythonStrings.all(text, Character::isDigit);
            case "isdigit" -> PythonStrings.all(text, PythonStrings::isDigit);
            case "isnumeric" -> PythonStrings.all(text, PythonStrings::isNumeric);
            case "isalpha" -> PythonStrings.all(text, Character::isLetter);
            case "isalnum" -> PythonStrings.all(text, PythonStrings::isAlphanumeric);
            case "isspace" -> PythonStrings.all(text, PythonStrings::isSpace);
            case "isupper" -> PythonStrings.isUpper(text);
            case "islower" -> PythonStrings.isLower(text);
            case "istitle" -> PythonStrings.isTitle(text);
            case "isascii" -> text.chars().allMatch(c -> c < 0x80);
            case "isprintable" -> text.codePoints().allMatch(PythonStrings::isPrintable);
            case "isidentifier" ->
                !text.isEmpty()
                        && (text.charAt(0) == '_' || Character.isUnicodeIdentifierStart(text.codePointAt(0)))
                        && text.codePoints()
                                .allMatch(c -> Character.isUnicodeIdentifierPart(c) && PythonStrings.isPrintable(c));
            default -> throw new TemplateError("strings have no method " + method);
        };
    }

    static List<@Nullable Object> list(List<String> parts, Limits limits) {
        limits.items(parts.size());
        return new ArrayList<>(parts);
    }

    private static String strip(String text, String method, Arguments arguments, boolean left, boolean right) {
        Arguments.Bound bound = arguments.bind(method, 0, "chars");
        return strip(text, bound, 0, left, right);
    }

    static String strip(String text, Arguments.Bound bound, int index, boolean left, boolean right) {
        if (bound.get(index) == null) {
            return PythonStrings.strip(text, left, right);
        }
        String chars = bound.text(index);
        IntPredicate out = c -> chars.indexOf(c) >= 0;
        return PythonStrings.strip(text, out, left, right);
    }

    /** The part of a text between two positions in code points, as Python's slices. */
    private static String between(String text, Arguments.Bound bound, int first) {
        if (!bound.has(first)) {
            return text;
        }
        int size = text.codePointCount(0, text.length());
        int from = position(bound.integer(first, 0), size);
        int to = position(bound.integer(first + 1, Integer.MAX_VALUE), size);
        return from >= to ? "" : text.substring(text.offsetByCodePoints(0, from), text.offsetByCodePoints(0, to));
    }

    private static int position(int index, int size) {
        return Math.clamp(index < 0 ? (long) index + size : index, 0, size);
    }

    private static boolean affix(String text, String method, Arguments arguments) {
        Arguments.Bound bound = arguments.bind(method, 1, "prefix", "start", "end");
        String part = between(text, bound, 1);
        boolean start = method.equals("startswith");
        Object wanted = Values.defined(bound.get(0));
        // even an empty text begins not behind the end
        boolean outside = bound.integer(1, 0) > text.codePointCount(0, text.length());
        List<?> several = wanted instanceof Sequence.Tuple tuple ? tuple : wanted == null ? List.of() : List.of(wanted);
        for (Object one : several) {
            if (!(one instanceof String affix)) {
                throw new TemplateError("tuple for " + method + " must only contain str, not " + Values.typeName(one));
            }
            if (!outside && (start ? part.startsWith(affix) : part.endsWith(affix))) {
                return true;
            }
        }
        if (!(wanted instanceof Sequence.Tuple || wanted instanceof String)) {
            throw new TemplateError(
                    method + " first arg must be str or a tuple of str, not " + Values.typeName(wanted));
        }
        return false;
    }

    private static List<@Nullable Object> split(String text, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind("split", 0, "sep", "maxsplit");
        int most = bound.integer(1, -1);
        if (bound.get(0) == null) {
            return list(PythonStrings.splitSpaces(text, most), limits);
        }
        String separator = separator(bound.text(0));
        List<String> parts = new ArrayList<>();
        int from = 0;
        int at = text.indexOf(separator);
        while (at >= 0 && (most < 0 || parts.size() < most)) {
            parts.add(text.substring(from, at));
            from = at + separator.length();
            at = text.indexOf(separator, from);
        }
        parts.add(text.substring(from));
        return list(parts, limits);
    }

    private static String separator(String separator) {
        if (separator.isEmpty()) {
            throw new TemplateError("empty separator");
        }
        return separator;
    }

    private static List<@Nullable Object> rsplit(String text, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind("rsplit", 0, "sep", "maxsplit");
        int most = bound.integer(1, -1);
        if (bound.get(0) == null) {
            return list(PythonStrings.splitSpacesFromEnd(text, most), limits);
        }
        String separator = separator(bound.text(0));
        List<String> parts = new ArrayList<>();
        int end = text.length();
        int at = text.lastIndexOf(separator);
        while (at >= 0 && (most < 0 || parts.size() < most)) {
            parts.add(text.substring(at + separator.length(), end));
            end = at;
            at = end < separator.length() ? -1 : text.lastIndexOf(separator, end - separator.length());
        }
        parts.add(text.substring(0, end));
        return list(parts.reversed(), limits);
    }

    static String join(String separator, @Nullable Object items, Limits limits) {
        if (!Values.iterable(items)) {
            Values.defined(items);
            throw new TemplateError("can only join an iterable");
        }
        StringBuilder out = new StringBuilder();
        int index = 0;
        for (Object item : Values.list(items, limits)) {
            if (!(item instanceof String text)) {
                throw new TemplateError(
                        "sequence item " + index + ": expected str instance, " + Values.typeName(item) + " found");
            }
            out.append(index++ == 0 ? "" : separator).append(text);
            limits.shown(out.length());
        }
        return out.toString();
    }

    static String replace(String text, String old, String fresh, int most, Limits limits) {
        StringBuilder out = new StringBuilder();
        int done = 0;
        int from = 0;
        int at = text.indexOf(old);
        while (at >= 0 && (most < 0 || done < most)) {
            out.append(text, from, at).append(fresh);
            limits.shown(out.length());
            from = at + old.length();
            done++;
            if (old.isEmpty()) {
                // between any two characters
                if (from == text.length()) {
                    break;
                }
                int next = text.offsetByCodePoints(from, 1);
                out.append(text, from, next);
                from = next;
            }
            at = text.indexOf(old, from);
        }
        return out.append(text, from, text.length()).toString();
    }

    private static Object search(String text, String method, Arguments arguments) {
        Arguments.Bound bound = arguments.bind(method, 1, "sub", "start", "end");
        String wanted = bound.text(0);
        String part = between(text, bound, 1);
        int size = text.codePointCount(0, text.length());
        boolean outside = bound.integer(1, 0) > size;
        if (method.equals("count")) {
            return outside ? 0L : count(part, wanted);
        }
        int at = method.startsWith("r") ? part.lastIndexOf(wanted) : part.indexOf(wanted);
        if (at < 0 || outside) {
            if (method.endsWith("index")) {
                throw new TemplateError("substring not found");
            }
            return -1L;
        }
        return (long) position(bound.integer(1, 0), size) + part.codePointCount(0, at);
    }

    private static long count(String text, String part) {
        if (part.isEmpty()) {
            return text.codePointCount(0, text.length()) + 1L;
        }
        long count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }

    private static Sequence.Tuple partition(String text, String method, Arguments arguments) {
        String separator = separator(arguments.bind(method, 1, "sep").text(0));
        boolean last = method.startsWith("r");
        int at = last ? text.lastIndexOf(separator) : text.indexOf(separator);
        if (at < 0) {
            return new Sequence.Tuple(last ? List.of("", "", text) : List.of(text, "", ""));
        }
        return new Sequence.Tuple(List.of(text.substring(0, at), separator, text.substring(at + separator.length())));
    }

    private static String pad(String text, String method, Arguments arguments, Limits limits) {
        Arguments.Bound bound = arguments.bind(method, 1, "width", "fillchar");
        String fill = bound.has(1) ? bound.text(1) : " ";
        if (fill.codePointCount(0, fill.length()) != 1) {
            throw new TemplateError("The fill character must be exactly one character long");
        }
        return pad(text, method, bound.integer(0, 0), fill, limits);
    }

    static String pad(String text, String method, int width, String fill, Limits limits) {
        int missing = width - text.codePointCount(0, text.length());
        if (missing <= 0) {
            return text;
        }
        limits.chars((long) missing * fill.length());
        int left = switch (method) {
            case "ljust" -> 0;
            case "rjust" -> missing;
            // as CPython rounds
            default -> missing / 2 + (missing & width & 1);
        };
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    private static String zeroFill(String text, int width, Limits limits) {
        boolean signed = text.startsWith("-") || text.startsWith("+");
        String padded = pad(signed ? text.substring(1) : text, "rjust", signed ? width - 1 : width, "0", limits);
        return signed ? text.charAt(0) + padded : padded;
    }

    private static String expandTabs(String text, int size, Limits limits) {
        StringBuilder out = new StringBuilder();
        int column = 0;
        for (int c : text.codePoints().toArray()) {
            if (c == '\t') {
                int spaces = size > 0 ? size - column % size : 0;
                limits.chars(spaces);
                out.repeat(' ', spaces);
                column += spaces;
            } else {
                out.appendCodePoint(c);
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
            limits.shown(out.length());
        }
        return out.toString();
    }
}
