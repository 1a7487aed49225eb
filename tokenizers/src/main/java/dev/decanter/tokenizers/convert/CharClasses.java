package dev.decanter.tokenizers.convert;

import dev.decanter.tokenizers.ops.CodePoints;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Classes for patterns, with the characters that the {@code tokenizers} library's tables have in them. Where those are older
 * than Unicode of the engines that run the pattern, the class is written out, so that every engine finds the same.
 */
final class CharClasses {
    private static final Map<String, String> TABLES = read("classes.txt");

    /** What BertNormalizer's clean_text removes. */
    static final String CONTROL = table("control");

    /** What BertNormalizer's strip_accents removes. */
    static final String NONSPACING = table("nonspacing");

    /** What StripAccents removes. */
    static final String ACCENT = table("accent");

    /** What Punctuation and BertPreTokenizer cut at. */
    static final String PUNCTUATION = table("punctuation");

    /** What Digits cuts at: the numbers of Unicode 17. */
    static final String NUMBER = "[\\p{N}\\x{11DE0}-\\x{11DE9}\\x{16FF4}-\\x{16FF6}]";

    /** Members of {@code \w} in a set of Oniguruma: Alphabetic, M, Nd and Pc. */
    static final String RUBY_SET_WORD = "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{24B6}-\\x{24E9}\\x{1F130}-\\x{1F149}"
            + "\\x{1F150}-\\x{1F169}\\x{1F170}-\\x{1F189}";

    /** Members of {@code \w} outside a set, where the numbers of Latin-1 count as well. */
    static final String RUBY_WORD = RUBY_SET_WORD + "\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}";

    /** Members of {@code \w} in the regex crate: Alphabetic, M, Nd, Pc and Join_Control. */
    static final String WORD = RUBY_SET_WORD + "\\x{200C}\\x{200D}";

    private CharClasses() {}

    private static String table(String name) {
        return "[" + Objects.requireNonNull(TABLES.get(name)) + "]";
    }

    /**
     * A pattern for the pieces that UnicodeScripts makes: each begins with a character of a script and goes on as long as
     * there are none of another script. Spaces and characters without a script belong to what is before them.
     */
    static String scriptRuns() {
        Map<String, String> scripts = read("scripts.txt");
        StringBuilder pattern = new StringBuilder();
        for (Map.Entry<String, String> script : scripts.entrySet()) {
            StringBuilder others = new StringBuilder();
            scripts.forEach((name, members) -> {
                if (!name.equals(script.getKey())) {
                    others.append(members);
                }
            });
            pattern.append(pattern.isEmpty() ? "" : "|")
                    .append('[')
                    .append(script.getValue())
                    .append("][^")
                    .append(CodePoints.ofMembers(others.toString()).members())
                    .append("]*");
        }
        return pattern.toString();
    }

    /** A line without indentation names a table, those after it are its ranges. */
    private static Map<String, String> read(String resource) {
        Map<String, StringBuilder> ranges = new LinkedHashMap<>();
        StringBuilder current = new StringBuilder();
        for (String line : resource(resource).lines().toList()) {
            if (line.startsWith("  ")) {
                current.append(line).append(' ');
            } else if (!line.startsWith("#")) {
                current = new StringBuilder();
                ranges.put(line, current);
            }
        }
        Map<String, String> classes = new LinkedHashMap<>();
        ranges.forEach(
                (name, text) -> classes.put(name, CodePoints.of(text.toString()).members()));
        return classes;
    }

    /** The text of a resource of this package. */
    static String resource(String name) {
        try (InputStream in = Objects.requireNonNull(CharClasses.class.getResourceAsStream(name))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
