package dev.decanter.ir;

/**
 * Type and shape of a node's output, as inferred or as a file declares it.
 *
 * @param elementType type, {@link ElementType#DYNAMIC} if not known
 * @param shape shape, possibly dynamic
 */
public record OutputSpec(ElementType elementType, PartialShape shape) {}
