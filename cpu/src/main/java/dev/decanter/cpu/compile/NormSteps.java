package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.Norms;
import dev.decanter.cpu.kernels.RowKernels;
import dev.decanter.cpu.machine.MachineRows;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Node;
import dev.decanter.ir.Shape;
import dev.decanter.ir.op.NeuralOp;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;

/** Normalizations along the last axis. */
final class NormSteps {
    private NormSteps() {}

    /** Inputs x [..., K], weight of K elements. */
    static Step rmsNorm(float eps) {
        RowKernels kernels = MachineRows.orPortable();
        return frame -> {
            Tensor x = frame.in(0);
            Tensor y = frame.out(0, ElementType.F32, x.shape());
            MemorySegment weight = frame.in(1).memory();
            Norms.rms(frame.team(), kernels, rows(x), size(x), x.memory(), 0, weight, 0, eps, y.memory(), 0);
        };
    }

    /** Inputs x [..., K], weight and bias of K elements. */
    static Step layerNorm(float eps) {
        return frame -> {
            Tensor x = frame.in(0);
            Tensor y = frame.out(0, ElementType.F32, x.shape());
            MemorySegment weight = frame.in(1).memory();
            MemorySegment bias = frame.in(2).memory();
            Norms.layer(
                    frame.team(), rows(x), size(x), x.memory(), 0, true, true, eps, weight, 0, bias, 0, y.memory(), 0);
        };
    }

    /** The kernel for the last axis, the reference for another. */
    static Step softmax(Node node, NeuralOp.Softmax op) {
        Step general = Lowering.reference(node);
        return frame -> {
            Shape shape = frame.shape(0);
            boolean last = op.axis() == -1 || op.axis() == shape.rank() - 1;
            if (!last || shape.elements() == 0) {
                general.run(frame);
                return;
            }
            Tensor x = frame.in(0);
            Tensor y = frame.out(0, ElementType.F32, shape);
            Norms.softmax(frame.team(), rows(x), size(x), x.memory(), 0, y.memory(), 0);
        };
    }

    private static int size(Tensor x) {
        return Math.toIntExact(x.shape().dim(-1));
    }

    private static long rows(Tensor x) {
        return x.shape().elements(0, x.shape().rank() - 1);
    }
}
