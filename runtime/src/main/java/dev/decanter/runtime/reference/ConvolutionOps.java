package dev.decanter.runtime.reference;

import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.runtime.Tensor;
import java.util.List;

/** Convolutions of any number of spatial dimensions, accumulated in double. */
final class ConvolutionOps {
    private ConvolutionOps() {}

    /** How the kernel moves over the spatial dimensions. */
    record Window(
            List<Long> strides,
            List<Long> padsBegin,
            List<Long> padsEnd,
            List<Long> dilations,
            NeuralOp.AutoPad autoPad) {
        long stride(int d) {
            return at(strides, d, 1);
        }

        long dilation(int d) {
            return at(dilations, d, 1);
        }

        /** Pads before and after dimension {@code d} of {@code size} under a kernel of {@code kernel}. */
        long[] pads(int d, long size, long kernel) {
            return switch (autoPad) {
                case EXPLICIT, NOTSET -> new long[] {at(padsBegin, d, 0), at(padsEnd, d, 0)};
                case VALID -> new long[2];
                case SAME_UPPER, SAME_LOWER -> {
                    long outputs = Math.ceilDiv(size, stride(d));
                    long reach = (kernel - 1) * dilation(d) + 1;
                    long total = Math.max(0, (outputs - 1) * stride(d) + reach - size);
                    long small = total / 2;
                    yield autoPad == NeuralOp.AutoPad.SAME_UPPER
                            ? new long[] {small, total - small}
                            : new long[] {total - small, small};
                }
            };
        }

        private static long at(List<Long> list, int d, long absent) {
            return d < list.size() ? list.get(d) : absent;
        }
    }

    /** Data [N, C, spatial…]; weights [O, C, kernel…], or [G, O, C, kernel…] when grouped. */
    static Tensor convolution(Window window, boolean grouped, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Tensor weights = inputs.get(1);
        Values.sameType(data, weights);
        Values.isFloat(data, "the data");
        Values.rank(data, "the data", 3, 5);
        Shape shape = data.shape();
        int lead = grouped ? 3 : 2;
        int spatial = shape.rank() - 2;
        Values.rank(weights, "the weights", spatial + lead, spatial + lead);
        Shape kernel = weights.shape();
        long groups = grouped ? kernel.dim(0) : 1;
        long outputsEach = kernel.dim(lead - 2);
        long channels = kernel.dim(lead - 1);
        if (shape.dim(1) != groups * channels) {
            throw new IrException("data " + data + " does not have the channels of weights " + weights);
        }
        long[] dims = new long[shape.rank()];
        dims[0] = shape.dim(0);
        dims[1] = groups * outputsEach;
        long[] padBegin = new long[spatial];
        for (int d = 0; d < spatial; d++) {
            long size = shape.dim(d + 2);
            long taps = kernel.dim(d + lead);
            long[] pads = window.pads(d, size, taps);
            padBegin[d] = pads[0];
            long room = size + pads[0] + pads[1] - ((taps - 1) * window.dilation(d) + 1);
            if (room < 0 || window.stride(d) < 1) {
                throw new IrException("the kernel of weights " + weights + " does not fit into data " + data);
            }
            dims[d + 2] = room / window.stride(d) + 1;
        }
        Tensor out = allocator.allocate(data.elementType(), Shape.of(dims));
        new Loop(window, data, weights, out, padBegin, lead).run(groups, outputsEach, channels);
        return out;
    }

    /** The loops, with unpacked operands: each output point gathers its taps that lie inside the data. */
    private static final class Loop {
        private final Window window;
        private final double[] weights;
        private final Elements data;
        private final Elements out;
        private final Shape shape;
        private final Shape outShape;
        private final int spatial;
        private final long[] kernel;
        private final long[] padBegin;
        private final long planeIn;
        private final long planeOut;
        private final int taps;

        Loop(Window window, Tensor data, Tensor weights, Tensor out, long[] padBegin, int lead) {
            this.window = window;
            this.data = Elements.of(data);
            this.out = Elements.of(out);
            this.shape = data.shape();
            this.outShape = out.shape();
            this.spatial = shape.rank() - 2;
            this.padBegin = padBegin;
            this.kernel = new long[spatial];
            for (int d = 0; d < spatial; d++) {
                kernel[d] = weights.shape().dim(d + lead);
            }
            this.taps = Math.toIntExact(
                    weights.shape().elements(lead, weights.shape().rank()));
            this.planeIn = shape.elements(2, shape.rank());
            this.planeOut = outShape.elements(2, shape.rank());
            this.weights = new double[Math.toIntExact(weights.shape().elements())];
            Elements from = Elements.of(weights);
            for (int i = 0; i < this.weights.length; i++) {
                this.weights[i] = from.doubleAt(i);
            }
        }

        void run(long groups, long outputsEach, long channels) {
            int depth = Math.toIntExact(channels);
            double[] patch = new double[depth * taps];
            for (long n = 0; n < shape.dim(0); n++) {
                for (long g = 0; g < groups; g++) {
                    long firstChannel = n * groups * channels + g * channels;
                    for (long p = 0; p < planeOut; p++) {
                        gather(firstChannel, depth, p, patch);
                        for (long o = 0; o < outputsEach; o++) {
                            long channel = g * outputsEach + o;
                            double sum = dot(patch, Math.toIntExact(channel * patch.length));
                            out.putDouble((n * groups * outputsEach + channel) * planeOut + p, sum);
                        }
                    }
                }
            }
        }

        private double dot(double[] patch, int weight) {
            double sum = 0;
            for (int i = 0; i < patch.length; i++) {
                sum += patch[i] * weights[weight + i];
            }
            return sum;
        }

        /** The data under the kernel at output point {@code p}, zeros outside. */
        private void gather(long firstChannel, int depth, long p, double[] patch) {
            for (int tap = 0; tap < taps; tap++) {
                long place = place(p, tap);
                for (int c = 0; c < depth; c++) {
                    patch[c * taps + tap] = place < 0 ? 0 : data.doubleAt((firstChannel + c) * planeIn + place);
                }
            }
        }

        /** Index within a channel of what {@code tap} sees at output point {@code p}; −1 if it is padding. */
        private long place(long p, long tap) {
            long place = 0;
            long stride = 1;
            long point = p;
            long offset = tap;
            for (int d = spatial - 1; d >= 0; d--) {
                long at = point % outShape.dim(d + 2) * window.stride(d)
                        + offset % kernel[d] * window.dilation(d)
                        - padBegin[d];
                if (at < 0 || at >= shape.dim(d + 2)) {
                    return -1;
                }
                place += at * stride;
                stride *= shape.dim(d + 2);
                point /= outShape.dim(d + 2);
                offset /= kernel[d];
            }
            return place;
        }
    }
}
