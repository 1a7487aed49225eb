package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.PageLayout;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.PartialShape;
import dev.decanter.runtime.Tensor;
import java.util.List;
import java.util.Map;

/**
 * A compiled model: steps in order, and where each value lives. Values are numbered; a value is a constant, a model input,
 * lies in a slot, or is a view of another. Immutable, shared by executions.
 *
 * @param steps in the order of execution
 * @param valueCount number of values
 * @param slotOf value → slot, −1 for those without
 * @param slotCount number of slots
 * @param constants value → constant
 * @param parameters values of the model's inputs, in order
 * @param results values of the model's outputs, in order
 * @param caches KV caches
 * @param variables other state variables
 */
record Plan(
        List<PlannedStep> steps,
        int valueCount,
        List<Integer> slotOf,
        int slotCount,
        Map<Integer, Tensor> constants,
        List<Integer> parameters,
        List<Integer> results,
        List<CacheSpec> caches,
        List<VariableSpec> variables) {

    /** The same values with other steps. */
    Plan withSteps(List<PlannedStep> others) {
        return new Plan(
                List.copyOf(others), valueCount, slotOf, slotCount, constants, parameters, results, caches, variables);
    }

    /**
     * A step at its place.
     *
     * @param step what to do
     * @param layer the node, for messages
     * @param inputs values read
     * @param outputs values written
     */
    record PlannedStep(Step step, String layer, List<Integer> inputs, List<Integer> outputs) {}

    /** A KV cache [?, heads, ?, size], and how its pages lie. */
    record CacheSpec(String variable, PageLayout layout) {}

    /** A state variable. */
    record VariableSpec(String id, ElementType type, PartialShape shape) {}
}
