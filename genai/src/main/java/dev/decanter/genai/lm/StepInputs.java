package dev.decanter.genai.lm;

import dev.decanter.ir.ElementType;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The inputs that are not the cache, in buffers that grow by doubling. As long as no row is padded the mask of any step is a
 * window of ones, and for one row the positions are a window of 0, 1, 2 …, so that such a step writes only its token ids.
 */
final class StepInputs implements AutoCloseable {
    static final String INPUT_IDS = "input_ids";
    static final String ATTENTION_MASK = "attention_mask";
    static final String POSITION_IDS = "position_ids";
    static final String BEAM_IDX = "beam_idx";

    /** Added to the graph when it is loaded: from which position on logits are wanted, counted from the end. */
    static final String LOGITS_FROM = "decanter.logits_from";

    /** The position that Transformers gives to padding; any legal one would do. */
    private static final long PADDED_POSITION = 1;

    private final InferRequest request;
    private final boolean positioned;
    private final boolean reordered;
    private final LongBuffer ids = new LongBuffer();
    private final LongBuffer ones = new LongBuffer(_ -> 1);
    private final LongBuffer running = new LongBuffer(i -> i);
    private final LongBuffer mask = new LongBuffer();
    private final LongBuffer positions = new LongBuffer();
    private final Tensor logitsFrom = Tensor.allocate(ElementType.I64, Shape.of(1));
    private Tensor beams = Tensor.allocate(ElementType.I32, Shape.of(1));

    StepInputs(InferRequest request) {
        this.request = request;
        positioned = request.model().hasInput(POSITION_IDS);
        reordered = request.model().hasInput(BEAM_IDX);
        if (reordered) {
            request.setTensor(BEAM_IDX, beams);
        }
        if (request.model().hasInput(LOGITS_FROM)) {
            request.setTensor(LOGITS_FROM, logitsFrom);
        }
    }

    /**
     * Sets the inputs of a step behind {@code past} positions.
     *
     * @param padding the positions of padding at the front of each row of the step
     */
    void set(Step step, int past, int[] padding) {
        int rows = step.rows();
        int count = step.count();
        int total = Math.addExact(past, count);
        for (int r = 0; r < rows; r++) {
            ids.put(step.ids()[r], r * (long) count, rows * (long) count);
        }
        request.setTensor(INPUT_IDS, ids.window(0, rows, count));
        boolean padded = Arrays.stream(padding).anyMatch(p -> p > 0);
        request.setTensor(ATTENTION_MASK, padded ? mask(padding, total) : ones.window(0, rows, total));
        if (positioned) {
            boolean plain = rows == 1 && !padded;
            request.setTensor(POSITION_IDS, plain ? running.window(past, 1, count) : positions(padding, past, count));
        }
        if (reordered) {
            reorder(step, past == 0);
        }
        logitsFrom.memory().setAtIndex(ValueLayout.JAVA_LONG, 0, -step.positions());
    }

    private Tensor mask(int[] padding, int total) {
        Tensor window = mask.window(0, padding.length, total);
        for (int r = 0; r < padding.length; r++) {
            for (int i = 0; i < total; i++) {
                long value = i < padding[r] ? 0 : 1;
                window.memory().setAtIndex(ValueLayout.JAVA_LONG, r * (long) total + i, value);
            }
        }
        return window;
    }

    private Tensor positions(int[] padding, int past, int count) {
        Tensor window = positions.window(0, padding.length, count);
        for (int r = 0; r < padding.length; r++) {
            for (int i = 0; i < count; i++) {
                long position = past + i - (long) padding[r];
                window.memory()
                        .setAtIndex(
                                ValueLayout.JAVA_LONG, r * (long) count + i, position < 0 ? PADDED_POSITION : position);
            }
        }
        return window;
    }

    /** An empty cache has no rows to choose from; the identity then says how many there will be. */
    private void reorder(Step step, boolean empty) {
        int rows = step.rows();
        if (beams.shape().elements() != rows) {
            beams.close();
            beams = Tensor.allocate(ElementType.I32, Shape.of(rows));
            request.setTensor(BEAM_IDX, beams);
        }
        for (int r = 0; r < rows; r++) {
            beams.memory().setAtIndex(ValueLayout.JAVA_INT, r, empty ? r : step.parents()[r]);
        }
    }

    @Override
    public void close() {
        logitsFrom.close();
        beams.close();
        ids.close();
        ones.close();
        running.close();
        mask.close();
        positions.close();
    }
}
