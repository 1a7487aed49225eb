package dev.decanter.genai.lm;

import dev.decanter.genai.GenerationException;
import dev.decanter.ir.PartialShape;
import dev.decanter.runtime.InferRequest;
import dev.decanter.runtime.ModelPort;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A model that takes its KV cache as inputs {@code past_key_values.N.key/value} and gives it as outputs {@code present}. */
final class StatelessLanguageModel implements LanguageModel {
    static final String PAST = "past_key_values";
    private static final String PRESENT = "present";

    private final InferRequest request;
    private final StepInputs inputs;
    private final Rows rows;
    /** By the names' common part, for example {@code .0.key}. */
    private final Map<String, CacheBuffer> cache = new LinkedHashMap<>();

    /**
     * Takes the request over.
     *
     * @param lastOnly whether the model gives the logits of the last position only
     */
    StatelessLanguageModel(InferRequest request, List<ModelPort> pasts, boolean lastOnly) {
        this.request = request;
        this.inputs = new StepInputs(request);
        this.rows = new Rows(lastOnly);
        for (ModelPort past : pasts) {
            PartialShape shape = past.shape();
            boolean known = shape.hasRank()
                    && shape.rank() == 4
                    && shape.dim(1).isStatic()
                    && shape.dim(3).isStatic()
                    && !shape.dim(2).isStatic();
            if (!known) {
                throw new GenerationException("input \"" + past.name() + "\" of model \""
                        + request.model().name() + "\" is " + shape + ", it must be [batch, heads, tokens, size] with"
                        + " heads and size fixed");
            }
            cache.put(
                    past.name().substring(PAST.length()),
                    new CacheBuffer(
                            past.elementType(),
                            shape.dim(1).size(),
                            shape.dim(3).size()));
        }
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
        boolean empty = rows.length() == 0;
        boolean ordered = rows.keepsOrder(step);
        cache.forEach((name, past) -> request.setTensor(
                PAST + name, empty ? past.empty(step.rows()) : ordered ? past.tensor() : past.rows(step.parents())));
        request.infer();
        // an output is overwritten by the next inference, which reads it as input
        cache.forEach((name, past) -> past.set(request.tensor(PRESENT + name)));
        rows.advance(step, padding);
        return Logits.of(request, step);
    }

    @Override
    public int trim(int wanted) {
        if (wanted < rows.length()) {
            rows.trim(wanted);
            cache.values().forEach(buffer -> buffer.trim(rows.length()));
        }
        return rows.length();
    }

    @Override
    public void close() {
        request.close();
        inputs.close();
        cache.values().forEach(CacheBuffer::close);
    }
}
