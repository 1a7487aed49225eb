package dev.decanter.compress.ptq;

import dev.decanter.ir.Node;
import java.util.Set;

/**
 * What quantization makes of the kinds of layers: NNCF's groups of operations for OpenVINO
 * (nncf/openvino/graph/metatypes/groups.py) under its set-up of the CPU (nncf/common/hardware/setups/cpu.py).
 */
final class OpKinds {
    /** Convolutions and products. */
    static final Set<String> LINEAR = Set.of(
            "Convolution",
            "GroupConvolution",
            "ConvolutionBackpropData",
            "GroupConvolutionBackpropData",
            "DeformableConvolution",
            "MatMul");

    static final Set<String> WITH_WEIGHTS = Set.of(
            "Convolution",
            "GroupConvolution",
            "ConvolutionBackpropData",
            "GroupConvolutionBackpropData",
            "MatMul",
            "Gather");

    /** What the overflow fix is for, and what a Concat must lead to for its inputs to share a scale. */
    static final Set<String> OVERFLOWING = Set.of(
            "Convolution", "GroupConvolution", "ConvolutionBackpropData", "GroupConvolutionBackpropData", "MatMul");

    static final Set<String> ARITHMETIC = Set.of("Add", "Subtract", "Multiply", "Divide");

    static final Set<String> ACTIVATIONS =
            Set.of("ReLU", "Clamp", "Elu", "PReLU", "Sigmoid", "HSigmoid", "HardSigmoid", "Swish", "HSwish", "Selu");

    static final Set<String> ELEMENTWISE = Set.of(
            "Add",
            "Multiply",
            "Subtract",
            "Divide",
            "Less",
            "LessEqual",
            "Greater",
            "GreaterEqual",
            "Equal",
            "NotEqual",
            "FloorMod",
            "LogicalOr",
            "LogicalXor",
            "LogicalAnd",
            "Maximum",
            "Minimum");

    /** Layers before which a transformer gets no quantizer. */
    static final Set<String> IGNORED_IN_TRANSFORMERS = Set.of(
            "Add",
            "Power",
            "Squeeze",
            "Subtract",
            "AvgPool",
            "ReduceMean",
            "ReduceL2",
            "ReduceSum",
            "SquaredDifference",
            "MVN",
            "GroupNormalization",
            "BatchNormInference",
            "Divide",
            "Sqrt",
            "Maximum",
            "GreaterEqual",
            "Greater",
            "LessEqual",
            "Less",
            "NotEqual",
            "Equal",
            "Multiply");

    /** What marks the rest of a path to an output as post-processing. */
    static final Set<String> POST_PROCESSING = Set.of("TopK", "NonMaxSuppression");

    private static final Set<String> QUANTIZABLE = Set.of(
            "Convolution",
            "GroupConvolution",
            "ConvolutionBackpropData",
            "GroupConvolutionBackpropData",
            "MatMul",
            "Add",
            "Multiply",
            "Maximum",
            "Minimum",
            "Less",
            "LessEqual",
            "Greater",
            "GreaterEqual",
            "Equal",
            "NotEqual",
            "Divide",
            "Subtract",
            "FloorMod",
            "LogicalOr",
            "LogicalXor",
            "LogicalAnd",
            "LogicalNot",
            "Power",
            "Sqrt",
            "AvgPool",
            "AdaptiveAvgPool",
            "ReduceL2",
            "ReduceMean",
            "ReduceSum",
            "Interpolate",
            "MVN",
            "GroupNormalization",
            "ScaledDotProductAttention",
            "NormalizeL2",
            "BatchNormInference",
            "SquaredDifference");

    private static final Set<String> AGNOSTIC = Set.of(
            "MaxPool",
            "AdaptiveMaxPool",
            "ReduceMax",
            "Reshape",
            "Squeeze",
            "Unsqueeze",
            "Split",
            "VariadicSplit",
            "Transpose",
            "Tile",
            "StridedSlice",
            "ShuffleChannels",
            "Broadcast",
            "Pad",
            "ConvertLike",
            "Gather",
            "GatherND",
            "GatherElements",
            "ScatterUpdate",
            "ScatterNDUpdate",
            "ScatterElementsUpdate",
            "DepthToSpace",
            "SpaceToDepth",
            "BatchToSpace",
            "SpaceToBatch");

    /** How a quantizer meets a layer. */
    enum Trait {
        /** Its inputs get quantizers. */
        QUANTIZABLE,
        /** Moves values only: a quantizer passes through it towards the inputs. */
        AGNOSTIC,
        /** As agnostic, if what follows wants quantized values. */
        CONCAT,
        /** Gives rows of its weights. */
        EMBEDDING,
        /** Stays in float. */
        OTHER
    }

    private OpKinds() {}

    static Trait trait(Node node) {
        String type = node.op().type();
        if (type.equals("Concat")) {
            return Trait.CONCAT;
        }
        if (ActivationGraph.isEmbedding(node)) {
            return Trait.EMBEDDING;
        }
        if (QUANTIZABLE.contains(type)) {
            return Trait.QUANTIZABLE;
        }
        return AGNOSTIC.contains(type) ? Trait.AGNOSTIC : Trait.OTHER;
    }

    /** Whether types that quantizers pass include this one. */
    static boolean isAgnostic(Node node) {
        return AGNOSTIC.contains(node.op().type());
    }

    /** Whether each group of a convolution has one input channel, of several. */
    static boolean isDepthwise(Node node) {
        if (!node.op().type().equals("GroupConvolution")) {
            return false;
        }
        var data = node.input(0).shape();
        var weights = node.input(1).shape();
        return data.hasRank()
                && weights.hasRank()
                && data.rank() > 1
                && data.dim(1).isStatic()
                && weights.dim(0).isStatic()
                && data.dim(1).size() == weights.dim(0).size()
                && data.dim(1).size() > 1;
    }
}
