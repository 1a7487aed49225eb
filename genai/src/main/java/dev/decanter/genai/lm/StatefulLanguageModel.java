package dev.decanter.genai.lm;

import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.VariableState;
import java.util.Map;

/** A model that has its KV cache as state. */
final class StatefulLanguageModel implements LanguageModel {
    private final InferRequest request;
    private final StepInputs inputs;
    private final Logits logits = new Logits();
    private final Map<String, Integer> sequenceAxes;
    private final boolean trimmable;
    private int length;

    /**
     * Takes the request over.
     *
     * @param sequenceAxes the axis of the tokens for each state of which it is known; the cache can be cut if all are
     */
    StatefulLanguageModel(InferRequest request, Map<String, Integer> sequenceAxes) {
        this.request = request;
        this.inputs = new StepInputs(request);
        this.sequenceAxes = sequenceAxes;
        this.trimmable = request.queryState().stream().map(VariableState::name).allMatch(sequenceAxes::containsKey);
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public float[] step(long[] ids, int from, int to) {
        inputs.set(ids, from, to, length);
        request.infer();
        length += to - from;
        return logits.read(request);
    }

    @Override
    public int trim(int wanted) {
        if (wanted >= length) {
            return length;
        }
        if (wanted <= 0 || !trimmable) {
            request.resetState();
            length = 0;
            return 0;
        }
        for (VariableState state : request.queryState()) {
            state.trim(sequenceAxes.getOrDefault(state.name(), 2), wanted);
        }
        length = wanted;
        return wanted;
    }

    @Override
    public void close() {
        request.close();
        inputs.close();
    }
}
