package dev.decanter.bench.peer;

import dev.decanter.compress.CompressionMode;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A format of ours and the GGUF format it is compared with.
 *
 * @param name of ours, such as {@code int4_asym-g128}
 * @param mode how the weights are compressed; empty for f16
 * @param groupSize elements that share a scale; empty for the mode's own
 * @param gguf {@code Q4_0}, {@code Q8_0} or {@code F16}
 */
record FormatPair(String name, Optional<CompressionMode> mode, Optional<Integer> groupSize, String gguf) {
    static final String F16 = "F16";

    /** {@code fp16}, {@code int8}, {@code int8_sym}, {@code int4_asym:128} and so on. */
    static FormatPair parse(String text) {
        String[] parts = text.strip().toLowerCase(Locale.ROOT).split(":", -1);
        boolean grouped = parts.length == 2;
        switch (parts[0]) {
            case "int4_asym", "int4_sym" -> {
                int group = grouped ? groupSize(text, parts[1]) : 128;
                return new FormatPair(parts[0] + "-g" + group, mode(parts[0]), Optional.of(group), "Q4_0");
            }
            case "int8", "int8_asym", "int8_sym", "fp16" -> {
                if (grouped) {
                    throw new IllegalArgumentException("format \"" + text + "\": " + parts[0] + " has no groups");
                }
            }
            default ->
                throw new IllegalArgumentException("no format \"" + text
                        + "\"; there are int4_asym:GROUP, int4_sym:GROUP, int8_asym (or int8), int8_sym, fp16");
        }
        if (parts[0].equals("fp16")) {
            return new FormatPair(parts[0], Optional.empty(), Optional.empty(), F16);
        }
        String name = parts[0].equals("int8") ? "int8_asym" : parts[0];
        return new FormatPair(name, mode(name), Optional.empty(), "Q8_0");
    }

    /** Several, separated by commas. */
    static List<FormatPair> parseAll(String text) {
        return Arrays.stream(text.split(",", -1))
                .map(FormatPair::parse)
                .distinct()
                .toList();
    }

    private static Optional<CompressionMode> mode(String name) {
        return Optional.of(CompressionMode.valueOf(name.toUpperCase(Locale.ROOT)));
    }

    private static int groupSize(String text, String number) {
        try {
            int group = Integer.parseInt(number);
            if (group > 0) {
                return group;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("format \"" + text + "\": the group size is not a number", e);
        }
        throw new IllegalArgumentException("format \"" + text + "\": the group size is not positive");
    }
}
