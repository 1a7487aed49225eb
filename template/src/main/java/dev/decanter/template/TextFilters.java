package dev.decanter.template;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Jinja's filters of text. */
final class TextFilters {
    private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern WORD_BEGINNING = Pattern.compile("((?:[-({\\[<]|" + PythonStrings.SPACE_CLASS + ")+)");
    private static final Pattern TAG = Pattern.compile("(?s)<!--.*?-->|<.*?>");

    private final Limits limits;

    TextFilters(Limits limits) {
        this.limits = limits;
    }

    @Nullable
    Object apply(String name, @Nullable Object value, Arguments arguments) {
        return switch (name) {
            case "truncate" -> truncate(value, arguments.bind(name, 0, "length", "killwords", "end", "leeway"));
            case "wordcount" -> {
                arguments.bind(name, 0);
                yield WORD.matcher(PythonText.of(value)).results().count();
            }
            default -> limits.made(text(name, value, arguments));
        };
    }

    private String text(String name, @Nullable Object value, Arguments arguments) {
        return switch (name) {
            case "trim" -> StringMethods.strip(PythonText.of(value), arguments.bind(name, 0, "chars"), 0, true, true);
            case "replace" -> {
                Arguments.Bound bound = arguments.bind(name, 2, "old", "new", "count");
                yield StringMethods.replace(
                        PythonText.of(value),
                        PythonText.of(bound.get(0)),
                        PythonText.of(bound.get(1)),
                        bound.integer(2, -1),
                        limits);
            }
            case "indent" -> indent(value, arguments.bind(name, 0, "width", "first", "blank"));
            case "join" -> join(value, arguments.bind(name, 0, "d", "attribute"));
            case "center" ->
                StringMethods.pad(
                        PythonText.of(value),
                        name,
                        arguments.bind(name, 0, "width").integer(0, 80),
                        " ",
                        limits);
            case "format" -> format(value, arguments);
            case "filesizeformat" ->
                fileSize(value, arguments.bind(name, 0, "binary").flag(0));
            case "urlencode" -> {
                arguments.bind(name, 0);
                yield urlEncode(value);
            }
            case "xmlattr" -> attributes(value, arguments.bind(name, 0, "autospace"));
            case "pprint", "urlize", "wordwrap" ->
                throw new TemplateError("the filter " + name + " is not supported: no chat template needs it");
            default -> {
                if (!Filters.NAMES.contains(name)) {
                    throw new TemplateError("No filter named " + PythonText.repr(name) + " found.");
                }
                arguments.bind(name, 0);
                yield plain(name, PythonText.of(value));
            }
        };
    }

    private static String plain(String name, String text) {
        return switch (name) {
            case "upper" -> PythonStrings.upper(text);
            case "lower" -> PythonStrings.lower(text);
            case "capitalize" -> PythonStrings.capitalize(text);
            case "title" -> title(text);
            case "escape", "e", "forceescape" -> escape(text);
            case "striptags" -> {
                String without = TAG.matcher(text).replaceAll("");
                yield unescape(String.join(" ", PythonStrings.splitSpaces(without, -1)));
            }
            // "string", and "safe" without escaping
            default -> text;
        };
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;");
    }

    private static String unescape(String text) {
        return text.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&#39;", "'")
                .replace("&#34;", "\"")
                .replace("&quot;", "\"")
                .replace("&amp;", "&");
    }

    /** Jinja's own: words begin behind white space and opening brackets. */
    private static String title(String text) {
        StringBuilder out = new StringBuilder();
        var separator = WORD_BEGINNING.matcher(text);
        int from = 0;
        while (separator.find()) {
            out.append(titled(text.substring(from, separator.start()))).append(separator.group());
            from = separator.end();
        }
        return out.append(titled(text.substring(from))).toString();
    }

    private static String titled(String word) {
        if (word.isEmpty()) {
            return word;
        }
        int first = word.offsetByCodePoints(0, 1);
        return PythonStrings.upper(word.substring(0, first)) + PythonStrings.lower(word.substring(first));
    }

