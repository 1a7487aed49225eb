package dev.decanter.cli;

import java.util.List;
import java.util.stream.Collectors;

/** Token ids on the command line. */
final class TokenIds {
    private TokenIds() {}

    /** Parses {@code 1,2,3}; commas, spaces or both between ids. */
    static long[] parse(String text, BaseCommand command, String option) {
        String[] words = text.strip().split("\\s*,\\s*|\\s+", -1);
        long[] ids = new long[words.length];
        for (int i = 0; i < words.length; i++) {
            try {
                ids[i] = Long.parseLong(words[i]);
            } catch (NumberFormatException e) {
                throw command.usage(
                        "Invalid value for option '" + option + "': \"" + words[i] + "\" is not a token id");
            }
        }
        return ids;
    }

    /** {@code 1,2,3}. */
    static String text(List<Long> ids) {
        return ids.stream().map(String::valueOf).collect(Collectors.joining(","));
    }
}
