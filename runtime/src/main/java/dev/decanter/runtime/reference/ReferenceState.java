package dev.decanter.runtime.reference;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.VariableState;
import java.util.Optional;

/** A variable's value, in memory of its own. */
final class ReferenceState implements VariableState {
    private final String name;
    private final ElementType type;
    private final PartialShape shape;
    private final BufferPool pool;
    private Optional<Tensor> value = Optional.empty();

    ReferenceState(Plan.Variable variable, BufferPool pool) {
        this.name = variable.id();
        this.type = variable.type();
        this.shape = variable.shape();
        this.pool = pool;
    }

    @Override
    public String name() {
        return name;
    }

    boolean isSet() {
        return value.isPresent();
    }

    /** The value itself, or zeros with dynamic dimensions 0 when there is none yet. */
    Tensor copy(Allocator allocator) {
        if (value.isPresent()) {
            Tensor current = value.get();
            return Copier.all(current, current.shape(), allocator);
        }
        if (!shape.hasRank()) {
            throw new InferenceException("variable \"" + name + "\" has neither a value nor a shape to begin with");
        }
        Tensor zeros = allocator.allocate(
                type, Shape.of(shape.dims().stream().mapToLong(Dimension::min).toArray()));
        zeros.memory().fill((byte) 0);
        return zeros;
    }

    @Override
    public Tensor state() {
        return copy(Tensor::allocate);
    }

    /** Throws if {@code tensor} cannot be the value. */
    void check(Tensor tensor) {
        boolean typeFits = type == ElementType.DYNAMIC || type == tensor.elementType();
        if (!typeFits || !shape.admits(tensor.shape())) {
            throw new InferenceException(
                    "variable \"" + name + "\" holds " + type.irName() + shape + ", not " + tensor);
        }
    }

    @Override
    public void state(Tensor tensor) {
        check(tensor);
        replace(Copier.all(tensor, tensor.shape(), pool));
    }

    @Override
    public void trim(int axis, long size) {
        if (size < 0) {
            throw new InferenceException("variable \"" + name + "\" cannot be trimmed to " + size);
        }
        if (value.isEmpty()) {
            return;
        }
        Tensor current = value.get();
        int rank = current.shape().rank();
        if (axis < -rank || axis >= rank) {
            throw new InferenceException("variable \"" + name + "\" of rank " + rank + " has no axis " + axis);
        }
        int at = axis < 0 ? axis + rank : axis;
        if (current.shape().dim(at) <= size) {
            return;
        }
        long[] dims = current.shape().dims();
        long own = dims[at];
        dims[at] = size;
        Tensor trimmed = pool.allocate(current.elementType(), Shape.of(dims));
        Copier copier = new Copier(current, trimmed);
        long inner = current.shape().elements(at + 1, rank);
        long outer = current.shape().elements(0, at);
        for (long i = 0; i < outer; i++) {
            copier.copy(i * own * inner, 1, i * size * inner, size * inner);
        }
        replace(trimmed);
    }

    @Override
    public void reset() {
        value.ifPresent(pool::release);
        value = Optional.empty();
    }

    private void replace(Tensor next) {
        reset();
        value = Optional.of(next);
    }
}
