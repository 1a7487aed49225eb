package dev.decanter.compress;

import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Layers that are left as they are.
 *
 * @param names names of layers, in full; a name that no layer of the model has is refused
 * @param patterns regular expressions that match the beginning of a layer's name, as Python's {@code re.match} does; one that
 *     matches none is refused
 * @param types types of layers as IR files spell them, for example {@code MatMul} or {@code Gather}; one that no layer
 *     has is refused
 */
public record IgnoredScope(List<String> names, List<String> patterns, List<String> types) {
    /** Nothing is ignored. */
    public static final IgnoredScope NONE = new IgnoredScope(List.of(), List.of(), List.of());

    /** Throws {@link CompressionException} for a pattern that is no regular expression. */
    public IgnoredScope {
        names = List.copyOf(names);
        patterns = List.copyOf(patterns);
        types = List.copyOf(types);
        for (String pattern : patterns) {
            try {
                Pattern.compile(pattern);
            } catch (PatternSyntaxException e) {
                throw new CompressionException(
                        "--ignored-scope: \"" + pattern + "\" is no regular expression: " + e.getDescription(), e);
            }
        }
    }

    public static IgnoredScope ofNames(String... names) {
        return new IgnoredScope(List.of(names), List.of(), List.of());
    }

    public boolean isEmpty() {
        return names.isEmpty() && patterns.isEmpty() && types.isEmpty();
    }
}
