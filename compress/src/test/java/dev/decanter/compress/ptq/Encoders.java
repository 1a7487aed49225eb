package dev.decanter.compress.ptq;

import dev.decanter.ir.Constants;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Model;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.PartialShape;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.AutoBroadcast;
import dev.decanter.ir.op.BinaryOp;
import dev.decanter.ir.op.GatherScatterOp;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.ShapeOp;
import dev.decanter.ir.op.UnaryOp;
import dev.decanter.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Encoders with random weights, built as exporters build them. Outliers are planted without changing the function: some
 * channels of a norm grow by a factor, and the weights that read them shrink by it.
 */
final class Encoders {
    static final int HIDDEN = 96;
    static final int HEADS = 4;
    static final int LAYERS = 3;
    static final int VOCABULARY = 200;
    static final int LENGTH = 20;
    static final int IMAGE = 48;
    static final int PATCH = 16;

    private static final int WIDE = 4 * HIDDEN;
    private static final AutoBroadcast NUMPY = AutoBroadcast.NUMPY;

    private final Random random;
    private final float outlier;
    private Node parameter = Constants.scalar("none", 0);

    private Encoders(long seed, float outlier) {
        this.random = new Random(seed);
        this.outlier = outlier;
    }

    /**
     * ALBERT: one layer's weights for all layers, an embedding narrower than the layers. Outliers at the embedding's
     * norm.
     */
    static Model albert(long seed, float outlier) {
        return new Encoders(seed, outlier).buildAlbert();
    }

    /**
     * CLIP's text half: norms before the layers, a causal mask, ScaledDotProductAttention, the last token picked by
     * TopK.
     */
    static Model clipText(long seed, float outlier) {
        return new Encoders(seed, outlier).buildClipText();
    }

    /** CLIP's vision half: patches by a convolution, a class token, attention in single products. */
    static Model clipVision(long seed, float outlier) {
        return new Encoders(seed, outlier).buildClipVision();
    }

    /** Two convolutions with a ReLU between; outliers are channels of the first. */
    static Model convolutions(long seed, float outlier) {
        return new Encoders(seed, outlier).buildConvolutions();
    }

