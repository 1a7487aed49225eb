package dev.decanter.tokenizers.convert;

import java.util.Locale;
import java.util.Map;

/** Oniguruma's names of character properties, in which case, spaces, hyphens and underscores do not count. */
final class OnigurumaProperties {
    private static final Map<String, String> MEMBERS = Map.ofEntries(
            Map.entry("alnum", "\\p{Alphabetic}\\p{Nd}"),
            Map.entry("alpha", "\\p{Alphabetic}"),
            Map.entry("alphabetic", "\\p{Alphabetic}"),
            Map.entry("any", "\\x{0}-\\x{10FFFF}"),
            Map.entry("ascii", "\\x{0}-\\x{7F}"),
            Map.entry("blank", "\\p{Zs}\\t"),
            Map.entry("cntrl", "\\p{Cc}"),
            Map.entry("digit", "\\p{Nd}"),
            Map.entry("lower", "\\p{Lowercase}"),
            Map.entry("lowercase", "\\p{Lowercase}"),
            Map.entry("punct", "\\p{P}"),
            Map.entry("space", "\\s"),
            Map.entry("upper", "\\p{Uppercase}"),
            Map.entry("uppercase", "\\p{Uppercase}"),
            Map.entry("whitespace", "\\s"),
            Map.entry("word", CharClasses.RUBY_WORD),
            Map.entry("xdigit", "0-9A-Fa-f"));

    private static final Map<String, String> CATEGORIES = Map.ofEntries(
            Map.entry("letter", "L"),
            Map.entry("casedletter", "L&"),
            Map.entry("uppercaseletter", "Lu"),
            Map.entry("lowercaseletter", "Ll"),
            Map.entry("titlecaseletter", "Lt"),
            Map.entry("modifierletter", "Lm"),
            Map.entry("otherletter", "Lo"),
            Map.entry("mark", "M"),
            Map.entry("combiningmark", "M"),
            Map.entry("nonspacingmark", "Mn"),
            Map.entry("spacingmark", "Mc"),
            Map.entry("enclosingmark", "Me"),
            Map.entry("number", "N"),
            Map.entry("decimalnumber", "Nd"),
            Map.entry("letternumber", "Nl"),
            Map.entry("othernumber", "No"),
            Map.entry("punctuation", "P"),
            Map.entry("connectorpunctuation", "Pc"),
            Map.entry("dashpunctuation", "Pd"),
            Map.entry("openpunctuation", "Ps"),
            Map.entry("closepunctuation", "Pe"),
            Map.entry("initialpunctuation", "Pi"),
            Map.entry("finalpunctuation", "Pf"),
            Map.entry("otherpunctuation", "Po"),
            Map.entry("symbol", "S"),
            Map.entry("mathsymbol", "Sm"),
            Map.entry("currencysymbol", "Sc"),
            Map.entry("modifiersymbol", "Sk"),
            Map.entry("othersymbol", "So"),
            Map.entry("separator", "Z"),
            Map.entry("spaceseparator", "Zs"),
            Map.entry("lineseparator", "Zl"),
            Map.entry("paragraphseparator", "Zp"),
            Map.entry("other", "C"),
            Map.entry("control", "Cc"),
            Map.entry("format", "Cf"),
            Map.entry("unassigned", "Cn"),
            Map.entry("privateuse", "Co"));

    private OnigurumaProperties() {}

    /** Members of a class in PCRE2's syntax. A name that is none of the above is a script or a binary property. */
    static String members(String name) {
        String key = name.toLowerCase(Locale.ROOT).replaceAll("[ _-]", "");
        String members = MEMBERS.get(key);
        if (members != null) {
            return members;
        }
        String category = CATEGORIES.get(key);
        if (category == null && key.matches("l[cultmo]?|m[nce]?|n[dlo]?|p[cdseifo]?|s[mcko]?|z[slp]?|c[cfno]?")) {
            category = key.equals("lc") ? "L&" : Character.toUpperCase(key.charAt(0)) + key.substring(1);
        }
        return "\\p{" + (category == null ? name : category) + "}";
    }
}
