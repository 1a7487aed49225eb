package dev.decanter.compress.ptq;

import dev.decanter.ir.Node;
import dev.decanter.ir.Output;

/**
 * Where an activation is quantized, and how.
 *
 * @param node the layer whose input or output it is
 * @param output whether it is an output, which then all readers get quantized
 * @param port number of the input or output
 * @param symmetric whether zero lies in the middle of the range
 * @param perChannel whether each channel (axis 1) has a range of its own
 * @param group quantizers of one group share their range; -1 for none
 */
record QuantizerPoint(Node node, boolean output, int port, boolean symmetric, boolean perChannel, int group) {
    /** The name that NNCF gives the quantizer. */
    String name() {
        return node.name() + (output ? "/fq_output_" : "/fq_input_") + port;
    }

    /** The value before it is quantized. */
    Output value() {
        return output ? node.output(port) : node.input(port);
    }
}