    static List<Map<String, Tensor>> texts(long seed, int count) {
        Random random = new Random(seed);
        List<Map<String, Tensor>> samples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long[] ids = random.longs(LENGTH, 0, VOCABULARY).toArray();
            samples.add(Map.of("input_ids", Tensor.ofLongs(Shape.of(1, LENGTH), ids)));
        }
        return samples;
    }

    static List<Map<String, Tensor>> images(long seed, int count) {
        Random random = new Random(seed);
        List<Map<String, Tensor>> samples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            float[] pixels = new float[3 * IMAGE * IMAGE];
            for (int p = 0; p < pixels.length; p++) {
                pixels[p] = (float) random.nextGaussian();
            }
            samples.add(Map.of("pixel_values", Tensor.ofFloats(Shape.of(1, 3, IMAGE, IMAGE), pixels)));
        }
        return samples;
    }

    private Model buildAlbert() {
        int narrow = 64;
        Output x = embeddings(narrow);
        int[] loud = channels(narrow);
        x = norm(x, narrow, "embeddings/LayerNorm", loud);
        x = linear(x, weight("mapping.weight", HIDDEN, narrow, loud), HIDDEN, "mapping");
        Node[] shared = {
            weight("query.weight", HIDDEN, HIDDEN),
            weight("key.weight", HIDDEN, HIDDEN),
            weight("value.weight", HIDDEN, HIDDEN),
            weight("dense.weight", HIDDEN, HIDDEN),
            weight("ffn.weight", WIDE, HIDDEN),
            weight("ffn_output.weight", HIDDEN, WIDE)
        };
        for (int i = 0; i < LAYERS; i++) {
            String name = "layer." + i;
            Output context = attention(x, shared, name, false);
            Output attended = linear(context, shared[3], HIDDEN, name + "/dense");
            x = norm(add(attended, x, name + "/residual"), HIDDEN, name + "/LayerNorm");
            Output wide = linear(x, shared[4], WIDE, name + "/ffn");
            Output activated = node(new UnaryOp.Gelu(UnaryOp.GeluMode.TANH), name + "/gelu", wide);
            Output back = linear(activated, shared[5], HIDDEN, name + "/ffn_output");
            x = norm(add(back, x, name + "/residual_2"), HIDDEN, name + "/full_LayerNorm");
        }
        return model(x, "last_hidden_state");
    }

    private Model buildClipText() {
        Output x = embeddings(HIDDEN);
        for (int i = 0; i < LAYERS; i++) {
            x = clipLayer(x, "text." + i, true);
        }
        x = norm(x, HIDDEN, "final_layer_norm");
        Output ids = parameter.output();
        Node k = Constants.scalar("k", 1);
        Node top = Node.of(
                new GatherScatterOp.TopK(
                        1, GatherScatterOp.TopKMode.MAX, GatherScatterOp.TopKSort.NONE, ElementType.I64, false),
                "argmax",
                ids,
                k.output());
        Output last = node(
                new GatherScatterOp.Gather(1),
                "pooled",
                x,
                top.output(1),
                Constants.scalar("pool_axis", 1).output());
        Output flat = node(
                new ShapeOp.Reshape(true),
                "flat",
                last,
                Constants.vector("flat_shape", 0, HIDDEN).output());
        Output projected =
                product(flat, weight("text_projection.weight", HIDDEN, HIDDEN).output(), "text_projection");
        return model(projected, "text_embeds");
    }

    private Model buildClipVision() {
        int side = IMAGE / PATCH;
        parameter = Node.of(
                new Op.Parameter(ElementType.F32, PartialShape.parse("?,3," + IMAGE + "," + IMAGE)), "pixel_values");
        parameter.output().named("pixel_values");
        Output patches = node(
                new NeuralOp.Convolution(
                        List.of((long) PATCH, (long) PATCH),
                        List.of(0L, 0L),
                        List.of(0L, 0L),
                        List.of(1L, 1L),
                        NeuralOp.AutoPad.EXPLICIT),
                "patch_embedding/Convolution",
                parameter.output(),
                constant("patch_embedding.weight", 1 / Math.sqrt(3.0 * PATCH * PATCH), HIDDEN, 3, PATCH, PATCH)
                        .output());
        Output rows = node(
                new ShapeOp.Reshape(true),
                "patch_embedding/Reshape",
                patches,
                Constants.vector("patch_shape", 0, HIDDEN, (long) side * side).output());
        Output tokens = transpose(rows, "patch_embedding/Transpose", 0, 2, 1);
        Output shape = node(new ShapeOp.ShapeOf(ElementType.I64), "batch_shape", parameter.output());
        Output batch = node(
                new GatherScatterOp.Gather(0),
                "batch",
                shape,
                Constants.vector("batch_index", 0).output(),
                Constants.scalar("batch_axis", 0).output());
        Output classShape = node(
                new ShapeOp.Concat(0),
                "class_shape",
                batch,
                Constants.vector("class_dims", 1, HIDDEN).output());
        Output classes = node(
                new ShapeOp.Broadcast(ShapeOp.BroadcastMode.NUMPY),
                "class_embedding/Broadcast",
                constant("class_embedding", 1, 1, 1, HIDDEN).output(),
                classShape);
        Output all = node(new ShapeOp.Concat(1), "tokens", classes, tokens);
        Output x = add(
                all,
                constant("position_embedding", 0.5, 1, side * side + 1L, HIDDEN).output(),
                "position/Add");
        x = norm(x, HIDDEN, "pre_layernorm");
        for (int i = 0; i < LAYERS; i++) {
            x = clipLayer(x, "vision." + i, false);
        }
        Output first = node(
                new GatherScatterOp.Gather(0),
                "pooled",
                x,
                Constants.scalar("pool_index", 0).output(),
                Constants.scalar("pool_axis", 1).output());
        Output pooled = norm(first, HIDDEN, "post_layernorm");
        Output projected = product(
                pooled, weight("visual_projection.weight", HIDDEN, HIDDEN).output(), "visual_projection");
        return model(projected, "image_embeds");
    }

    private Model buildConvolutions() {
        int channels = 32;
        parameter = Node.of(
                new Op.Parameter(ElementType.F32, PartialShape.parse("?,3," + IMAGE + "," + IMAGE)), "pixel_values");
        parameter.output().named("pixel_values");
        int[] loud = channels(channels);
        Op.Constant first = constantData(0.2, new long[] {channels, 3, 3, 3}, 1, 0, loud);
        Output x = node(
                convolution(),
                "first/Convolution",
                parameter.output(),
                Node.of(first, "first.weight").output());
        Op.Constant bias = constantData(0.1, new long[] {1, channels, 1, 1}, 1, 1, loud);
        x = add(x, Node.of(bias, "first.bias").output(), "first/Add");
        x = node(new UnaryOp.Relu(), "relu", x);
        Op.Constant second = constantData(0.06, new long[] {channels, channels, 3, 3}, -1, 1, loud);
        x = node(
                convolution(),
                "second/Convolution",
                x,
                Node.of(second, "second.weight").output());
        x = add(x, constant("second.bias", 0.1, 1, channels, 1, 1).output(), "second/Add");
        return model(x, "features");
    }

    private static NeuralOp.Convolution convolution() {
        return new NeuralOp.Convolution(
                List.of(1L, 1L), List.of(1L, 1L), List.of(1L, 1L), List.of(1L, 1L), NeuralOp.AutoPad.EXPLICIT);
    }

    private Model model(Output x, String name) {
        x.named(name);
        Node result = Node.of(new Op.Result(), "Result", x);
        return new Model("encoder", List.of(parameter), List.of(result), List.of());
    }

    private Output embeddings(int width) {
        parameter = Node.of(new Op.Parameter(ElementType.I64, PartialShape.parse("?,?")), "input_ids");
        parameter.output().named("input_ids");
        Output words = node(
                new GatherScatterOp.Gather(0),
                "word_embeddings/Gather",
                parameter.output(),
                constant("word_embeddings.weight", 1, VOCABULARY, width));
        Output shape = node(new ShapeOp.ShapeOf(ElementType.I64), "ids_shape", parameter.output());
        Output length = node(
                new GatherScatterOp.Gather(0),
                "length",
                shape,
                Constants.vector("length_index", 1).output(),
                Constants.scalar("length_axis", 0).output());
        long[] all = new long[LENGTH * 2];
        Arrays.setAll(all, i -> i);
        Output positions = node(
                new ShapeOp.Slice(),
                "position_ids/Slice",
                Constants.integers(ElementType.I64, "position_ids", Shape.of(1, all.length), all)
                        .output(),
                Constants.vector("from", 0).output(),
                length,
                Constants.vector("step", 1).output(),
                Constants.vector("axis", 1).output());
        Output places = node(
                new GatherScatterOp.Gather(0),
                "position_embeddings/Gather",
                positions,
                constant("position_embeddings.weight", 0.5, LENGTH * 2, width));
        return add(words, places, "embeddings/Add");
    }

    /** A layer with norms before its halves, whose channels are where outliers sit. */
    private Output clipLayer(Output x, String name, boolean fused) {
        int[] loud = channels(HIDDEN);
        Output first = norm(x, HIDDEN, name + "/layer_norm1", loud);
        Node[] weights = {
            weight(name + ".q_proj.weight", HIDDEN, HIDDEN, loud),
            weight(name + ".k_proj.weight", HIDDEN, HIDDEN, loud),
            weight(name + ".v_proj.weight", HIDDEN, HIDDEN, loud)
        };
        Output context = attention(first, weights, name, fused);
        Output attended =
                linear(context, weight(name + ".out_proj.weight", HIDDEN, HIDDEN), HIDDEN, name + "/out_proj");
        Output y = add(x, attended, name + "/residual");
        int[] louder = channels(HIDDEN);
        Output second = norm(y, HIDDEN, name + "/layer_norm2", louder);
        Output wide = linear(second, weight(name + ".fc1.weight", WIDE, HIDDEN, louder), WIDE, name + "/fc1");
        Output scaled = node(
                new BinaryOp.Multiply(NUMPY),
                name + "/quick_gelu/Multiply",
                wide,
                Constants.numbers(ElementType.F32, name + "/1.702", Shape.of(1, 1, 1), 1.702)
                        .output());
        Output gate = node(new UnaryOp.Sigmoid(), name + "/quick_gelu/Sigmoid", scaled);
        Output activated = node(new BinaryOp.Multiply(NUMPY), name + "/quick_gelu/Multiply_1", wide, gate);
        Output back = linear(activated, weight(name + ".fc2.weight", HIDDEN, WIDE), HIDDEN, name + "/fc2");
        return add(y, back, name + "/residual_2");
    }

    private Output attention(Output x, Node[] weights, String name, boolean fused) {
        Output q = heads(linear(x, weights[0], HIDDEN, name + "/query"), name + "/query");
        Output k = heads(linear(x, weights[1], HIDDEN, name + "/key"), name + "/key");
        Output v = heads(linear(x, weights[2], HIDDEN, name + "/value"), name + "/value");
        Output context;
        if (fused) {
            context = node(new NeuralOp.ScaledDotProductAttention(true), name + "/sdpa", q, k, v);
        } else {
            Output scores = node(new NeuralOp.MatMul(false, true), name + "/scores/MatMul", q, k);
            Output divided = node(
                    new BinaryOp.Divide(NUMPY, true),
                    name + "/scores/Divide",
                    scores,
                    Constants.numbers(
                                    ElementType.F32,
                                    name + "/root",
                                    Shape.of(1, 1, 1, 1),
                                    Math.sqrt(HIDDEN / (double) HEADS))
                            .output());
            Output shares = node(new NeuralOp.Softmax(-1), name + "/Softmax", divided);
            context = node(new NeuralOp.MatMul(false, false), name + "/context/MatMul", shares, v);
        }
        Output back = transpose(context, name + "/context/Transpose", 0, 2, 1, 3);
        return node(
                new ShapeOp.Reshape(true),
                name + "/context/Reshape",
                back,
                Constants.vector(name + "/context/shape", 0, 0, HIDDEN).output());
    }

    private Output heads(Output x, String name) {
        Output split = node(
                new ShapeOp.Reshape(true),
                name + "/Reshape",
                x,
                Constants.vector(name + "/shape", 0, 0, HEADS, HIDDEN / HEADS).output());
        return transpose(split, name + "/Transpose", 0, 2, 1, 3);
    }

    private Output transpose(Output x, String name, long... order) {
        return node(
                new ShapeOp.Transpose(),
                name,
                x,
                Constants.vector(name + "/order", order).output());
    }

    private Output linear(Output x, Node weight, int outputs, String name) {
        Output y = product(x, weight.output(), name + "/MatMul");
        return add(y, constant(name + ".bias", 0.1, 1, 1, outputs).output(), name + "/Add");
    }

    private Output product(Output x, Output weight, String name) {
        return node(new NeuralOp.MatMul(false, true), name, x, weight);
    }

    private Output add(Output a, Output b, String name) {
        return node(new BinaryOp.Add(NUMPY), name, a, b);
    }

    private Output norm(Output x, int width, String name, int... loud) {
        Output centred = node(
                new NeuralOp.Mvn(true, 1e-6, NeuralOp.EpsMode.INSIDE_SQRT),
                name + "/MVN",
                x,
                Constants.vector(name + "/axes", -1).output());
        double[] scale = new double[width];
        double[] shift = new double[width];
        for (int i = 0; i < width; i++) {
            scale[i] = 1 + 0.1 * random.nextGaussian();
            shift[i] = 0.1 * random.nextGaussian();
        }
        for (int channel : loud) {
            scale[channel] *= outlier;
            shift[channel] *= outlier;
        }
        Shape shape = x.shape().rank() == 3 ? Shape.of(1, 1, width) : Shape.of(1, width);
        Output scaled = node(
                new BinaryOp.Multiply(NUMPY),
                name + "/Multiply",
                centred,
                Constants.numbers(ElementType.F32, name + ".weight", shape, scale)
                        .output());
        return add(
                scaled,
                Constants.numbers(ElementType.F32, name + ".bias", shape, shift).output(),
                name + "/Add");
    }

    /** Three channels in a hundred. */
    private int[] channels(int width) {
        return random.ints(0, width)
                .distinct()
                .limit(Math.max(2, width * 3 / 100))
                .toArray();
    }

    private Node weight(String name, int outputs, int inputs, int... loud) {
        return Node.of(constantData(1 / Math.sqrt(inputs), new long[] {outputs, inputs}, -1, 1, loud), name);
    }

    private Node constant(String name, double deviation, long... dims) {
        return Node.of(constantData(deviation, dims, 1, 0), name);
    }

    /**
     * Normal numbers; those of {@code loud} along {@code axis} times the outlier's factor to the power {@code sign}.
     */
    private Op.Constant constantData(double deviation, long[] dims, int sign, int axis, int... loud) {
        Shape shape = Shape.of(dims);
        float[] values = new float[Math.toIntExact(shape.elements())];
        long inner = shape.elements(axis + 1, shape.rank());
        for (int i = 0; i < values.length; i++) {
            long channel = i / inner % dims[axis];
            boolean planted = Arrays.stream(loud).anyMatch(c -> c == channel);
            values[i] = (float) (deviation * random.nextGaussian() * (planted ? Math.pow(outlier, sign) : 1));
        }
        return Op.Constant.of(
                ElementType.F32, shape, Tensor.ofFloats(shape, values).memory());
    }

    private static Output node(Op op, String name, Output... inputs) {
        return Node.of(op, name, inputs).output();
    }

    /** An embedding: the table comes first, then what is looked up, then the axis. */
    private static Output node(Op op, String name, Output ids, Node weights) {
        return node(
                op,
                name,
                weights.output(),
                ids,
                Constants.scalar(name + "/axis", 0).output());
    }
}
