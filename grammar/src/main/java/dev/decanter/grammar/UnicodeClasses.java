package dev.decanter.grammar;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** The classes of characters that escapes of regular expressions stand for. */
final class UnicodeClasses {
    private static final CodePoints DIGITS = CodePoints.range('0', '9');
    private static final CodePoints WORD =
            DIGITS.or(CodePoints.range('a', 'z')).or(CodePoints.range('A', 'Z')).or(CodePoints.of("_"));
    private static final CodePoints SPACE = CodePoints.of("\t\n\u000b\f\r ");

    /** White space of any flavour: ECMAScript's, Python's and Java's. */
    private static final CodePoints WIDE_SPACE = SPACE.or(
                    CodePoints.of("\u001c\u001d\u001e\u001f\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"))
            .or(CodePoints.range(0x2000, 0x200A));

    /** Categories by the long names that ECMAScript knows; what is short is the same everywhere. */
    private static final Map<String, String> LONG_NAMES = Map.ofEntries(
            Map.entry("Letter", "L"),
            Map.entry("Uppercase_Letter", "Lu"),
            Map.entry("Lowercase_Letter", "Ll"),
            Map.entry("Mark", "M"),
            Map.entry("Number", "N"),
            Map.entry("Decimal_Number", "Nd"),
            Map.entry("Punctuation", "P"),
            Map.entry("Symbol", "S"),
            Map.entry("Separator", "Z"),
            Map.entry("Space_Separator", "Zs"),
            Map.entry("Alphabetic", "IsAlphabetic"),
            Map.entry("White_Space", "IsWhite_Space"),
            Map.entry("Ideographic", "IsIdeographic"),
            Map.entry("ASCII", "ASCII"));

    /** There are a few hundred names in all, and each takes a walk over all characters. */
    private static final Map<String, CodePoints> PROPERTIES = new ConcurrentHashMap<>();

    private UnicodeClasses() {}

    /** What the letter after a backslash stands for, or null. */
    static @Nullable CodePoints escape(int letter) {
        return switch (letter) {
            case 'd' -> DIGITS;
            case 'D' -> DIGITS.complement();
            case 'w' -> WORD;
            case 'W' -> WORD.complement();
            case 's' -> SPACE;
            case 'S' -> WIDE_SPACE.complement();
            default -> null;
        };
    }

    /** Whether a class has an escape and its opposite, as in {@code [\s\S]}: that is everything, whatever white space is. */
    static boolean hasOpposites(CharSequence letters) {
        String all = letters.toString();
        return all.contains("s") && all.contains("S");
    }

    /** The characters of a Unicode property by ECMAScript's name or Java's, or null if there is none. */
    static @Nullable CodePoints property(String name) {
        CodePoints known = PROPERTIES.get(name);
        if (known != null) {
            return known;
        }
        IntPredicate test = test(name);
        if (test == null) {
            return null;
        }
        CodePoints set = CodePoints.where(test);
        PROPERTIES.put(name, set);
        return set;
    }

    private static @Nullable IntPredicate test(String name) {
        String java = LONG_NAMES.getOrDefault(name, name);
        int equals = name.indexOf('=');
        if (equals >= 0) {
            String value = name.substring(equals + 1);
            switch (name.substring(0, equals).toLowerCase(Locale.ROOT)) {
                case "script", "sc" -> java = "Is" + value;
                case "general_category", "gc" -> java = LONG_NAMES.getOrDefault(value, value);
                default -> {
                    return null;
                }
            }
        }
        if (!java.matches("[A-Za-z_]+")) {
            return null;
        }
        try {
            var matcher = Pattern.compile("\\p{" + java + "}").asMatchPredicate();
            return c -> matcher.test(Character.toString(c));
        } catch (PatternSyntaxException _) {
            return null;
        }
    }
}
