package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.UnaryOp;
import dev.decanter.cpu.machine.MachineAttention;
import dev.decanter.cpu.machine.MachineRows;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;

/**
 * Which nodes of a graph after all passes run in machine code, or move and count numbers without any kernel. What it does not
 * know, it denies.
 */
final class MachineOnly {
    private static final int LANES = 16;

    private MachineOnly() {}

    /** Whether this processor has machine code for all kinds of kernels that such a graph needs, at any number of rows. */
    static boolean available() {
        return MachineRows.kernels().isPresent()
                && MachineAttention.kernels().isPresent()
                && MachineAttention.tiles().isPresent();
    }

    static boolean computes(Node node) {
        return switch (node.op()) {
            case FusedOp.BlockLinear op -> op.gate().isEmpty() || op.gate().get() == UnaryOp.SWISH;
            case FusedOp.RmsNorm _, FusedOp.Embedding _, FusedOp.Angles _, FusedOp.DecoderMask _ -> true;
            case FusedOp.CachePast _, FusedOp.Sizes _ -> true;
            case FusedOp.Rotary _, FusedOp.CacheAppend _ -> isWhole(node.input(0));
            case FusedOp.Attention op ->
                !op.exact() && isKept(node.input(1)) && isKept(node.input(2)) && isWhole(node.input(2));
            case FusedOp _ -> false;
            case Op.Parameter _, Op.Result _, Op.Constant _ -> true;
            case ShapeOp.Reshape _, ShapeOp.Squeeze _, ShapeOp.SqueezeV15 _, ShapeOp.Unsqueeze _ ->
                !isKept(node.input(0));
            case ShapeOp.Slice _, ShapeOp.Transpose _ -> !isKept(node.input(0));
            // numbers of positions and shapes, a few for each token
            case ShapeOp _ -> node.outputs().stream().allMatch(MachineOnly::counts);
            default -> false;
        };
    }

    private static boolean counts(Output output) {
        return output.elementType() == ElementType.I64 || output.elementType() == ElementType.I32;
    }

    /** Whether a value is a cache and not in one piece of memory. */
    private static boolean isKept(Output value) {
        return value.node().op() instanceof FusedOp.CacheAppend;
    }

    /** Whether rows of heads are whole vectors. */
    private static boolean isWhole(Output heads) {
        PartialShape shape = heads.shape();
        return shape.hasRank()
                && shape.rank() == 4
                && shape.dim(3).isStatic()
                && shape.dim(3).size() % LANES == 0
                && shape.dim(3).size() > 0;
    }
}
