package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.ExtensionOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.SubGraphOp;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.spi.OperationExtension;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A model as a list of steps over numbered values, with the point at which each value is used last.
 *
 * @param steps what to evaluate, in order
 * @param values how many values there are
 * @param constants value → tensor
 * @param parameters the values that the inputs are
 * @param results the values that the outputs are
 * @param variables the states, in the order of the ReadValue layers
 * @param assigns what becomes of the states at the end
 */
record Plan(
        List<Step> steps,
        int values,
        Map<Integer, Tensor> constants,
        List<Integer> parameters,
        List<Integer> results,
        List<Variable> variables,
        List<Assignment> assigns) {
    /**
     * One layer.
     *
     * @param initial whether this serves only to give variables their first values
     * @param last values that nothing needs after this step
     */
    record Step(
            Op op,
            String name,
            List<Integer> inputs,
            List<Integer> outputs,
            Optional<OperationExtension.Kernel> kernel,
            boolean initial,
            List<Integer> last) {}

    record Variable(String id, ElementType type, PartialShape shape) {}

    record Assignment(String layer, int value, int variable) {}

    static Plan of(Model model, List<OperationExtension> extensions) {
        return new Builder(model, extensions).build();
    }

    private static final class Builder {
        private final Model model;
        private final List<OperationExtension> extensions;
        private final IdentityHashMap<Output, Integer> numbers = new IdentityHashMap<>();
        private final Map<Integer, Tensor> constants = new LinkedHashMap<>();
        private final Map<String, Variable> variables = new LinkedHashMap<>();
        private final List<Step> steps = new ArrayList<>();
        private int values;

        Builder(Model model, List<OperationExtension> extensions) {
            this.model = model;
            this.extensions = extensions;
        }

        Plan build() {
            List<Node> order = model.topologicalOrder();
            Set<Node> always = reachedWithoutInitialValues();
            for (Node node : order) {
                // an Assign passes its input through, so what reads the Assign reads that
                boolean through = node.op() instanceof Op.Assign || node.op() instanceof Op.AssignV3;
                for (Output output : node.outputs()) {
                    numbers.put(output, through ? number(node.input(0)) : values++);
                }
                switch (node.op()) {
                    case Op.Constant constant -> constants.put(number(node.output()), Constants.tensor(constant));
                    case Op.ReadValue _, Op.ReadValueV3 _ -> {
                        addVariable(node);
                        add(node, Optional.empty(), always);
                    }
                    case Op.Parameter _, Op.Result _, Op.Assign _, Op.AssignV3 _ -> {}
                    case Op.Opaque _ -> add(node, Optional.of(kernel(node)), always);
                    case SubGraphOp _ -> throw unsupported(node, "; layers with graphs inside are not supported");
                    case ExtensionOp _ -> throw unsupported(node, "");
                    default -> add(node, Optional.empty(), always);
                }
            }
            List<Assignment> assigns = assignments(order);
            List<Integer> results =
                    model.results().stream().map(r -> number(r.input(0))).toList();
            return new Plan(
                    withLastUses(results, assigns),
                    values,
                    constants,
                    model.parameters().stream().map(p -> number(p.output())).toList(),
                    results,
                    List.copyOf(variables.values()),
                    assigns);
        }

        /** Nodes that are needed even when every variable has a value. */
        private Set<Node> reachedWithoutInitialValues() {
            Set<Node> reached = new HashSet<>();
            List<Node> open = new ArrayList<>(model.results());
            open.addAll(model.sinks());
            while (!open.isEmpty()) {
                Node node = open.removeLast();
                if (reached.add(node) && !isRead(node)) {
                    node.inputs().forEach(i -> open.add(i.node()));
                }
            }
            return reached;
        }

        private static boolean isRead(Node node) {
            return node.op() instanceof Op.ReadValue || node.op() instanceof Op.ReadValueV3;
        }

        private void add(Node node, Optional<OperationExtension.Kernel> kernel, Set<Node> always) {
            List<Integer> inputs = node.inputs().stream().map(this::number).toList();
            List<Integer> outputs = node.outputs().stream().map(this::number).toList();
            steps.add(new Step(node.op(), node.name(), inputs, outputs, kernel, !always.contains(node), List.of()));
        }

        private int number(Output output) {
            return Objects.requireNonNull(numbers.get(output));
        }

        private void addVariable(Node node) {
            Output value = node.output();
            Variable variable = switch (node.op()) {
                case Op.ReadValue read ->
                    new Variable(
                            read.variableId(),
                            read.variableType() == ElementType.DYNAMIC ? value.elementType() : read.variableType(),
                            read.variableShape().hasRank() ? read.variableShape() : value.shape());
                case Op.ReadValueV3 read -> new Variable(read.variableId(), value.elementType(), value.shape());
                default -> throw new IllegalStateException(node.toString());
            };
            if (variables.put(variable.id(), variable) != null) {
                throw new InferenceException("layer " + node + " of model \"" + model.name() + "\" reads variable \""
                        + variable.id() + "\", which another layer reads already");
            }
        }

        private List<Assignment> assignments(List<Node> order) {
            List<String> ids = List.copyOf(variables.keySet());
            List<Assignment> out = new ArrayList<>();
            Set<String> written = new HashSet<>();
            for (Node node : order) {
                Optional<String> id = switch (node.op()) {
                    case Op.Assign assign -> Optional.of(assign.variableId());
                    case Op.AssignV3 assign -> Optional.of(assign.variableId());
                    default -> Optional.empty();
                };
                if (id.isEmpty()) {
                    continue;
                }
                int variable = ids.indexOf(id.get());
                if (variable < 0 || !written.add(id.get())) {
                    throw new InferenceException("layer " + node + " of model \"" + model.name()
                            + "\" writes variable \"" + id.get() + "\", which "
                            + (variable < 0 ? "no ReadValue layer reads" : "another layer writes already"));
                }
                out.add(new Assignment(node.name(), number(node.input(0)), variable));
            }
            return out;
        }

        private OperationExtension.Kernel kernel(Node node) {
            for (OperationExtension extension : extensions) {
                Optional<OperationExtension.Kernel> kernel = extension.kernel(node);
                if (kernel.isPresent()) {
                    return kernel.get();
                }
            }
            throw unsupported(node, " and no extension provides it");
        }

        private InferenceException unsupported(Node node, String more) {
            return new InferenceException("device " + ReferenceDevice.NAME + " does not know operation "
                    + node.op().type() + " (" + node.op().opset() + ") of layer \"" + node.name() + "\" in model \""
                    + model.name() + "\"" + more);
        }

        private List<Step> withLastUses(List<Integer> results, List<Assignment> assigns) {
            BitSet kept = new BitSet();
            results.forEach(kept::set);
            assigns.forEach(a -> kept.set(a.value()));
            List<Step> out = new ArrayList<>(steps);
            // from the end: the first step met that touches a value is the last one that needs it
            for (int s = out.size() - 1; s >= 0; s--) {
                Step step = out.get(s);
                List<Integer> last = Stream.concat(step.inputs().stream(), step.outputs().stream())
                        .distinct()
                        .filter(v -> !kept.get(v))
                        .toList();
                last.forEach(kept::set);
                out.set(
                        s,
                        new Step(
                                step.op(),
                                step.name(),
                                step.inputs(),
                                step.outputs(),
                                step.kernel(),
                                step.initial(),
                                last));
            }
            return out;
        }
    }
}
