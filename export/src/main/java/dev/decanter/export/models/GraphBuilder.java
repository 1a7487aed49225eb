package dev.decanter.export.models;

import dev.decanter.ir.ConstantData;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.RuntimeAttribute;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ReduceOp;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes nodes. A builder stands for one module of the model and names what it makes as OpenVINO's PyTorch frontend does:
 * {@code __module.model.layers.0.mlp/aten::mul/Multiply}, with {@code _1}, {@code _2} … for further ones of that name.
 */
final class GraphBuilder {
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final String prefix;
    private final Map<String, Integer> used;

    private GraphBuilder(String prefix, Map<String, Integer> used) {
        this.prefix = prefix;
        this.used = used;
    }

    /** A builder for nodes that belong to no module. */
    static GraphBuilder create() {
        return new GraphBuilder("", new HashMap<>());
    }

    /** A builder for the module at this path, for example {@code model.layers.0.mlp}. */
    GraphBuilder in(String module) {
        return new GraphBuilder("__module." + module + "/", used);
    }

    /** A node of one output. {@code kind} is the last part of the name, for example {@code aten::mul/Multiply}. */
    Output node(String kind, Op op, Output... inputs) {
        return Node.of(op, unique(prefix + kind), inputs).output();
    }

    /** A node of one output that is named for a weight rather than for a module. */
    Output ofWeight(String name, Op op, Output... inputs) {
        return Node.of(op, unique(name), inputs).output();
    }

    /** Equal parts of x along {@code axis}. */
    List<Output> split(String kind, Output x, Output axis, int parts) {
        return Node.of(new ShapeOp.Split(parts), unique(prefix + kind), x, axis).outputs();
    }

    private String unique(String name) {
        int count = used.merge(name, 1, Integer::sum);
        return count == 1 ? name : name + "_" + (count - 1);
    }

    // constants

    Output constant(String name, ElementType type, Shape shape, ConstantData data) {
        return Node.of(new Op.Constant(type, shape, data), unique(name)).output();
    }

    private Output constant(ElementType type, Shape shape, MemorySegment memory) {
        return constant("Constant", type, shape, ConstantData.of(memory));
    }

    /** A list of i64. */
    Output longs(long... values) {
        return constant(ElementType.I64, Shape.of(values.length), copy(MemorySegment.ofArray(values), I64));
    }

    /** An i64 scalar. */
    Output scalar(long value) {
        return constant(ElementType.I64, Shape.SCALAR, copy(MemorySegment.ofArray(new long[] {value}), I64));
    }

    /** A list of i32. */
    Output ints(int... values) {
        return constant(ElementType.I32, Shape.of(values.length), copy(MemorySegment.ofArray(values), I32));
    }

    /** An i32 scalar. */
    Output intScalar(int value) {
        return constant(ElementType.I32, Shape.SCALAR, copy(MemorySegment.ofArray(new int[] {value}), I32));
    }

    /** An f32 tensor. */
    Output floats(Shape shape, float... values) {
        return constant(ElementType.F32, shape, copy(MemorySegment.ofArray(values), F32));
    }

    /** An f32 scalar. */
    Output floatScalar(float value) {
        return floats(Shape.SCALAR, value);
    }

    /** A single f32 with as many dimensions as {@code like}, as the frontend leaves operands of elementwise ops. */
    Output one(float value, Output like) {
        long[] dims = new long[like.shape().rank()];
        Arrays.fill(dims, 1);
        return floats(Shape.of(dims), value);
    }

    /** The boolean scalar true. */
    Output yes() {
        return constant(ElementType.BOOLEAN, Shape.SCALAR, MemorySegment.ofArray(new byte[] {1}));
    }

    /** Off-heap, little endian, alive as long as the constant. */
    private static MemorySegment copy(MemorySegment heap, ValueLayout layout) {
        MemorySegment memory = Arena.ofAuto().allocate(Math.max(1, heap.byteSize()), 8);
        ValueLayout nativeLayout = layout.withOrder(ByteOrder.nativeOrder());
        MemorySegment.copy(heap, nativeLayout, 0, memory, layout, 0, heap.byteSize() / layout.byteSize());
        return memory.asSlice(0, heap.byteSize());
    }

    // elementwise

    Output add(Output a, Output b) {
        return node("aten::add/Add", new BinaryOp.Add(), a, b);
    }

    Output multiply(Output a, Output b) {
        return node("aten::mul/Multiply", new BinaryOp.Multiply(), a, b);
    }

    Output subtract(Output a, Output b) {
        return node("aten::sub/Subtract", new BinaryOp.Subtract(), a, b);
    }

    Output divide(String kind, Output a, Output b) {
        return node(kind + "/Divide", new BinaryOp.Divide(), a, b);
    }

