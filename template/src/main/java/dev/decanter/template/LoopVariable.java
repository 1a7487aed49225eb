package dev.decanter.template;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The variable {@code loop}. */
final class LoopVariable implements Attributes {
    private final List<? extends @Nullable Object> items;
    private final int depth;
    private final Optional<Callable> recursion;
    private int index;
    private Optional<Arguments> changed = Optional.empty();

    LoopVariable(List<? extends @Nullable Object> items, int depth, Optional<Callable> recursion) {
        this.items = items;
        this.depth = depth;
        this.recursion = recursion;
    }

    void at(int position) {
        index = position;
    }

    /** For {@code loop(items)} in a recursive loop. */
    @Nullable
    Object again(Arguments arguments) {
        return recursion
                .orElseThrow(() -> new TemplateError("the loop is not recursive"))
                .call(arguments);
    }

    @Override
    public @Nullable Object attribute(String name) {
        int size = items.size();
        return switch (name) {
            case "index" -> index + 1L;
            case "index0" -> (long) index;
            case "revindex" -> (long) size - index;
            case "revindex0" -> size - index - 1L;
            case "first" -> index == 0;
            case "last" -> index == size - 1;
            case "length" -> (long) size;
            case "depth" -> depth + 1L;
            case "depth0" -> (long) depth;
            case "previtem" -> index > 0 ? items.get(index - 1) : new Undefined("there is no previous item");
            case "nextitem" -> index + 1 < size ? items.get(index + 1) : new Undefined("there is no next item");
            case "cycle" ->
                (Callable) arguments -> {
                    if (arguments.count() == 0) {
                        throw new TemplateError("no items for cycling given");
                    }
                    return arguments.positional().get(index % arguments.count());
                };
            case "changed" ->
                (Callable) arguments -> {
                    boolean same =
                            changed.isPresent() && Operators.equal(changed.get().positional(), arguments.positional());
                    changed = Optional.of(arguments);
                    return !same;
                };
            default -> new Undefined("'LoopContext object' has no attribute '" + name + "'");
        };
    }
}
