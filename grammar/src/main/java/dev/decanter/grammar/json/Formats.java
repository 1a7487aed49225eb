package dev.decanter.grammar.json;

import dev.decanter.grammar.Node;
import dev.decanter.grammar.Regex;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The formats of JSON schema's validation vocabulary and of OpenAPI: expressions for texts that every validator takes,
 * not for all that the standards allow.
 */
final class Formats {
    private static final String DATE = "(?:[1-9][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
            + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
            // 29 February in years divisible by 4, of the centuries those by 400.
            + "|(?:[1-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:1[26]|[2468][048]|[3579][26])00)-02-29)";
    private static final String TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?"
            + "(?:Z|\\+(?:0[0-9]|1[0-3]):[0-5][0-9]|-(?:0[1-9]|1[01]):[0-5][0-9])";
    private static final String LABEL = "[a-z0-9]{1,15}(?:-[a-z0-9]{1,15}){0,2}";
    private static final String TOP =
            "(?:com|org|net|edu|info|io|dev|app|de|uk|fr|eu|us|jp|cn|in|br|ca|au|ch|nl|it|es)";
    private static final String DOMAIN = "(?:" + LABEL + "\\.){1,3}" + TOP;
    private static final String ATOM = "[A-Za-z0-9_+-]{1,20}";
    private static final String EMAIL = ATOM + "(?:\\." + ATOM + "){0,2}@" + DOMAIN;
    private static final String OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private static final String H = "[0-9a-fA-F]{1,4}";
    private static final String IPV6 =
            "(?:(?:H:){7}H|(?:H:){1,7}:|(?:H:){1,6}:H|(?:H:){1,5}(?::H){1,2}|(?:H:){1,4}(?::H){1,3}"
                    + "|(?:H:){1,3}(?::H){1,4}|(?:H:){1,2}(?::H){1,5}|H:(?::H){1,6}|:(?::H){1,7}|::)";
    private static final String CHARACTER = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";
    private static final String PATH = "(?:/" + CHARACTER + "+)*/?";
    private static final String TAIL = "(?:\\?(?:" + CHARACTER + "|[/?])*)?(?:#(?:" + CHARACTER + "|[/?])*)?";
    private static final String AUTHORITY = "[a-z][a-z0-9+.-]{1,15}://" + DOMAIN + "(?::[1-9][0-9]{0,3})?";
    private static final String URI = AUTHORITY + PATH + TAIL;
    private static final String REFERENCE = "(?:" + URI + "|(?:/" + CHARACTER + "+)+" + TAIL + ")";
    private static final String POINTER = "(?:/(?:[^~/\\u0000-\\u001f]|~[01])*)*";
    private static final String N = "[0-9]{1,4}";
    private static final String DURATION_TIME = "T(?:NH(?:NM(?:NS)?)?|NM(?:NS)?|NS)";
    private static final String DURATION =
            "P(?:(?:NY(?:NM(?:ND)?)?|NM(?:ND)?|ND)(?:" + DURATION_TIME + ")?|" + DURATION_TIME + "|NW)";
    private static final String HEX = "[0-9a-fA-F]";

    private static final Map<String, String> STRINGS = Map.ofEntries(
            Map.entry("date", DATE),
            Map.entry("time", TIME),
            Map.entry("date-time", DATE + "T" + TIME),
            Map.entry("duration", DURATION.replace("N", N)),
            Map.entry("email", EMAIL),
            Map.entry("idn-email", EMAIL),
            Map.entry("hostname", DOMAIN),
            Map.entry("idn-hostname", DOMAIN),
            Map.entry("ipv4", OCTET + "(?:\\." + OCTET + "){3}"),
            Map.entry("ipv6", IPV6.replace("H", H)),
            Map.entry("uuid", HEX + "{8}(?:-" + HEX + "{4}){3}-" + HEX + "{12}"),
            Map.entry("uri", URI),
            Map.entry("iri", URI),
            Map.entry("uri-reference", REFERENCE),
            Map.entry("iri-reference", REFERENCE),
            Map.entry("uri-template", AUTHORITY + "(?:/" + CHARACTER + "+|/\\{[a-z][a-z0-9_]*\\})*"),
            Map.entry("json-pointer", POINTER),
            Map.entry("relative-json-pointer", "(?:0|[1-9][0-9]{0,3})(?:#|(?:/[A-Za-z0-9_.-]*)*)"),
            Map.entry("byte", "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?"));

    private static final Map<String, Integer> INTEGERS = Map.of("int8", 8, "int16", 16, "int32", 32, "int64", 64);

    private static final Map<String, Integer> UNSIGNED =
            Map.of("uint8", 8, "uint16", 16, "uint32", 32, "uint64", 64, "uint", 64);

    /** These say how a value is kept or shown, not what it is. */
    private static final Set<String> ANNOTATIONS = Set.of("float", "double", "decimal", "binary", "password");

    private static final Map<String, Node> PARSED = new ConcurrentHashMap<>();

    private Formats() {}

    static boolean isKnown(String name) {
        return STRINGS.containsKey(name);
    }

    /** Whether the format says nothing about strings. */
    static boolean isAnnotation(String name) {
        return ANNOTATIONS.contains(name) || INTEGERS.containsKey(name) || UNSIGNED.containsKey(name);
    }

    static String names() {
        return String.join(", ", new TreeSet<>(STRINGS.keySet()));
    }

    /** Texts of a known format. */
    static Node of(String name) {
        return PARSED.computeIfAbsent(
                name,
                key -> Regex.matching(Optional.ofNullable(STRINGS.get(key)).orElseThrow()));
    }

    /** What a format says about numbers: the range of OpenAPI's integers. */
    static NumberSpec numbers(String format) {
        Integer signed = INTEGERS.get(format);
        Integer bits = signed == null ? UNSIGNED.get(format) : signed;
        if (bits == null) {
            return NumberSpec.ANY;
        }
        BigInteger size = BigInteger.TWO.pow(signed == null ? bits : bits - 1);
        BigDecimal low = signed == null ? BigDecimal.ZERO : new BigDecimal(size.negate());
        return NumberSpec.atLeast(low, false)
                .and(NumberSpec.atMost(new BigDecimal(size.subtract(BigInteger.ONE)), false));
    }
}