    Output power(Output base, Output exponent) {
        return node("aten::pow/Power", new BinaryOp.Power(), base, exponent);
    }

    Output maximum(Output a, Output b) {
        return node("aten::maximum/Maximum", new BinaryOp.Maximum(), a, b);
    }

    Output lessEqual(Output a, Output b) {
        return node("aten::le/LessEqual", new BinaryOp.LessEqual(), a, b);
    }

    Output greater(Output a, Output b) {
        return node("aten::gt/Greater", new BinaryOp.Greater(), a, b);
    }

    Output and(Output a, Output b) {
        return node("aten::__and__/BitwiseAnd", new BinaryOp.BitwiseAnd(), a, b);
    }

    Output sqrt(Output x) {
        return node("aten::rsqrt/Sqrt", new UnaryOp.Sqrt(), x);
    }

    Output cos(Output x) {
        return node("aten::cos/Cos", new UnaryOp.Cos(), x);
    }

    Output sin(Output x) {
        return node("aten::sin/Sin", new UnaryOp.Sin(), x);
    }

    Output select(Output condition, Output then, Output otherwise) {
        return node("aten::where/Select", new ShapeOp.Select(), condition, then, otherwise);
    }

    Output convert(String kind, Output x, ElementType type) {
        return node(kind, new ShapeOp.Convert(type), x);
    }

    /** A Convert to f32 that marks its input as stored weights. */
    Output decompress(String kind, Output weights) {
        Output out = convert(kind, weights, ElementType.F32);
        out.node().runtimeAttributes().add(RuntimeAttribute.DECOMPRESSION);
        return out;
    }

    // reductions and products

    /** Mean over the last axis, which stays with size 1. */
    Output meanOfLast(Output x) {
        return node("aten::mean/ReduceMean", new ReduceOp.ReduceMean(true), x, longs(-1));
    }

    Output matMul(String kind, Output a, Output b, boolean transposeB) {
        return node(kind + "/MatMul", new NeuralOp.MatMul(false, transposeB), a, b);
    }

    // shapes

    Output shapeOf(Output x) {
        return node("aten::size/ShapeOf", new ShapeOp.ShapeOf(ElementType.I64), x);
    }

    /** Dimension {@code axis} of a shape, as a list of one. */
    Output dimension(Output shape, long axis) {
        return node("aten::size/Gather", new GatherScatterOp.Gather(0), shape, longs(axis), scalar(0));
    }

    /** Dimension {@code axis} of a shape, as a scalar. */
    Output dimensionScalar(Output shape, long axis) {
        return node("aten::size/Gather", new GatherScatterOp.Gather(0), shape, scalar(axis), scalar(0));
    }

    Output gather(String kind, Output data, Output indices, Output axis) {
        return node(kind + "/Gather", new GatherScatterOp.Gather(0), data, indices, axis);
    }

    /** A list of one from a scalar. */
    Output asList(Output scalar) {
        return node("prim::ListConstruct/Reshape", new ShapeOp.Reshape(false), scalar, longs(1));
    }

    /** A scalar from a list of one. */
    Output asScalar(Output list) {
        return node("aten::size/Squeeze", new ShapeOp.Squeeze(), list, intScalar(0));
    }

    /** 0 keeps the dimension at that place, −1 is what remains. */
    Output reshape(String kind, Output x, long... dims) {
        return node(kind + "/Reshape", new ShapeOp.Reshape(true), x, longs(dims));
    }

    Output transpose(Output x, int... order) {
        return node("aten::transpose/Transpose", new ShapeOp.Transpose(), x, ints(order));
    }

    Output unsqueeze(Output x, long axis) {
        return node("aten::unsqueeze/Unsqueeze", new ShapeOp.Unsqueeze(), x, scalar(axis));
    }

    Output concat(String kind, long axis, Output... parts) {
        return node(kind, new ShapeOp.Concat(axis), parts);
    }

    /** Joins lists into a shape. */
    Output list(Output... parts) {
        return concat("prim::ListConstruct/SequenceMark", 0, parts);
    }

    /** {@code x[start:stop]} along {@code axis}. */
    Output slice(Output x, Output start, Output stop, long axis) {
        return node("aten::slice/Slice", new ShapeOp.Slice(), x, start, stop, longs(1), longs(axis));
    }

    /** Repeats along dimensions of size 1; 1 in {@code shape} keeps a dimension. */
    Output expand(Output x, Output shape) {
        return node("aten::expand/Broadcast", new ShapeOp.Broadcast(ShapeOp.BroadcastMode.BIDIRECTIONAL), x, shape);
    }

    /** i64 {@code start, start + 1 …} below {@code stop}. */
    Output arange(Output start, Output stop) {
        return node("aten::arange/Range", new ShapeOp.Range(ElementType.I64), start, stop, intScalar(1));
    }
}
