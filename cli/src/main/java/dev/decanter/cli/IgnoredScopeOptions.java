package dev.decanter.cli;

import dev.decanter.compress.IgnoredScope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** The flags that leave layers as they are, of all commands that compress. */
final class IgnoredScopeOptions {
    private static final String NAME = "--ignored-scope";
    private static final String PATTERN = "--ignored-scope-pattern";
    private static final String TYPE = "--ignored-scope-type";

    @Option(
            names = NAME,
            paramLabel = "NAME",
            description = "A layer to leave as it is ('inspect --layers' lists names); can be repeated.")
    private List<String> names = new ArrayList<>();

    @Option(
            names = PATTERN,
            paramLabel = "REGEX",
            description = "Leave the layers whose names begin as the expression says; can be repeated.")
    private List<String> patterns = new ArrayList<>();

    @Option(
            names = TYPE,
            paramLabel = "TYPE",
            description = "Leave the layers of a type, such as Gather or Add; can be repeated.")
    private List<String> types = new ArrayList<>();

    IgnoredScope scope() {
        return new IgnoredScope(names, patterns, types);
    }

    /** The flags, and whether each is set. */
    Map<String, Boolean> flags() {
        Map<String, Boolean> flags = new LinkedHashMap<>();
        flags.put(NAME, !names.isEmpty());
        flags.put(PATTERN, !patterns.isEmpty());
        flags.put(TYPE, !types.isEmpty());
        return flags;
    }
}
