package dev.decanter.runtime.reference;

import dev.decanter.ir.DecanterException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.ExtensionOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.SubGraphOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import java.util.List;

/**
 * Evaluates one op on tensors, for every op of the family. Semantics are those of OpenVINO's operation specifications;
 * floats are computed in double and rounded once to the type (to nearest even).
 */
public final class ReferenceOps {
    private ReferenceOps() {}

    /**
     * Computes the outputs of {@code op}.
     *
     * @param layerName for messages
     * @param inputs the op's inputs in order; optional ones at the end may be left out
     * @param allocator gives the memory of each output, except that of strings; nothing else is asked of it
     * @return the outputs in order; never an input itself
     * @throws InferenceException naming the layer if the inputs do not fit, or if the op is one that only an executor of
     *     whole graphs can run (states, graphs inside, unknown ops)
     */
    public static List<Tensor> evaluate(Op op, String layerName, List<Tensor> inputs, Allocator allocator) {
        try {
            if (StringMoves.applies(op, inputs)) {
                return StringMoves.evaluate(op, layerName, inputs);
            }
            return dispatch(op, inputs, allocator);
        } catch (DecanterException | IndexOutOfBoundsException | ArithmeticException e) {
            throw new InferenceException(
                    "layer \"" + layerName + "\" (" + op.type() + ", " + op.opset() + "): " + e.getMessage(), e);
        }
    }

    private static List<Tensor> dispatch(Op op, List<Tensor> inputs, Allocator allocator) {
        return switch (op) {
            case UnaryOp unary -> UnaryOps.evaluate(unary, inputs, allocator);
            case BinaryOp binary -> BinaryOps.evaluate(binary, inputs, allocator);
            case ReduceOp reduce -> ReduceOps.evaluate(reduce, inputs, allocator);
            case ShapeOp shape -> ShapeOps.evaluate(shape, inputs, allocator);
            case GatherScatterOp gather -> GatherScatterOps.evaluate(gather, inputs, allocator);
            case NeuralOp neural -> NeuralOps.evaluate(neural, inputs, allocator);
            case Op.StringTensorUnpack _ -> StringOps.unpack(inputs.getFirst(), allocator);
            case Op.StringTensorPack _ -> StringOps.pack(inputs);
            case Op.Constant constant -> List.of(copy(Constants.tensor(constant), allocator));
            case Op.Result _, Op.Assign _, Op.AssignV3 _ -> List.of(copy(inputs.getFirst(), allocator));
            case Op.Parameter _, Op.ReadValue _, Op.ReadValueV3 _, Op.Opaque _, SubGraphOp _, ExtensionOp _ ->
                throw new IrException("cannot be evaluated outside of its graph");
        };
    }

    private static Tensor copy(Tensor tensor, Allocator allocator) {
        return tensor.elementType() == ElementType.STRING
                ? Tensor.ofStrings(tensor.shape(), tensor.strings())
                : Copier.all(tensor, tensor.shape(), allocator);
    }
}
