package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.ConstantData;
import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.ExtensionOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.SubGraphOp;
import dev.decanter.ir.rewrite.Pass;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.reference.ReferenceOps;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Computes at compile time what depends on constants only, and the static dimensions of a shape that is taken apart. */
final class FoldConstants implements Pass {
    private final WeightMemory memory;

    /** Folded constants live as long as {@code memory}. */
    FoldConstants(WeightMemory memory) {
        this.memory = memory;
    }

    @Override
    public boolean run(Model model) {
        boolean changed = false;
        for (Node node : model.topologicalOrder()) {
            if (foldable(node)) {
                changed |= fold(node);
            } else if (node.op() instanceof GatherScatterOp.Gather) {
                changed |= staticDimensions(node);
            }
        }
        return changed;
    }

    private static boolean foldable(Node node) {
        boolean candidate = switch (node.op()) {
            case Op.Constant _,
                    Op.Parameter _,
                    Op.Result _,
                    Op.ReadValue _,
                    Op.ReadValueV3 _,
                    Op.Assign _,
                    Op.AssignV3 _,
                    Op.Opaque _ -> false;
            case SubGraphOp _, ExtensionOp _ -> false;
            default -> true;
        };
        return candidate
                && !node.inputs().isEmpty()
                && node.inputs().stream().allMatch(i -> i.node().op() instanceof Op.Constant);
    }

    private boolean fold(Node node) {
        List<Tensor> inputs = new ArrayList<>();
        for (Output input : node.inputs()) {
            Op.Constant constant = (Op.Constant) input.node().op();
            if (constant.elementType() == ElementType.STRING) {
                return false;
            }
            inputs.add(Tensor.of(
                    constant.elementType(), constant.shape(), constant.data().segment()));
        }
        List<Tensor> outputs = ReferenceOps.evaluate(node.op(), node.name(), inputs, this::allocate);
        for (int i = 0; i < outputs.size(); i++) {
            Tensor value = outputs.get(i);
            if (value.elementType() != ElementType.STRING) {
                constant(node.output(i), value.elementType(), value.shape(), value.memory());
            }
        }
        return true;
    }

    private Tensor allocate(ElementType type, Shape shape) {
        long bytes = type.byteSize(shape.elements());
        return Tensor.of(type, shape, memory.allocate(bytes));
    }

    private static void constant(Output old, ElementType type, Shape shape, MemorySegment memory) {
        Op.Constant value = new Op.Constant(type, shape, ConstantData.of(memory));
        old.replaceWith(Node.of(value, old.node().name(), List.of()).output());
    }

    /** Gather(ShapeOf(x), indices) is constant where those dimensions are static, although others are not. */
    private boolean staticDimensions(Node gather) {
        Node shapeOf = gather.input(0).node();
        boolean isShape = shapeOf.op() instanceof ShapeOp.ShapeOf || shapeOf.op() instanceof ShapeOp.ShapeOfV1;
        Optional<long[]> indices = Constants.integers(gather.input(1));
        if (!isShape
                || indices.isEmpty()
                || !Graphs.isAxis(gather.input(2), 0, 1)
                || !gather.output().shape().isStatic()) {
            return false;
        }
        boolean wide = gather.output().elementType() == ElementType.I64;
        Shape shape = gather.output().shape().toShape();
        long width = wide ? 8 : 4;
        MemorySegment dims = memory.allocate(width * shape.elements());
        for (int i = 0; i < indices.get().length; i++) {
            long dim = Graphs.dim(shapeOf.input(0), (int) indices.get()[i]);
            if (dim < 0) {
                return false;
            }
            if (wide) {
                dims.set(ValueLayout.JAVA_LONG, 8L * i, dim);
            } else {
                dims.set(ValueLayout.JAVA_INT, 4L * i, (int) dim);
            }
        }
        constant(gather.output(), gather.output().elementType(), shape, dims);
        return true;
    }
}
