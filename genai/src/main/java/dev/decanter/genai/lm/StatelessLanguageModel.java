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
    private final Logits logits = new Logits();
    /** By the names' common part, for example {@code .0.key}. */
    private final Map<String, CacheBuffer> cache = new LinkedHashMap<>();

    private int length;

    /** Takes the request over. */
    StatelessLanguageModel(InferRequest request, List<ModelPort> pasts) {
        this.request = request;
        this.inputs = new StepInputs(request);
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
    public int length() {
        return length;
    }

    @Override
    public float[] step(long[] ids, int from, int to) {
        inputs.set(ids, from, to, length);
        cache.forEach((name, past) -> request.setTensor(PAST + name, past.tensor()));
        request.infer();
        // an output is overwritten by the next inference, which reads it as input
        cache.forEach((name, past) -> past.set(request.tensor(PRESENT + name)));
        length += to - from;
        return logits.read(request);
    }

    @Override
    public int trim(int wanted) {
        if (wanted < length) {
            length = Math.max(0, wanted);
            cache.values().forEach(buffer -> buffer.trim(length));
        }
        return length;
    }

    @Override
    public void close() {
        request.close();
        inputs.close();
        cache.values().forEach(CacheBuffer::close);
    }
}
