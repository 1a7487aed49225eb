package dev.decanter.runtime.reference;

import dev.decanter.ir.DecanterException;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.Op;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.VariableState;
import dev.decanter.runtime.spi.Execution;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Evaluates the steps of a plan one after the other and frees each value after its last use. */
final class ReferenceExecution implements Execution {
    /** Stands for a value that is not there (yet, or any more). */
    private static final Tensor NONE = Tensor.ofStrings(Shape.of(0), List.of());

    private final Plan plan;
    private final List<ReferenceState> states = new ArrayList<>();
    private final BufferPool stateMemory = new BufferPool();
    private final BufferPool memory = new BufferPool();
    /** Kernels of extensions make tensors of their own, which this must close. */
    private final List<Tensor> foreign = new ArrayList<>();

    ReferenceExecution(Plan plan) {
        this.plan = plan;
        plan.variables().forEach(v -> states.add(new ReferenceState(v, stateMemory)));
    }

    @Override
    public List<Tensor> infer(List<Tensor> inputs) {
        releaseAll();
        Tensor[] values = new Tensor[plan.values()];
        Arrays.fill(values, NONE);
        plan.constants().forEach((value, tensor) -> values[value] = tensor);
        for (int i = 0; i < inputs.size(); i++) {
            values[plan.parameters().get(i)] = inputs.get(i);
        }
        boolean initialValuesNeeded = !states.stream().allMatch(ReferenceState::isSet);
        for (Plan.Step step : plan.steps()) {
            if (step.initial() && !initialValuesNeeded) {
                continue;
            }
            List<Tensor> outputs = run(step, values);
            for (int i = 0; i < step.outputs().size(); i++) {
                values[step.outputs().get(i)] = outputs.get(i);
            }
            for (int value : step.last()) {
                release(values[value]);
                values[value] = NONE;
            }
        }
        // all or none: a value that does not fit leaves every state as it was
        plan.assigns().forEach(a -> check(a, values[a.value()]));
        plan.assigns().forEach(a -> states.get(a.variable()).state(values[a.value()]));
        return plan.results().stream().map(r -> values[r]).toList();
    }

    private void check(Plan.Assignment assign, Tensor value) {
        try {
            states.get(assign.variable()).check(value);
        } catch (DecanterException e) {
            throw new InferenceException("layer \"" + assign.layer() + "\" (Assign): " + e.getMessage(), e);
        }
    }

    private List<Tensor> run(Plan.Step step, Tensor[] values) {
        if (step.op() instanceof Op.ReadValue read) {
            return List.of(read(read.variableId(), step, values));
        }
        if (step.op() instanceof Op.ReadValueV3 read) {
            return List.of(read(read.variableId(), step, values));
        }
        List<Tensor> inputs = step.inputs().stream().map(i -> values[i]).toList();
        return step.kernel().isPresent()
                ? runKernel(step, inputs)
                : ReferenceOps.evaluate(step.op(), step.name(), inputs, memory);
    }

    /** A copy, so that writing the variable at the end does not change what an output shows. */
    private Tensor read(String id, Plan.Step step, Tensor[] values) {
        ReferenceState state = states.stream()
                .filter(s -> s.name().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(id));
        if (state.isSet() || step.inputs().isEmpty()) {
            return state.copy(memory);
        }
        Tensor initial = values[step.inputs().getFirst()];
        return Copier.all(initial, initial.shape(), memory);
    }

    private List<Tensor> runKernel(Plan.Step step, List<Tensor> inputs) {
        String layer = "layer \"" + step.name() + "\" (" + step.op().type() + ", "
                + step.op().opset() + ")";
        List<Tensor> outputs;
        try {
            outputs = step.kernel().orElseThrow().evaluate(inputs);
        } catch (DecanterException | IndexOutOfBoundsException | ArithmeticException e) {
            throw new InferenceException(layer + ": " + e.getMessage(), e);
        }
        foreign.addAll(outputs);
        if (outputs.size() != step.outputs().size()) {
            throw new IrException(layer + ": its extension gave " + outputs.size() + " outputs, not "
                    + step.outputs().size());
        }
        return outputs;
    }

    private void release(Tensor tensor) {
        memory.release(tensor);
        if (foreign.removeIf(t -> t == tensor)) {
            tensor.close();
        }
    }

    /** For tests: the values that are held between inferences. */
    int tensorsInUse() {
        return memory.inUse();
    }

    private void releaseAll() {
        memory.releaseAll();
        foreign.forEach(Tensor::close);
        foreign.clear();
    }

    @Override
    public List<VariableState> states() {
        return List.copyOf(states);
    }

    @Override
    public void close() {
        releaseAll();
        memory.close();
        stateMemory.close();
    }
}
