package dev.decanter.export.models;

import dev.decanter.export.checkpoint.ModelConfig;
import dev.decanter.ir.Output;
import dev.decanter.ir.op.Op;
import dev.decanter.ir.op.UnaryOp;
import java.util.Map;
import java.util.TreeMap;

/**
 * An activation function by its name in {@code config.json}.
 *
 * @param kind the name's last part for the node that computes it
 * @param op what computes it
 */
record Activation(String kind, Op op) {
    private static final Map<String, Activation> BY_NAME = new TreeMap<>(Map.of(
            "silu", new Activation("aten::silu/Swish", new UnaryOp.Swish()),
            "swish", new Activation("aten::silu/Swish", new UnaryOp.Swish()),
            "gelu", new Activation("aten::gelu/Gelu", new UnaryOp.Gelu(UnaryOp.GeluMode.ERF)),
            "gelu_pytorch_tanh", new Activation("aten::gelu/Gelu", new UnaryOp.Gelu(UnaryOp.GeluMode.TANH)),
            "gelu_fast", new Activation("aten::gelu/Gelu", new UnaryOp.Gelu(UnaryOp.GeluMode.TANH)),
            "gelu_new", new Activation("aten::gelu/Gelu", new UnaryOp.Gelu(UnaryOp.GeluMode.TANH)),
            "relu", new Activation("aten::relu/Relu", new UnaryOp.Relu())));

    /** What {@code hidden_act} names; throws {@link dev.decanter.export.ExportException} for an unknown name. */
    static Activation read(ModelConfig config) {
        String name = config.text("hidden_act").orElse("silu");
        Activation activation = BY_NAME.get(name);
        if (activation == null) {
            throw config.fault("hidden_act \"" + name + "\" is not supported; supported are "
                    + String.join(", ", BY_NAME.keySet()));
        }
        return activation;
    }

    Output apply(GraphBuilder g, Output x) {
        return g.node(kind, op, x);
    }
}
