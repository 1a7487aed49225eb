package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.QuantizedRows;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.machine.MachineRows;
import dev.decanter.ir.DecanterException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.VariableState;
import dev.decanter.runtime.spi.Execution;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One execution of a plan: its buffers, values and states. */
final class Frame implements Execution {
    private final Plan plan;
    private final ThreadTeam team;
    private final @Nullable Tensor[] values;
    private final @Nullable KvCache[] cacheOf;
    private final @Nullable Shape[] shapes;
    private final @Nullable SeenKeys[] seenKeys;
    private final Slot[] slots;
    private final List<Slot> dense = new ArrayList<>();
    private final Map<String, KvCache> caches = new LinkedHashMap<>();
    private final Map<String, Variable> variables = new LinkedHashMap<>();
    private final QuantizedRows quantized = new QuantizedRows(MachineRows.orPortable());
    private Plan.PlannedStep current;

    Frame(Plan plan, ThreadTeam team) {
        this.plan = plan;
        this.team = team;
        values = new Tensor[plan.valueCount()];
        cacheOf = new KvCache[plan.valueCount()];
        shapes = new Shape[plan.valueCount()];
        seenKeys = new SeenKeys[plan.valueCount()];
        slots = new Slot[plan.slotCount()];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = new Slot();
        }
        plan.constants().forEach((value, tensor) -> values[value] = tensor);
        for (Plan.CacheSpec spec : plan.caches()) {
            caches.put(spec.variable(), new KvCache(spec.variable(), spec.layout()));
        }
        for (Plan.VariableSpec spec : plan.variables()) {
            variables.put(spec.id(), new Variable(spec));
        }
        current = plan.steps().isEmpty() ? NOTHING : plan.steps().getFirst();
    }

    private static final Plan.PlannedStep NOTHING = new Plan.PlannedStep(f -> {}, "", List.of(), List.of());

    @Override
    public List<Tensor> infer(List<Tensor> inputs) {
        for (int i = 0; i < inputs.size(); i++) {
            int value = plan.parameters().get(i);
            values[value] = inputs.get(i);
            seenKeys[value] = null;
        }
        caches.values().forEach(KvCache::begin);
        List<Tensor> results = new ArrayList<>(plan.results().size());
        try {
            for (Plan.PlannedStep step : plan.steps()) {
                current = step;
                step.step().run(this);
            }
            for (int value : plan.results()) {
                results.add(dense(value, results.size()));
            }
        } catch (DecanterException e) {
            caches.values().forEach(KvCache::rollBack);
            String message = e.getMessage();
            if (message != null && message.contains(current.layer())) {
                throw e;
            }
            throw new InferenceException("layer " + current.layer() + ": " + message, e);
        } catch (RuntimeException | Error e) {
            caches.values().forEach(KvCache::rollBack);
            throw e;
        }
        caches.values().forEach(KvCache::commit);
        variables.values().forEach(Variable::commit);
        return results;
    }

    ThreadTeam team() {
        return team;
    }

    /** Codes of activations, which a step fills and reads; for no longer than the step. */
    QuantizedRows quantized() {
        return quantized;
    }

    int inputCount() {
        return current.inputs().size();
    }

    /** The current step's input, contiguous. */
    Tensor in(int index) {
        return dense(current.inputs().get(index), index);
    }

    /** The current step's input's shape, without touching its memory. */
    Shape shape(int index) {
        int value = current.inputs().get(index);
        KvCache cache = cacheOf[value];
        Shape shape = shapes[value];
        if (shape != null) {
            return shape;
        }
        return cache != null ? cache.shape() : required(value).shape();
    }

    ElementType type(int index) {
        int value = current.inputs().get(index);
        return cacheOf[value] != null ? ElementType.F32 : required(value).elementType();
    }

    /** The cache that the current step's input is, if it is one. */
    Optional<KvCache> cache(int index) {
        return Optional.ofNullable(cacheOf[current.inputs().get(index)]);
    }

    private Tensor dense(int value, int position) {
        KvCache cache = cacheOf[value];
        if (cache == null) {
            return required(value);
        }
        while (dense.size() <= position) {
            dense.add(new Slot());
        }
        Tensor copy = dense.get(position).allocate(ElementType.F32, cache.shape());
        cache.copyTo(copy.memory());
        return copy;
    }

    private Tensor required(int value) {
        Tensor tensor = values[value];
        if (tensor == null) {
            throw new IllegalStateException("value " + value + " is read before it is written, at " + current.layer());
        }
        return tensor;
    }

    /** Memory for the current step's output, of any content. */
    Tensor out(int index, ElementType type, Shape shape) {
        int value = current.outputs().get(index);
        Tensor tensor = slots[plan.slotOf().get(value)].allocate(type, shape);
        values[value] = tensor;
        seenKeys[value] = null;
        return tensor;
    }

    /** Makes the current step's output a view (of an input) or a tensor from elsewhere. */
    void view(int index, Tensor tensor) {
        int value = current.outputs().get(index);
        values[value] = tensor;
        seenKeys[value] = null;
    }

    /** Makes the current step's output a whole cache. */
    void view(int index, KvCache cache) {
        cacheOf[current.outputs().get(index)] = cache;
    }

    /** Gives the current step's output a shape and no memory, for a value of which only the shape is asked. */
    void shapeOnly(int index, Shape shape) {
        int value = current.outputs().get(index);
        shapes[value] = shape;
    }

    /** What the current step's input hides as a mask, if that has been found out since it was written. */
    Optional<SeenKeys> seenKeys(int index) {
        return Optional.ofNullable(seenKeys[current.inputs().get(index)]);
    }

    /** Keeps that for steps that read the same mask. */
    void seenKeys(int index, SeenKeys seen) {
        seenKeys[current.inputs().get(index)] = seen;
    }

    /** Makes the current step's output a mask of which the numbers are perhaps not in memory. */
    void mask(int index, SeenKeys seen) {
        seenKeys[current.outputs().get(index)] = seen;
    }

    KvCache kvCache(String variable) {
        return java.util.Objects.requireNonNull(caches.get(variable));
    }

    Variable variable(String id) {
        return java.util.Objects.requireNonNull(variables.get(id));
    }

    @Override
    public List<VariableState> states() {
        List<VariableState> all = new ArrayList<>(caches.values());
        all.addAll(variables.values());
        return all;
    }

    @Override
    public void close() {
        for (Slot slot : slots) {
            slot.close();
        }
        dense.forEach(Slot::close);
        quantized.close();
        caches.values().forEach(KvCache::close);
        variables.values().forEach(Variable::close);
    }
}
