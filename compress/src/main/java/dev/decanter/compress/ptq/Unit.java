package dev.decanter.compress.ptq;

import dev.decanter.ir.Node;
import java.util.List;

/** A layer, or several that run as one: quantizers stand before the first and after the last. */
final class Unit {
    private final List<Node> nodes;
    private final OpKinds.Trait trait;
    private boolean ignored;

    Unit(List<Node> nodes) {
        this.nodes = List.copyOf(nodes);
        this.trait = OpKinds.trait(nodes.getFirst());
    }

    List<Node> nodes() {
        return nodes;
    }

    Node first() {
        return nodes.getFirst();
    }

    Node last() {
        return nodes.getLast();
    }

    void ignore() {
        ignored = true;
    }

    boolean isIgnored() {
        return ignored;
    }

    /** What the first layer says; {@link OpKinds.Trait#OTHER} for what is to stay in float. */
    OpKinds.Trait trait() {
        return ignored ? OpKinds.Trait.OTHER : trait;
    }

    boolean isQuantizable() {
        return trait() == OpKinds.Trait.QUANTIZABLE;
    }

    boolean passes() {
        return trait() == OpKinds.Trait.AGNOSTIC || trait() == OpKinds.Trait.CONCAT;
    }

    @Override
    public String toString() {
        return nodes.toString();
    }
}
