package dev.decanter.ir.rewrite;

import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import java.util.Optional;

/** What a {@link Pattern} matched: for each of its parts, the value of the graph. */
public final class Match {
    private final Output root;
    private final Bindings bindings;

    Match(Output root, Bindings bindings) {
        this.root = root;
        this.bindings = bindings;
    }

    /** The value that the whole pattern matched. */
    public Output root() {
        return root;
    }

    /** The value that {@code part} matched; throws IllegalArgumentException if it took no part in the match. */
    public Output output(Pattern part) {
        return find(part).orElseThrow(() -> new IllegalArgumentException("the pattern has no part in this match"));
    }

    /** The node that computes what {@code part} matched. */
    public Node node(Pattern part) {
        return output(part).node();
    }

    /** The value that {@code part} matched, if it took part (it may stand in an alternative that was not taken). */
    public Optional<Output> find(Pattern part) {
        return Optional.ofNullable(bindings.of(part));
    }

    /** The value that the part of this name matched; throws IllegalArgumentException if it took no part. */
    public Output output(String name) {
        return find(name).orElseThrow(() -> new IllegalArgumentException("nothing matched as \"" + name + "\""));
    }

    /** The value that the part of this name matched, if it took part. */
    public Optional<Output> find(String name) {
        return Optional.ofNullable(bindings.named(name));
    }
}
