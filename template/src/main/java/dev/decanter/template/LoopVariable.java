package dev.decanter.template;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The variable {@code loop}, which also walks through the items: it looks ahead only if it is asked what follows. */
final class LoopVariable implements Attributes, Callable {
    private final @Nullable Object whole;
    private final Iterator<? extends @Nullable Object> items;
    private final int depth;
    private final Optional<Callable> recursion;
    private final Limits limits;
    /** Items that were read ahead, each as a list of one since it may be null. */
    private final Deque<List<@Nullable Object>> ahead = new ArrayDeque<>();

    private int index = -1;
    private long counted = -1;
    private @Nullable Object current;
    private @Nullable Object before;
    private @Nullable List<@Nullable Object> changed;

    LoopVariable(@Nullable Object whole, int depth, Optional<Callable> recursion, Limits limits) {
        this.whole = whole;
        this.items = Values.iterator(whole);
        this.depth = depth;
        this.recursion = recursion;
        this.limits = limits;
    }

    boolean hasNext() {
        return !ahead.isEmpty() || items.hasNext();
    }

    @Nullable
    Object next() {
        Object item = ahead.isEmpty() ? items.next() : ahead.removeFirst().getFirst();
        index++;
        before = current;
        current = item;
        return item;
    }

    private void readAhead() {
        limits.items(1);
        List<@Nullable Object> one = new java.util.ArrayList<>(1);
        one.add(items.next());
        ahead.addLast(one);
    }

    long length() {
        if (counted < 0) {
            if (whole instanceof Lazy) {
                while (items.hasNext()) {
                    readAhead();
                }
                counted = index + 1L + ahead.size();
            } else {
                counted = Values.length(whole);
            }
        }
        return counted;
    }

    @Override
    public @Nullable Object call(Arguments arguments) {
        return recursion
                .orElseThrow(
                        () -> new TemplateError("The loop must have the 'recursive' marker to be called recursively."))
                .call(arguments);
    }

    @Override
    public @Nullable Object attribute(String name) {
        return switch (name) {
            case "index" -> index + 1L;
            case "index0" -> (long) index;
            case "revindex" -> length() - index;
            case "revindex0" -> length() - index - 1;
            case "first" -> index == 0;
            case "last" -> !hasNext();
            case "length" -> length();
            case "depth" -> depth + 1L;
            case "depth0" -> (long) depth;
            case "previtem" -> index > 0 ? before : new Undefined("there is no previous item");
            case "nextitem" -> {
                if (!hasNext()) {
                    yield new Undefined("there is no next item");
                }
                if (ahead.isEmpty()) {
                    readAhead();
                }
                yield ahead.getFirst().getFirst();
            }
            case "cycle" ->
                (Callable) arguments -> {
                    if (arguments.count() == 0) {
                        throw new TemplateError("no items for cycling given");
                    }
                    return arguments.positional().get(index % arguments.count());
                };
            case "changed" ->
                (Callable) arguments -> {
                    boolean same = changed != null && Values.equal(changed, arguments.positional());
                    changed = arguments.positional();
                    return !same;
                };
            default -> Undefined.member(this, name);
        };
    }

    @Override
    public String typeName() {
        return "jinja2.runtime.LoopContext";
    }

    @Override
    public String toString() {
        return "<LoopContext " + (index + 1) + "/" + length() + ">";
    }
}
