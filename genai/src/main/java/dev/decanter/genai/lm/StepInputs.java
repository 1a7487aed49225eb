package dev.decanter.genai.lm;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The inputs that are not the cache, in buffers that grow by doubling. Mask and positions of any step are windows of the
 * same two buffers, ones and 0, 1, 2 …, so that a step writes only its token ids.
 */
final class StepInputs implements AutoCloseable {
    static final String INPUT_IDS = "input_ids";
    static final String ATTENTION_MASK = "attention_mask";
    static final String POSITION_IDS = "position_ids";
    static final String BEAM_IDX = "beam_idx";

    private static final int FIRST_CAPACITY = 256;

    private final InferRequest request;
    private final boolean positioned;
    private final Tensor beam = Tensor.allocate(ElementType.I32, Shape.of(1));
    private Tensor ids = buffer(FIRST_CAPACITY);
    private Tensor mask = ones(FIRST_CAPACITY);
    private Tensor positions = running(FIRST_CAPACITY);

    StepInputs(InferRequest request) {
        this.request = request;
        positioned = request.model().hasInput(POSITION_IDS);
        if (request.model().hasInput(BEAM_IDX)) {
            request.setTensor(BEAM_IDX, beam);
        }
    }

    /** Sets the inputs for {@code ids[from]} to {@code ids[to - 1]} behind {@code past} tokens. */
    void set(long[] tokens, int from, int to, int past) {
        int count = to - from;
        int total = Math.addExact(past, count);
        reserve(count, total);
        MemorySegment.copy(tokens, from, ids.memory(), ValueLayout.JAVA_LONG, 0, count);
        request.setTensor(INPUT_IDS, window(ids, 0, count));
        request.setTensor(ATTENTION_MASK, window(mask, 0, total));
        if (positioned) {
            request.setTensor(POSITION_IDS, window(positions, past, count));
        }
    }

    private void reserve(int count, int total) {
        if (count > ids.shape().elements()) {
            ids.close();
            ids = buffer(grown(count));
        }
        if (total > mask.shape().elements()) {
            mask.close();
            positions.close();
            mask = ones(grown(total));
            positions = running(grown(total));
        }
    }

    private static long grown(int needed) {
        return 2L * Integer.highestOneBit(needed);
    }

    private static Tensor buffer(long size) {
        return Tensor.allocate(ElementType.I64, Shape.of(size));
    }

    private static Tensor ones(long size) {
        Tensor tensor = buffer(size);
        for (long i = 0; i < size; i++) {
            tensor.memory().setAtIndex(ValueLayout.JAVA_LONG, i, 1);
        }
        return tensor;
    }

    private static Tensor running(long size) {
        Tensor tensor = buffer(size);
        for (long i = 0; i < size; i++) {
            tensor.memory().setAtIndex(ValueLayout.JAVA_LONG, i, i);
        }
        return tensor;
    }

    private static Tensor window(Tensor buffer, long start, long count) {
        MemorySegment memory = buffer.memory().asSlice(start * Long.BYTES, count * Long.BYTES);
        return Tensor.of(ElementType.I64, Shape.of(1, count), memory);
    }

    @Override
    public void close() {
        beam.close();
        ids.close();
        mask.close();
        positions.close();
    }
}
