package dev.decanter.safetensors;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A tensor of a checkpoint, not yet read.
 *
 * @param name as in the file, for example {@code model.layers.0.mlp.up_proj.weight}
 * @param elementType as stored
 * @param shape as stored
 * @param data little endian, C order; a view of the mapped file
 * @param file where it lies, for messages
 */
public record CheckpointTensor(String name, ElementType elementType, Shape shape, MemorySegment data, Path file) {}
