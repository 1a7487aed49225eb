package dev.decanter.compress.weights;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.ir.op.Op;

/**
 * A weight that can be compressed, with the layer that has it. A weight that several layers share belongs to the first one
 * in the order of the graph.
 *
 * @param kind what the layer is
 * @param consumer the layer
 * @param port the input of the layer that the weight comes in by, through Convert and the like
 * @param constant the weight
 * @param layout its orientation
 */
public record WeightedLayer(Kind kind, Node consumer, int port, Node constant, WeightLayout layout) {
    /** What has weights. */
    public enum Kind {
        MATMUL,
        EMBEDDING,
        CONVOLUTION
    }

    /** The name of the layer, for messages, statistics and ignored scopes. */
    public String name() {
        return consumer.name();
    }

    /** The name of the constant. */
    public String weightName() {
        return constant.name();
    }

    public Op.Constant data() {
        return (Op.Constant) constant.op();
    }

    public ElementType elementType() {
        return data().elementType();
    }

    public long elements() {
        return layout.shape().elements();
    }

    /** The weight's values in f32; read anew at each call. */
    public WeightMatrix matrix() {
        return new ConstantMatrix(weightName(), data(), layout);
    }

    /** The value that a MatMul multiplies with the weight. */
    public Output activation() {
        return consumer.input(1 - port);
    }

    /**
     * The axis of a MatMul's activation that runs over the weight's columns: −1, or −2 where the activation is transposed.
     */
    public int activationChannelAxis() {
        NeuralOp.MatMul product = (NeuralOp.MatMul) consumer.op();
        // As the left operand it is [.., tokens, channels] unless transposed, as the right one the other way round.
        boolean last = port == 1 ? !product.transposeA() : product.transposeB();
        return last ? -1 : -2;
    }
}
