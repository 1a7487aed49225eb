package dev.decanter.genai.lm;

import dev.decanter.genai.GenerationException;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Reads the last position's logits into an array that is used again. */
final class Logits {
    static final String OUTPUT = "logits";

    private float[] last = new float[0];

    /** Copies from the output [1, positions, vocabulary] of a request. */
    float[] read(InferRequest request) {
        Tensor output = request.tensor(OUTPUT);
        Shape shape = output.shape();
        if (output.elementType() != ElementType.F32 || shape.rank() != 3 || shape.elements() == 0) {
            throw new GenerationException("output \"" + OUTPUT + "\" of model \""
                    + request.model().name() + "\" is " + output + ", it must be f32 [1, positions, vocabulary]");
        }
        int vocabulary = Math.toIntExact(shape.dim(2));
        if (last.length != vocabulary) {
            last = new float[vocabulary];
        }
        long start = (shape.elements() - vocabulary) * Float.BYTES;
        MemorySegment.copy(output.memory(), ValueLayout.JAVA_FLOAT_UNALIGNED, start, last, 0, vocabulary);
        return last;
    }
}
