package dev.decanter.runtime;

import dev.decanter.ir.ElementType;
import dev.decanter.runtime.spi.Execution;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * One line of inferences through a {@link CompiledModel}, with its own inputs, outputs and states. For use by one thread
 * at a time; a second inference while one is running is refused.
 */
public final class InferRequest implements AutoCloseable {
    private final CompiledModel model;
    private final Execution execution;
    private final List<@Nullable Tensor> inputs;
    private final Semaphore idle = new Semaphore(1);
    private List<Tensor> outputs = List.of();
    private boolean completed;
    private boolean closed;

    InferRequest(CompiledModel model, Execution execution) {
        this.model = model;
        this.execution = execution;
        this.inputs = new ArrayList<>(Collections.nCopies(model.inputs().size(), null));
    }

    /** The model that this request runs. */
    public CompiledModel model() {
        return model;
    }

    /**
     * Sets an input for this and later inferences. The tensor is not copied: it must stay open, and its elements may
     * change between inferences but not during one.
     *
     * @param name tensor or layer name of the input
     * @throws InferenceException if there is no such input, or type or shape do not fit it
     */
    public void setTensor(String name, Tensor tensor) {
        int index = model.inputIndex(name);
        ModelPort port = model.inputs().get(index);
        boolean typeFits = port.elementType() == ElementType.DYNAMIC || port.elementType() == tensor.elementType();
        if (!typeFits || !port.shape().admits(tensor.shape())) {
            throw new InferenceException("input \"" + name + "\" of model \"" + model.name() + "\" takes "
                    + port.elementType().irName() + port.shape() + ", not " + tensor);
        }
        whileIdle(() -> inputs.set(index, tensor));
    }

    /**
     * The value of an output after {@link #infer}; valid until the next inference or {@link #close}. Copy what must live
     * longer.
     *
     * @param name tensor or layer name of the output
     * @throws InferenceException if there is no such output, or no inference has completed
     */
    public Tensor tensor(String name) {
        int index = model.outputIndex(name);
        return outputs().get(index);
    }

    /** All outputs after {@link #infer}, in the model's order; valid until the next inference or {@link #close}. */
    public List<Tensor> outputs() {
        acquire();
        try {
            if (!completed) {
                throw new InferenceException("model \"" + model.name() + "\" has no outputs before an inference");
            }
            return outputs;
        } finally {
            idle.release();
        }
    }

    /**
     * Runs the model on the inputs that were set.
     *
     * @throws InferenceException if an input is missing, an inference is running, or a layer fails (the message names
     *     it); states are then as before
     */
    public void infer() {
        acquire();
        try {
            run();
        } finally {
            idle.release();
        }
    }

    /**
     * Starts {@link #infer} on a virtual thread. The future fails with the {@link InferenceException} that {@link #infer}
     * would throw; it cannot be cancelled half way.
     */
    public CompletableFuture<Void> startAsync() {
        acquire();
        CompletableFuture<Void> future = new CompletableFuture<>();
        Thread.ofVirtual().name("decanter-infer").start(() -> {
            @Nullable Throwable failure = null;
            try {
                run();
            } catch (Throwable e) {
                failure = e;
            } finally {
                idle.release();
            }
            // after the release: who waits for the future may start the next inference at once
            if (failure == null) {
                future.complete(null);
            } else {
                future.completeExceptionally(failure);
            }
        });
        return future;
    }

    private void run() {
        completed = false;
        outputs = List.of();
        List<Tensor> given = new ArrayList<>(inputs.size());
        for (int i = 0; i < inputs.size(); i++) {
            Tensor tensor = inputs.get(i);
            if (tensor == null) {
                ModelPort port = model.inputs().get(i);
                throw new InferenceException("input \"" + port.name() + "\" ("
                        + port.elementType().irName() + port.shape() + ") of model \"" + model.name()
                        + "\" is not set");
            }
            requireUsable(model.inputs().get(i), tensor);
            given.add(tensor);
        }
        outputs = List.copyOf(execution.infer(given));
        completed = true;
    }

    private void requireUsable(ModelPort port, Tensor tensor) {
        boolean alive = tensor.memory().scope().isAlive();
        if (!alive || !tensor.memory().isAccessibleBy(Thread.currentThread())) {
            throw new InferenceException("the tensor of input \"" + port.name() + "\" of model \"" + model.name()
                    + "\" " + (alive ? "belongs to another thread" : "is closed"));
        }
    }

    /** The states, in the order of the model's ReadValue layers. Not to be used while an inference runs. */
    public List<VariableState> queryState() {
        acquire();
        try {
            return execution.states();
        } finally {
            idle.release();
        }
    }

    /** Puts every state back to what it was before the first inference. */
    public void resetState() {
        whileIdle(() -> execution.states().forEach(VariableState::reset));
    }

    private void whileIdle(Runnable action) {
        acquire();
        try {
            action.run();
        } finally {
            idle.release();
        }
    }

    private void acquire() {
        if (!idle.tryAcquire()) {
            throw new InferenceException("an inference of model \"" + model.name()
                    + "\" is running in this request; wait for it or create another request");
        }
        if (closed) {
            idle.release();
            throw new InferenceException("the request of model \"" + model.name() + "\" is closed");
        }
    }

    /** Waits for an inference that is running, then frees states and outputs. A second call does nothing. */
    @Override
    public void close() {
        idle.acquireUninterruptibly();
        try {
            if (!closed) {
                closed = true;
                completed = false;
                outputs = List.of();
                model.forget(this);
                execution.close();
            }
        } finally {
            idle.release();
        }
    }
}
