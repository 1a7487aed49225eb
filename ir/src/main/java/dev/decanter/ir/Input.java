package dev.decanter.ir;

/**
 * One input of a {@link Node}.
 *
 * @param node the node that reads
 * @param index which of its inputs, from 0
 */
public record Input(Node node, int index) {
    /** The value that is read. */
    public Output source() {
        return node.input(index);
    }
}
