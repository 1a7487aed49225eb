package dev.decanter.tokenizers;

import dev.decanter.runtime.CompiledModel;
import dev.decanter.runtime.InferRequest;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Function;

/** Requests of one compiled model, as many as threads use it at a time. */
final class RequestPool implements AutoCloseable {
    private final CompiledModel model;
    private final ConcurrentLinkedDeque<InferRequest> idle = new ConcurrentLinkedDeque<>();

    RequestPool(CompiledModel model) {
        this.model = model;
    }

    CompiledModel model() {
        return model;
    }

    /** Lends a request; what {@code use} returns must not refer to the request's outputs. */
    <T> T with(Function<InferRequest, T> use) {
        InferRequest taken = idle.poll();
        InferRequest request = taken == null ? model.createInferRequest() : taken;
        T result = use.apply(request);
        // After a failure the request is not put back; the model closes it.
        idle.push(request);
        return result;
    }

    @Override
    public void close() {
        model.close();
    }
}