    private String indent(@Nullable Object value, Arguments.Bound bound) {
        if (!(Values.defined(value) instanceof String text)) {
            throw new TemplateError("unsupported operand type(s) for +=: '" + Values.typeName(value) + "' and 'str'");
        }
        String spaces;
        if (bound.get(0) instanceof String prefix) {
            spaces = prefix;
        } else {
            int width = Math.max(0, bound.integer(0, 4));
            limits.chars(width);
            spaces = " ".repeat(width);
        }
        boolean blank = bound.flag(2);
        StringBuilder out = new StringBuilder(bound.flag(1) ? spaces : "");
        List<String> lines = PythonStrings.splitLines(text + "\n", false);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            out.append(i == 0 ? "" : "\n")
                    .append(i > 0 && (blank || !line.isEmpty()) ? spaces : "")
                    .append(line);
            limits.shown(out.length());
        }
        return out.toString();
    }

    private String join(@Nullable Object value, Arguments.Bound bound) {
        Object attribute = bound.get(1);
        Object items = value;
        if (attribute != null) {
            items = new ListFilters(new Filters(limits), limits)
                    .apply("map", Values.list(value, limits), new Arguments(List.of(), Map.of("attribute", attribute)));
        }
        List<@Nullable Object> texts = new ArrayList<>();
        for (Object item : Values.list(items, limits)) {
            texts.add(PythonText.of(item));
        }
        return StringMethods.join(PythonText.of(bound.get(0, "")), texts, limits);
    }

    private String format(@Nullable Object value, Arguments arguments) {
        if (arguments.count() > 0 && !arguments.named().isEmpty()) {
            throw new TemplateError("can't handle positional and keyword arguments at the same time");
        }
        Object values = arguments.named().isEmpty()
                ? new Sequence.Tuple(arguments.positional())
                : new java.util.LinkedHashMap<@Nullable Object, @Nullable Object>(arguments.named());
        return PythonFormat.percent(PythonText.of(value), values, limits);
    }

    /** What is short enough stays as it is, even if it is no text. */
    private @Nullable Object truncate(@Nullable Object value, Arguments.Bound bound) {
        int most = bound.integer(0, 255);
        String end = bound.has(2) ? bound.text(2) : "...";
        int leeway = bound.integer(3, 5);
        long endLength = Values.length(end);
        if (most < endLength || leeway < 0) {
            throw new TemplateError(
                    most < endLength
                            ? "expected length >= " + endLength + ", got " + most
                            : "expected leeway >= 0, got " + leeway);
        }
        if (Values.length(value) <= (long) most + leeway) {
            return value;
        }
        if (!(value instanceof String text)) {
            throw new TemplateError("truncate needs a string, not " + Values.typeName(value));
        }
        String cut = text.substring(0, text.offsetByCodePoints(0, (int) (most - endLength)));
        int space = bound.flag(1) ? -1 : cut.lastIndexOf(' ');
        return limits.made((space < 0 ? cut : cut.substring(0, space)) + end);
    }

    private String fileSize(@Nullable Object value, boolean binary) {
        Object number = Numbers.toFloat(value, null);
        if (!(number instanceof Double bytes)) {
            throw new TemplateError(
                    value instanceof String
                            ? "could not convert string to float: " + PythonText.repr(value)
                            : "float() argument must be a string or a real number, not '" + Values.typeName(value)
                                    + "'");
        }
        int base = binary ? 1024 : 1000;
        if (bytes == 1) {
            return "1 Byte";
        }
        if (bytes < base) {
            return PythonText.of(Numbers.truncated(bytes)) + " Bytes";
        }
        String prefixes = "kMGTPEZY";
        double unit = base;
        int i = 0;
        while (i + 1 < prefixes.length() && bytes >= unit * base) {
            unit *= base;
            i++;
        }
        NumberFormat.Spec spec = new NumberFormat.Spec();
        spec.type = 'f';
        spec.precision = 1;
        String prefix = prefixes.substring(i, i + 1);
        BigInteger next = BigInteger.valueOf(base).pow(i + 2);
        return NumberFormat.floating(base * bytes / next.doubleValue(), spec, limits) + " "
                + (binary ? PythonStrings.upper(prefix) + "iB" : prefix + "B");
    }

    private String urlEncode(@Nullable Object value) {
        if (value instanceof String || !Values.iterable(value)) {
            return quote(PythonText.of(value), "/");
        }
        Object pairs = value instanceof Map<?, ?> map ? new Sequence.View("dict_items", map) : value;
        List<String> parts = new ArrayList<>();
        for (Object pair : Values.list(pairs, limits)) {
            List<@Nullable Object> two = Values.list(pair, limits);
            if (two.size() != 2) {
                throw new TemplateError("urlencode needs pairs");
            }
            parts.add(quote(PythonText.of(two.getFirst()), "").replace("%20", "+") + "="
                    + quote(PythonText.of(two.getLast()), "").replace("%20", "+"));
        }
        return String.join("&", parts);
    }

    private String quote(String text, String safe) {
        StringBuilder out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean plain =
                    c < 0x80 && (Character.isLetterOrDigit(c) || "_.-~".indexOf(c) >= 0 || safe.indexOf(c) >= 0);
            out.append(plain ? String.valueOf(c) : String.format("%%%02X", (int) c));
            limits.shown(out.length());
        }
        return out.toString();
    }

    private String attributes(@Nullable Object value, Arguments.Bound bound) {
        if (!(Values.defined(value) instanceof Map<?, ?> map)) {
            throw new TemplateError("'" + Values.typeName(value) + "' object has no attribute 'items'");
        }
        StringBuilder out = new StringBuilder();
        boolean space = !bound.has(0) || bound.flag(0);
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (entry.getValue() == null || entry.getValue() instanceof Undefined) {
                continue;
            }
            String key = PythonText.of(entry.getKey());
            if (key.chars().anyMatch(c -> "\t\n\u000b\f\r />=".indexOf(c) >= 0)) {
                throw new TemplateError("Invalid character in attribute name: " + PythonText.repr(key));
            }
            out.append(out.isEmpty() && !space ? "" : " ").append(escape(key)).append("=\"");
            out.append(escape(PythonText.of(entry.getValue()))).append('"');
            limits.shown(out.length());
        }
        return out.toString();
    }
}
