package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.SubGraphOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.InferenceException;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.reference.ReferenceOps;
import dev.decanter.runtime.spi.OperationExtension;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Chooses the step that computes a node: a kernel where there is one, else the reference implementation of the op. */
final class Lowering {
    /**
     * A step.
     *
     * @param step what to do
     * @param viewsInput whether output 0 shares the memory of input 0
     */
    record Lowered(Step step, boolean viewsInput) {
        static Lowered of(Step step) {
            return new Lowered(step, false);
        }
    }

    private final MatMulSteps.Packs packs;
    private final List<OperationExtension> extensions;

    /** Packed weights live as long as {@code memory}. */
    Lowering(ThreadTeam team, WeightMemory memory, List<OperationExtension> extensions) {
        this.packs = new MatMulSteps.Packs(team, memory);
        this.extensions = extensions;
    }

    Lowered lower(Node node) {
        return switch (node.op()) {
            case FusedOp op -> Lowered.of(fused(op, node.name()));
            case Op.ReadValue op -> Lowered.of(read(node, op.variableId()));
            case Op.ReadValueV3 op -> Lowered.of(read(node, op.variableId()));
            case Op.Assign op -> Lowered.of(assign(op.variableId()));
            case Op.AssignV3 op -> Lowered.of(assign(op.variableId()));
            case Op.Opaque op -> Lowered.of(extension(node, op));
            case SubGraphOp op -> throw unsupported(node, op);
            case ShapeOp.Reshape _, ShapeOp.Squeeze _, ShapeOp.SqueezeV15 _, ShapeOp.Unsqueeze _ -> reshape(node);
            case ShapeOp.ShapeOf op -> Lowered.of(ShapeSteps.shapeOf(op.outputType()));
            case ShapeOp.ShapeOfV1 _ -> Lowered.of(ShapeSteps.shapeOf(ElementType.I64));
            case NeuralOp.MatMul op when f32(node) -> Lowered.of(MatMulSteps.product(node, op));
            case NeuralOp.FakeQuantize op when f32(node) -> Lowered.of(Int8Steps.fakeQuantize(node, op));
            case BinaryOp.Arithmetic op when f32(node) -> Lowered.of(ElementwiseSteps.binary(node, op));
            case UnaryOp op when f32(node) && node.inputs().size() == 1 -> Lowered.of(ElementwiseSteps.unary(node, op));
            case ShapeOp.Transpose _ when node.output().elementType().bits() >= 8 -> Lowered.of(ShapeSteps.transpose());
            case ShapeOp.Slice _ when node.output().elementType().bits() >= 8 -> Lowered.of(ShapeSteps.slice(node));
            case ShapeOp.Convert _ when ShapeSteps.narrows(node) -> Lowered.of(ShapeSteps.narrow());
            case NeuralOp.Softmax op when f32(node) -> Lowered.of(NormSteps.softmax(node, op));
            default -> Lowered.of(reference(node));
        };
    }

    private static boolean f32(Node node) {
        return node.outputs().size() == 1
                && node.output().elementType() == ElementType.F32
                && node.inputs().stream().allMatch(Graphs::isF32);
    }

    private Step fused(FusedOp op, String layer) {
        return switch (op) {
            case FusedOp.Linear linear -> MatMulSteps.linear(packs, linear);
            case FusedOp.Quantize quantize -> Int8Steps.quantize(quantize.levels());
            case FusedOp.Int8Linear linear -> Int8Steps.linear(packs, linear);
            case FusedOp.Convolution convolution -> ConvolutionSteps.convolution(packs, convolution, layer);
            case FusedOp.Int8MatMul product -> Int8Steps.product(product, layer);
            case FusedOp.BatchedLinear linear -> MatMulSteps.batchedLinear(packs, linear.weight());
            case FusedOp.BlockLinear linear -> BlockSteps.linear(packs, linear);
            case FusedOp.BlockBatchedLinear linear -> BlockSteps.batched(packs, linear);
            case FusedOp.Decompress decompress -> MatMulSteps.decompress(decompress.source());
            case FusedOp.Embedding embedding -> MatMulSteps.embedding(embedding.table());
            case FusedOp.RmsNorm norm -> NormSteps.rmsNorm(norm.eps());
            case FusedOp.LayerNorm norm -> NormSteps.layerNorm(norm.eps());
            case FusedOp.Rotary rotary -> AttentionSteps.rotary(rotary.turned());
            case FusedOp.Angles angles -> AttentionSteps.angles(angles);
            case FusedOp.SwishMultiply _ -> ElementwiseSteps.swishMultiply();
            case FusedOp.CacheAppend append -> AttentionSteps.append(append.variable(), append.turned());
            case FusedOp.CachePast past -> AttentionSteps.past(past.variable());
            case FusedOp.Sizes sizes -> ShapeSteps.sizes(sizes);
            case FusedOp.DecoderMask mask -> AttentionSteps.mask(mask);
            case FusedOp.Attention attention -> AttentionSteps.attention(attention);
        };
    }

