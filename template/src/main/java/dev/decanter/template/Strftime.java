package dev.decanter.template;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** C's {@code strftime} in the C locale, as far as templates use it. */
final class Strftime {
    private Strftime() {}

    static String format(String pattern, LocalDateTime time) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < pattern.length(); i++) {
            char c = pattern.charAt(i);
            if (c != '%' || i + 1 == pattern.length()) {
                out.append(c);
                continue;
            }
            char kind = pattern.charAt(++i);
            if (kind == '-' && i + 1 < pattern.length()) {
                out.append(field(pattern.charAt(++i), time).replaceFirst("^0+(?=\\d)", ""));
            } else {
                out.append(field(kind, time));
            }
        }
        return out.toString();
    }

    private static String field(char kind, LocalDateTime time) {
        String java = switch (kind) {
            case 'Y' -> "yyyy";
            case 'y' -> "yy";
            case 'm' -> "MM";
            case 'd' -> "dd";
            case 'H' -> "HH";
            case 'I' -> "hh";
            case 'M' -> "mm";
            case 'S' -> "ss";
            case 'p' -> "a";
            case 'A' -> "EEEE";
            case 'a' -> "EEE";
            case 'B' -> "MMMM";
            case 'b', 'h' -> "MMM";
            case 'j' -> "DDD";
            case 'F' -> "yyyy-MM-dd";
            case 'T' -> "HH:mm:ss";
            case 'D' -> "MM/dd/yy";
            case 'R' -> "HH:mm";
            default -> "";
        };
        if (java.isEmpty()) {
            return kind == '%' ? "%" : "%" + kind;
        }
        return DateTimeFormatter.ofPattern(java, Locale.US).format(time);
    }
}
