package dev.decanter.template;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** C's {@code strftime} in the C locale, for a time without a zone. */
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
            char flag = ' ';
            if ("-_0^#".indexOf(kind) >= 0 && i + 1 < pattern.length()) {
                flag = kind;
                kind = pattern.charAt(++i);
            }
            out.append(flagged(flag, kind, field(kind, time)));
        }
        return out.toString();
    }

    private static String flagged(char flag, char kind, String text) {
        return switch (flag) {
            case '-' -> text.replaceFirst("^[0 ]+(?=\\d)", "");
            case '_' -> {
                String digits = text.replaceFirst("^0+(?=\\d)", "");
                yield " ".repeat(text.length() - digits.length()) + digits;
            }
            case '0' -> text.replace(' ', '0');
            case '^' -> text.toUpperCase(Locale.ROOT);
            case '#' -> kind == 'p' ? text.toLowerCase(Locale.ROOT) : text.toUpperCase(Locale.ROOT);
            default -> text;
        };
    }

    private static String field(char kind, LocalDateTime time) {
        int weekday = time.getDayOfWeek().getValue();
        return switch (kind) {
            case 'Y' -> Integer.toString(time.getYear());
            case 'C' -> two(time.getYear() / 100);
            case 'y' -> two(time.getYear() % 100);
            case 'm' -> two(time.getMonthValue());
            case 'd' -> two(time.getDayOfMonth());
            case 'e' -> String.format("%2d", time.getDayOfMonth());
            case 'H' -> two(time.getHour());
            case 'k' -> String.format("%2d", time.getHour());
            case 'I' -> two((time.getHour() + 11) % 12 + 1);
            case 'l' -> String.format("%2d", (time.getHour() + 11) % 12 + 1);
            case 'M' -> two(time.getMinute());
            case 'S' -> two(time.getSecond());
            case 'f' -> String.format("%06d", time.getNano() / 1000);
            case 'p' -> time.getHour() < 12 ? "AM" : "PM";
            case 'P' -> time.getHour() < 12 ? "am" : "pm";
            case 'A' -> word("EEEE", time);
            case 'a' -> word("EEE", time);
            case 'B' -> word("MMMM", time);
            case 'b', 'h' -> word("MMM", time);
            case 'j' -> String.format("%03d", time.getDayOfYear());
            case 'u' -> Integer.toString(weekday);
            case 'w' -> Integer.toString(weekday % 7);
            case 'U' -> two((time.getDayOfYear() + 6 - weekday % 7) / 7);
            case 'W' -> two((time.getDayOfYear() + 6 - (weekday + 6) % 7) / 7);
            case 'V' -> two(time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
            case 'G' -> Integer.toString(time.get(IsoFields.WEEK_BASED_YEAR));
            case 'g' -> two(time.get(IsoFields.WEEK_BASED_YEAR) % 100);
            case 's' -> Long.toString(ChronoUnit.SECONDS.between(LocalDateTime.of(1970, 1, 1, 0, 0), time));
            case 'F' -> format("%Y-%m-%d", time);
            case 'T', 'X' -> format("%H:%M:%S", time);
            case 'D', 'x' -> format("%m/%d/%y", time);
            case 'R' -> format("%H:%M", time);
            case 'r' -> format("%I:%M:%S %p", time);
            case 'c' -> format("%a %b %e %H:%M:%S %Y", time);
            case 'n' -> "\n";
            case 't' -> "\t";
            case '%' -> "%";
            case 'Z', 'z' -> "";
            default -> "%" + kind;
        };
    }

    private static String two(int number) {
        return (number < 10 ? "0" : "") + number;
    }

    private static String word(String pattern, LocalDateTime time) {
        return DateTimeFormatter.ofPattern(pattern, Locale.US).format(time);
    }
}
