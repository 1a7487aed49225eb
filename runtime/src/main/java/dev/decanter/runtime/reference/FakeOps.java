package dev.decanter.runtime.reference;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.IrException;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.runtime.Tensor;
import java.util.List;

/** Rounding to the values of a narrower type that keeps the wider type. */
final class FakeOps {
    private FakeOps() {}

    static Tensor quantize(NeuralOp.FakeQuantize op, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Values.isFloat(data, "the input");
        if (op.levels() < 2) {
            throw new IrException("levels must be 2 or more, not " + op.levels());
        }
        Shape shape = data.shape();
        Elements[] in = inputs.stream().map(Elements::of).toArray(Elements[]::new);
        Shape[] shapes = inputs.stream().map(Tensor::shape).toArray(Shape[]::new);
        for (Tensor limit : inputs) {
            shape = BinaryOps.outputShape(op.autoBroadcast(), shape, limit.shape());
        }
        Tensor out = allocator.allocate(data.elementType(), shape);
        Elements to = Elements.of(out);
        Walk.broadcast(shape, shapes).rows((target, at, step, count) -> {
            for (long i = 0; i < count; i++) {
                float[] v = new float[5];
                for (int k = 0; k < 5; k++) {
                    v[k] = (float) in[k].doubleAt(at[k] + i * step[k]);
                }
                to.putDouble(target + i, quantize(v[0], v[1], v[2], v[3], v[4], op.levels() - 1));
            }
        });
        return out;
    }

    /** In float arithmetic on purpose: ties are decided by its rounding, and trained limits put values on ties. */
    private static float quantize(float x, float inLow, float inHigh, float outLow, float outHigh, long steps) {
        if (x <= Math.min(inLow, inHigh)) {
            return outLow;
        }
        if (x > Math.max(inLow, inHigh)) {
            return outHigh;
        }
        float level = (float) Math.rint((x - inLow) / (inHigh - inLow) * steps);
        return level / steps * (outHigh - outLow) + outLow;
    }

    static Tensor convert(NeuralOp.FakeConvert op, List<Tensor> inputs, Allocator allocator) {
        Tensor data = inputs.get(0);
        Values.isFloat(data, "the input");
        ElementType type = op.destinationType();
        if (type != ElementType.F8E4M3 && type != ElementType.F8E5M2) {
            throw new IrException("destination_type must be f8e4m3 or f8e5m2, not " + type.irName());
        }
        SmallFloat format = SmallFloat.of(type);
        boolean shifted = inputs.size() > 2;
        Tensor out = allocator.allocate(data.elementType(), data.shape());
        Elements from = Elements.of(data);
        Elements scale = Elements.of(inputs.get(1));
        Elements shift = Elements.of(inputs.getLast());
        Elements to = Elements.of(out);
        Shape[] shapes = {data.shape(), inputs.get(1).shape(), inputs.getLast().shape()};
        Walk.broadcast(data.shape(), shapes).rows((target, at, step, count) -> {
            for (long i = 0; i < count; i++) {
                float s = (float) scale.doubleAt(at[1] + i * step[1]);
                float z = shifted ? (float) shift.doubleAt(at[2] + i * step[2]) : 0;
                float x = (float) from.doubleAt(at[0] + i * step[0]) * s - z;
                to.putDouble(target + i, (format.saturate(x) + z) / s);
            }
        });
        return out;
    }
}
