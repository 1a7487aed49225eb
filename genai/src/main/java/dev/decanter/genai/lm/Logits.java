package dev.decanter.genai.lm;

import dev.decanter.genai.GenerationException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/** The logits in the output of a request, which the next inference overwrites. */
record Logits(Tensor output, int rows, int positions) implements StepLogits {
    static final String OUTPUT = "logits";

    /** The output [rows, at least positions, vocabulary] after a step. */
    static Logits of(InferRequest request, Step step) {
        Tensor output = request.tensor(OUTPUT);
        Shape shape = output.shape();
        boolean fits = output.elementType() == ElementType.F32
                && shape.rank() == 3
                && shape.dim(0) == step.rows()
                && shape.dim(1) >= step.positions()
                && shape.dim(2) > 0;
        if (!fits) {
            throw new GenerationException("output \"" + OUTPUT + "\" of model \""
                    + request.model().name() + "\" is " + output + ", it must be f32 [" + step.rows() + ", at least "
                    + step.positions() + ", vocabulary]");
        }
        return new Logits(output, step.rows(), step.positions());
    }

    @Override
    public int vocabulary() {
        return Math.toIntExact(output.shape().dim(2));
    }

    @Override
    public void copyTo(int row, int position, float[] target) {
        Objects.checkIndex(row, rows);
        Objects.checkIndex(position, positions);
        long given = output.shape().dim(1);
        long at = row * given + (given - positions) + position;
        int vocabulary = vocabulary();
        MemorySegment.copy(
                output.memory(),
                ValueLayout.JAVA_FLOAT_UNALIGNED,
                at * vocabulary * Float.BYTES,
                target,
                0,
                vocabulary);
    }
}
