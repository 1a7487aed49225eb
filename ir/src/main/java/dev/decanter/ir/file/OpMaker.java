package dev.decanter.ir.file;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Model;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.infer.ShapeInference;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.OpRegistry;
import dev.decanter.ir.op.SubGraphOp;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Makes the op of a layer from its attributes, data and bodies, and settles what its outputs are. */
final class OpMaker {
    /** An op, and the attributes of the layer's {@code data} that it does not define. */
    record Made(Op op, Map<String, String> extraAttributes) {}

    private static final Set<String> CONSTANT_ATTRIBUTES = Set.of("element_type", "shape", "offset", "size");

    private static final Set<String> WITH_BODIES = Set.of("TensorIterator", "Loop", "If");

    private final Weights weights;
    private final GraphBuilder graphs;

    OpMaker(Weights weights, GraphBuilder graphs) {
        this.weights = weights;
        this.graphs = graphs;
    }

    Made make(RawGraph.Layer layer) {
        Set<String> used = new HashSet<>();
        Op op = op(layer, used);
        checkRank(op);
        Map<String, String> extra = new LinkedHashMap<>(layer.data());
        extra.keySet().removeAll(used);
        return new Made(op, extra);
    }

    private Op op(RawGraph.Layer layer, Set<String> used) {
        if (layer.version().equals("opset1")) {
            switch (layer.type()) {
                case "Const", "Constant" -> {
                    used.addAll(CONSTANT_ATTRIBUTES);
                    return constant(layer);
                }
                case "Result" -> {
                    return new Op.Result(layer.outputNames());
                }
                default -> {}
            }
        }
        Optional<Op> known = OpRegistry.read(layer.type(), layer.version(), layer.data(), used);
        if (known.isPresent()) {
            return known.get();
        }
        used.addAll(layer.data().keySet());
        if (!layer.bodies().isEmpty()) {
            return new SubGraphOp.SubGraph(layer.type(), layer.version(), layer.data(), bodies(layer));
        }
        if (WITH_BODIES.contains(layer.type())) {
            throw new IrException("the graph inside is missing");
        }
        return new Op.Opaque(layer.type(), layer.version(), layer.data());
    }

    private static void checkRank(Op op) {
        PartialShape shape = switch (op) {
            case Op.Parameter parameter -> parameter.shape();
            case Op.ReadValue read -> read.variableShape();
            default -> PartialShape.DYNAMIC;
        };
        check(shape);
    }

    /** Refuses shapes that no tensor can have. */
    private static void check(PartialShape shape) {
        if (shape.hasRank() && shape.rank() > Limits.RANK) {
            throw new IrException("a shape has rank " + shape.rank() + "; more than " + Limits.RANK
                    + " dimensions are not supported");
        }
        if (shape.isStatic()) {
            shape.toShape();
        }
    }

    private Op constant(RawGraph.Layer layer) {
        ElementType type =
                ElementType.fromIrName(attribute(layer, "element_type").strip());
        PartialShape shape = PartialShape.parse(attribute(layer, "shape"));
        check(shape);
        long offset = Limits.number(attribute(layer, "offset"), "offset");
        long size = Limits.number(attribute(layer, "size"), "size");
        if (type == ElementType.DYNAMIC) {
            throw new IrException("a constant needs an element type that is not dynamic");
        }
        Shape dims = shape.toShape();
        if (type != ElementType.STRING && type.byteSize(dims.elements()) != size) {
            throw new IrException("type " + type.irName() + " and shape " + dims + " need "
                    + type.byteSize(dims.elements()) + " bytes, but its size is " + size);
        }
        ConstantData data = weights.slice(offset, size);
        if (type == ElementType.STRING && weights.readable()) {
            StringConstants.check(data, dims);
        }
        return new Op.Constant(type, dims, data);
    }

    private static String attribute(RawGraph.Layer layer, String name) {
        String value = layer.data().get(name);
        if (value == null) {
            throw new IrException("attribute \"" + name + "\" is missing");
        }
        return value;
    }

    private List<SubGraphOp.Body> bodies(RawGraph.Layer layer) {
        List<SubGraphOp.Body> bodies = new ArrayList<>();
        for (RawGraph.Body body : layer.bodies()) {
            Model model = graphs.build(body.graph());
            bodies.add(BodyLinks.read(layer, body, model));
        }
        return bodies;
    }

    /** What the file declares, made more exact by inference; a contradiction is an error. */
    List<OutputSpec> outputs(Op op, RawGraph.Layer layer, List<Output> inputs) {
        List<OutputSpec> declared =
                layer.outputs().stream().map(RawGraph.Port::spec).toList();
        boolean inferable =
                ShapeInference.canInfer(op) && (weights.readable() || ShapeInference.valueInputs(op).length == 0);
        List<OutputSpec> specs =
                inferable ? intersect(declared, ShapeInference.infer(op, layer.name(), inputs)) : declared;
        specs.forEach(spec -> check(spec.shape()));
        return specs;
    }

    private static List<OutputSpec> intersect(List<OutputSpec> declared, List<OutputSpec> inferred) {
        if (declared.size() > inferred.size()) {
            throw new IrException("the file gives it " + declared.size() + " outputs, but it has " + inferred.size());
        }
        // files of older tools leave out outputs that nothing reads
        List<OutputSpec> out = new ArrayList<>(inferred);
        for (int i = 0; i < declared.size(); i++) {
            out.set(i, intersect(i, declared.get(i), inferred.get(i)));
        }
        return out;
    }

    private static OutputSpec intersect(int index, OutputSpec declared, OutputSpec inferred) {
        ElementType type =
                inferred.elementType() == ElementType.DYNAMIC ? declared.elementType() : inferred.elementType();
        if (declared.elementType() != ElementType.DYNAMIC && declared.elementType() != type) {
            throw new IrException("output " + index + " is declared with type "
                    + declared.elementType().irName() + ", but its inputs and attributes give " + type.irName());
        }
        if (!declared.shape().compatible(inferred.shape())) {
            throw new IrException("output " + index + " is declared with shape " + declared.shape()
                    + ", but its inputs and attributes give " + inferred.shape());
        }
        return new OutputSpec(type, declared.shape().intersect(inferred.shape()));
    }
}
