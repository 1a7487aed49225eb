package dev.decanter.ir;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** One output of a {@link Node}: a value of the graph, with its type, shape, tensor names and consumers. */
public final class Output {
    private final Node node;
    private final int index;
    private final Set<String> names = new LinkedHashSet<>();
    private final List<Input> consumers = new ArrayList<>(2);
    private final List<RuntimeAttribute> runtimeAttributes = new ArrayList<>(0);
    private ElementType elementType = ElementType.DYNAMIC;
    private PartialShape shape = PartialShape.DYNAMIC;

    Output(Node node, int index) {
        this.node = node;
        this.index = index;
    }

    public Node node() {
        return node;
    }

    /** Which output of its node this is, from 0. */
    public int index() {
        return index;
    }

    public ElementType elementType() {
        return elementType;
    }

    public PartialShape shape() {
        return shape;
    }

    /** The tensor names, changeable; inputs and outputs of a model are looked up by any of them. */
    public Set<String> names() {
        return names;
    }

    /** Adds a tensor name and returns this. */
    public Output named(String name) {
        names.add(name);
        return this;
    }

    /** The port's {@code rt_info}, changeable. */
    public List<RuntimeAttribute> runtimeAttributes() {
        return runtimeAttributes;
    }

    /** Who reads this value now; a view. */
    public List<Input> consumers() {
        return Collections.unmodifiableList(consumers);
    }

    /** Makes every consumer of this value read {@code replacement} instead, and moves the tensor names over. */
    public void replaceWith(Output replacement) {
        if (replacement == this) {
            return;
        }
        for (Input input : List.copyOf(consumers)) {
            if (input.node() != replacement.node()) {
                input.node().replaceInput(input.index(), replacement);
            }
        }
        replacement.names.addAll(names);
        names.clear();
    }

    void set(ElementType type, PartialShape partialShape) {
        elementType = type;
        shape = partialShape;
    }

    void addConsumer(Input input) {
        consumers.add(input);
    }

    void removeConsumer(Input input) {
        consumers.remove(input);
    }

    /** For messages: layer name and output number. */
    @Override
    public String toString() {
        return node.name() + ":" + index + " " + elementType.irName() + shape;
    }
}