    /** Other dimensions, same memory; a cache is not contiguous and has to be copied. */
    private static Lowered reshape(Node node) {
        if (node.input(0).node().op() instanceof FusedOp.CacheAppend
                || node.input(0).elementType() == ElementType.STRING) {
            return Lowered.of(reference(node));
        }
        return new Lowered(ShapeSteps.reshape(node), true);
    }

    /** The value of a variable, or its initial value before the first write. */
    private static Step read(Node node, String id) {
        boolean hasInitial = !node.inputs().isEmpty();
        return frame -> {
            Variable variable = frame.variable(id);
            Tensor value = variable.value().orElseGet(() -> hasInitial ? frame.in(0) : variable.zeros());
            copy(frame, value);
        };
    }

    private static Step assign(String id) {
        return frame -> {
            Tensor value = frame.in(0);
            frame.variable(id).assign(value);
            copy(frame, value);
        };
    }

    private static void copy(Frame frame, Tensor value) {
        Tensor out = frame.out(0, value.elementType(), value.shape());
        MemorySegment.copy(value.memory(), 0, out.memory(), 0, out.memory().byteSize());
    }

    private Step extension(Node node, Op.Opaque op) {
        for (OperationExtension extension : extensions) {
            var kernel = extension.kernel(node);
            if (kernel.isPresent()) {
                OperationExtension.Kernel found = kernel.get();
                return frame -> {
                    List<Tensor> outputs = found.evaluate(inputs(frame));
                    for (int i = 0; i < outputs.size(); i++) {
                        frame.view(i, outputs.get(i));
                    }
                };
            }
        }
        throw unsupported(node, op);
    }

    private static InferenceException unsupported(Node node, Op op) {
        return new InferenceException(
                "the CPU device cannot run operation " + op.type() + " (" + op.opset() + ") of layer \"" + node.name()
                        + "\"; provide it as an OperationExtension or convert the model without it");
    }

    private static List<Tensor> inputs(Frame frame) {
        List<Tensor> inputs = new ArrayList<>(frame.inputCount());
        for (int i = 0; i < frame.inputCount(); i++) {
            inputs.add(frame.in(i));
        }
        return inputs;
    }

    /** The reference implementation, its outputs in this plan's slots. */
    static Step reference(Node node) {
        Op op = node.op();
        String layer = node.name();
        int outputs = node.outputs().size();
        return frame -> {
            int[] next = {0};
            List<Tensor> given = new ArrayList<>(outputs);
            List<Tensor> results = ReferenceOps.evaluate(op, layer, inputs(frame), (type, shape) -> {
                if (next[0] >= outputs) {
                    return Tensor.of(type, shape, scratch(type, shape));
                }
                Tensor out = frame.out(next[0]++, type, shape);
                given.add(out);
                return out;
            });
            for (int i = 0; i < results.size(); i++) {
                // an op may return its input as it is, which a later step could overwrite
                Tensor result = results.get(i);
                if (i >= given.size() || given.get(i) != result) {
                    keep(frame, i, result);
                }
            }
        };
    }

    private static void keep(Frame frame, int index, Tensor result) {
        if (result.elementType() == ElementType.STRING) {
            frame.view(index, result);
            return;
        }
        MemorySegment copy = result.memory().asReadOnly();
        Tensor out = frame.out(index, result.elementType(), result.shape());
        MemorySegment.copy(copy, 0, out.memory(), 0, out.memory().byteSize());
    }

    private static MemorySegment scratch(ElementType type, Shape shape) {
        long bytes = type.byteSize(shape.elements());
        return Arena.ofAuto().allocate(Math.max(1, bytes), 64).asSlice(0, bytes);
    }
}
