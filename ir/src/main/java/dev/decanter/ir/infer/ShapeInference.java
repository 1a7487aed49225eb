package dev.decanter.ir.infer;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Output;
import dev.decanter.ir.OutputSpec;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ExtensionOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.SubGraphOp;
import dev.decanter.ir.op.UnaryOp;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Types and shapes of an op's outputs from those of its inputs, as OpenVINO's operation specifications define them. Works
 * on partial shapes when a graph is built and on static shapes with values when it runs.
 *
 * <p>While a graph runs, a device asks with static shapes and with the exact values of {@link #valueInputs}; the answer
 * is then static, but for what depends on data: the count of NonZero, the length of a Range over floats.
 *
 * {@snippet :
 * InputSpec data = InputSpec.of(ElementType.F32, Shape.of(2, 7, 64));
 * InputSpec target = InputSpec.of(ElementType.I64, Shape.of(4), 0, 0, 4, 16);
 * ShapeInference.inferSpecs(new ShapeOp.Reshape(true), "heads", List.of(data, target)); // f32 [2,7,4,16]
 * }
 */
public final class ShapeInference {
    private static final int[] NO_INPUT = {};
    private static final int[] SECOND = {1};
    private static final int[] THIRD = {2};
    private static final int[] SECOND_THIRD = {1, 2};
    private static final int[] FIRST_TO_THIRD = {0, 1, 2};
    private static final int[] SECOND_TO_FOURTH = {1, 2, 3};
    private static final int[] SECOND_TO_FIFTH = {1, 2, 3, 4};

    private ShapeInference() {}

    /** Whether outputs of {@code op} follow from its inputs; not so for unknown ops and ops with graphs inside. */
    public static boolean canInfer(Op op) {
        return !(op instanceof Op.Opaque || op instanceof SubGraphOp);
    }

    /**
     * Which inputs' values decide the shape of the outputs; an index may be beyond the inputs that a node has. A device
     * that knows static shapes needs to give the values of these only (a Range's only if they are integers).
     */
    public static int[] valueInputs(Op op) {
        return switch (op) {
            case ReduceOp _,
                    ShapeOp.Reshape _,
                    ShapeOp.Squeeze _,
                    ShapeOp.SqueezeV15 _,
                    ShapeOp.Unsqueeze _,
                    ShapeOp.Transpose _,
                    ShapeOp.Split _,
                    ShapeOp.Broadcast _,
                    ShapeOp.BroadcastV1 _,
                    ShapeOp.Tile _,
                    ShapeOp.OneHot _,
                    GatherScatterOp.TopK _,
                    GatherScatterOp.TopKV3 _ -> SECOND;
            case GatherScatterOp.Gather _, GatherScatterOp.GatherV7 _, GatherScatterOp.GatherV1 _ -> THIRD;
            case ShapeOp.VariadicSplit _, ShapeOp.Pad _, ShapeOp.PadV1 _ -> SECOND_THIRD;
            case ShapeOp.Range _ -> FIRST_TO_THIRD;
            case ShapeOp.StridedSlice _ -> SECOND_TO_FOURTH;
            case ShapeOp.Slice _ -> SECOND_TO_FIFTH;
            case UnaryOp _,
                    BinaryOp _,
                    NeuralOp _,
                    ShapeOp.Convert _,
                    ShapeOp.ConvertLike _,
                    ShapeOp.ShapeOf _,
                    ShapeOp.ShapeOfV1 _,
                    ShapeOp.Concat _,
                    ShapeOp.Select _,
                    ShapeOp.NonZero _,
                    ShapeOp.CumSum _,
                    ShapeOp.Reverse _,
                    GatherScatterOp.GatherElements _,
                    GatherScatterOp.GatherND _,
                    GatherScatterOp.GatherNDV5 _,
                    GatherScatterOp.ScatterUpdate _,
                    GatherScatterOp.ScatterNDUpdateV3 _,
                    GatherScatterOp.ScatterNDUpdateV4 _,
                    GatherScatterOp.ScatterNDUpdate _,
                    GatherScatterOp.ScatterElementsUpdateV3 _,
                    GatherScatterOp.ScatterElementsUpdate _,
                    SubGraphOp _,
                    Op.Parameter _,
                    Op.Constant _,
                    Op.Result _,
                    Op.ReadValue _,
                    Op.ReadValueV3 _,
                    Op.Assign _,
                    Op.AssignV3 _,
                    Op.StringTensorUnpack _,
                    Op.StringTensorPack _,
                    Op.Opaque _,
                    ExtensionOp _ -> NO_INPUT;
        };
    }

    /** Outputs of a graph's node; throws {@link dev.decanter.ir.IrException} naming the layer if inputs do not fit. */
    public static List<OutputSpec> infer(Op op, String name, List<Output> inputs) {
        if (op instanceof ExtensionOp extension) {
            return extension.infer(inputs);
        }
        int[] wanted = valueInputs(op);
        ValuePropagation values = wanted.length == 0 ? null : new ValuePropagation();
        List<InputSpec> specs = new ArrayList<>(inputs.size());
        for (int i = 0; i < inputs.size(); i++) {
            Output input = inputs.get(i);
            Optional<ValueBounds> value = values != null && contains(wanted, i) ? values.of(input) : Optional.empty();
            specs.add(new InputSpec(input.elementType(), input.shape(), value));
        }
        return inferSpecs(op, name, specs);
    }

    private static boolean contains(int[] indices, int index) {
        for (int i : indices) {
            if (i == index) {
                return true;
            }
        }
        return false;
    }

    /**
     * What is known of the elements of {@code output}, an integer or boolean tensor of rank 0 or 1: found by looking
     * through the layers that compute it. Empty if it is of another kind or too large.
     */
    public static Optional<ValueBounds> values(Output output) {
        return new ValuePropagation().of(output);
    }

    /** Outputs for these inputs; throws {@link dev.decanter.ir.IrException} naming the layer if they do not fit. */
    public static List<OutputSpec> inferSpecs(Op op, String name, List<InputSpec> inputs) {
        Call call = new Call(op, name, inputs);
        return switch (op) {
            case UnaryOp unary -> ElementwiseInference.unary(unary, call);
            case BinaryOp binary -> ElementwiseInference.binary(binary, call);
            case ReduceOp reduce -> ReduceInference.infer(reduce, call);
            case ShapeOp shape -> ShapeOpInference.infer(shape, call);
            case GatherScatterOp gather -> GatherScatterInference.infer(gather, call);
            case NeuralOp neural -> NeuralInference.infer(neural, call);
            case Op.Parameter parameter -> {
                call.arity(0, 0);
                yield Call.one(parameter.elementType(), parameter.shape());
            }
            case Op.Constant constant -> {
                call.arity(0, 0);
                yield Call.one(constant.elementType(), PartialShape.of(constant.shape()));
            }
            case Op.Result _ -> {
                call.arity(1, 1);
                yield List.of();
            }
            case Op.ReadValue read -> readValue(read.variableType(), read.variableShape(), call);
            case Op.ReadValueV3 _ -> readValue(ElementType.DYNAMIC, PartialShape.DYNAMIC, call);
            case Op.Assign _, Op.AssignV3 _ -> {
                call.arity(1, 1);
                yield Call.one(call.type(0), call.shape(0));
            }
            case Op.StringTensorUnpack _ -> {
                call.arity(1, 1);
                if (call.type(0) != ElementType.STRING && call.type(0) != ElementType.DYNAMIC) {
                    throw call.error("needs strings, not " + call.type(0).irName());
                }
                OutputSpec limits = new OutputSpec(ElementType.I32, call.shape(0));
                yield List.of(limits, limits, new OutputSpec(ElementType.U8, PartialShape.ofRank(1)));
            }
            case Op.StringTensorPack _ -> {
                call.arity(3, 3);
                call.integer(0, "begins");
                call.integer(1, "ends");
                if (!call.shape(0).compatible(call.shape(1))) {
                    throw call.shapeError("begins and ends must have the same shape", 2);
                }
                yield Call.one(ElementType.STRING, call.shape(0).intersect(call.shape(1)));
            }
            case Op.Opaque _, SubGraphOp _, ExtensionOp _ ->
                throw call.error("outputs of this op cannot be inferred from its inputs' types and shapes");
        };
    }

    private static List<OutputSpec> readValue(ElementType type, PartialShape shape, Call call) {
        call.arity(0, 1);
        if (!call.has(0)) {
            return Call.one(type, shape);
        }
        ElementType initial = call.type(0);
        if (type == ElementType.DYNAMIC) {
            return Call.one(initial, shape.hasRank() ? shape : call.shape(0));
        }
        if (initial != ElementType.DYNAMIC && initial != type) {
            throw call.error("the initial value is " + initial.irName() + ", the variable " + type.irName());
        }
        if (!shape.compatible(call.shape(0))) {
            throw call.error("the initial value has shape " + call.shape(0) + ", the variable " + shape);
        }
        return Call.one(type, shape);
    }
}
