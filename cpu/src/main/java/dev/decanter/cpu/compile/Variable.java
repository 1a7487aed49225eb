package dev.decanter.cpu.compile;

import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.VariableState;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A state variable that no fusion took: its value is copied at each Assign and takes effect after the inference. */
final class Variable implements VariableState, AutoCloseable {
    private final Plan.VariableSpec spec;
    private Slot held = new Slot();
    private Slot pending = new Slot();
    private Optional<Tensor> value = Optional.empty();
    private Optional<Tensor> next = Optional.empty();

    Variable(Plan.VariableSpec spec) {
        this.spec = spec;
    }

    /** The value, if there has been a write since the start or the last reset. */
    Optional<Tensor> value() {
        return value;
    }

    /** The value without an initial one: zeros, dynamic dimensions 0. */
    Tensor zeros() {
        long[] dims = new long[spec.shape().hasRank() ? spec.shape().rank() : 0];
        for (int i = 0; i < dims.length; i++) {
            Dimension dim = spec.shape().dim(i);
            dims[i] = dim.isStatic() ? dim.size() : 0;
        }
        ElementType type = spec.type() == ElementType.DYNAMIC ? ElementType.F32 : spec.type();
        Tensor zeros = held.allocate(type, Shape.of(dims));
        zeros.memory().fill((byte) 0);
        return zeros;
    }

    /** Keeps a copy of {@code tensor} until {@link #commit}. */
    void assign(Tensor tensor) {
        Tensor copy = pending.allocate(tensor.elementType(), tensor.shape());
        MemorySegment.copy(tensor.memory(), 0, copy.memory(), 0, copy.memory().byteSize());
        next = Optional.of(copy);
    }

    void commit() {
        if (next.isPresent()) {
            value = next;
            next = Optional.empty();
            Slot swap = held;
            held = pending;
            pending = swap;
        }
    }

    @Override
    public String name() {
        return spec.id();
    }

    @Override
    public Tensor state() {
        Tensor from = value.orElseGet(this::zeros);
        Tensor copy = Tensor.allocate(from.elementType(), from.shape());
        MemorySegment.copy(from.memory(), 0, copy.memory(), 0, copy.memory().byteSize());
        return copy;
    }

    @Override
    public void state(Tensor tensor) {
        boolean typeFits = spec.type() == ElementType.DYNAMIC || spec.type() == tensor.elementType();
        if (!typeFits || !spec.shape().admits(tensor.shape())) {
            throw new InferenceException(
                    "state \"" + spec.id() + "\" takes " + spec.type().irName() + spec.shape() + ", not " + tensor);
        }
        assign(tensor);
        commit();
    }

    @Override
    public void trim(int axis, long size) {
        if (value.isEmpty() || value.get().shape().dim(axis) <= size) {
            return;
        }
        Tensor from = value.get();
        long[] dims = from.shape().dims();
        long inner = from.elementType().byteSize(from.shape().elements(axis + 1, dims.length));
        long rows = from.shape().elements(0, axis);
        long step = dims[axis] * inner;
        dims[axis] = size;
        Tensor kept = pending.allocate(from.elementType(), Shape.of(dims));
        for (long r = 0; r < rows; r++) {
            MemorySegment.copy(from.memory(), r * step, kept.memory(), r * size * inner, size * inner);
        }
        next = Optional.of(kept);
        commit();
    }

    @Override
    public void reset() {
        value = Optional.empty();
    }

    @Override
    public void close() {
        held.close();
        pending.close();
    }
}
