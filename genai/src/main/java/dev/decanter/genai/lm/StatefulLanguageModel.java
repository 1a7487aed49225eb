package dev.decanter.genai.lm;

import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.VariableState;
import java.util.Map;

/** A model that has its KV cache as state. */
final class StatefulLanguageModel implements LanguageModel {
    private final InferRequest request;
    private final StepInputs inputs;
    private final Rows rows;
    private final Map<String, Integer> sequenceAxes;
    private final boolean trimmable;

    /**
     * Takes the request over.
     *
     * @param sequenceAxes the axis of the tokens for each state of which it is known; the cache can be cut if all are
     * @param lastOnly whether the model gives the logits of the last position only
     */
    StatefulLanguageModel(InferRequest request, Map<String, Integer> sequenceAxes, boolean lastOnly) {
        this.request = request;
        this.inputs = new StepInputs(request);
        this.rows = new Rows(lastOnly);
        this.sequenceAxes = sequenceAxes;
        this.trimmable = request.queryState().stream().map(VariableState::name).allMatch(sequenceAxes::containsKey);
    }

    @Override
    public int rows() {
        return rows.count();
    }

    @Override
    public int length() {
        return rows.length();
    }

    @Override
    public StepLogits step(Step step) {
        int[] padding = rows.paddingAfter(step);
        inputs.set(step, rows.length(), padding);
        request.infer();
        rows.advance(step, padding);
        return Logits.of(request, step);
    }

    @Override
    public int trim(int wanted) {
        if (wanted >= rows.length()) {
            return rows.length();
        }
        if (wanted <= 0 || !trimmable) {
            request.resetState();
            rows.trim(0);
            return 0;
        }
        for (VariableState state : request.queryState()) {
            state.trim(sequenceAxes.getOrDefault(state.name(), 2), wanted);
        }
        rows.trim(wanted);
        return wanted;
    }

    @Override
    public void close() {
        request.close();
        inputs.close();
    }
}
