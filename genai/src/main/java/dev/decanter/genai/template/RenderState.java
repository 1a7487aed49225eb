package dev.decanter.genai.template;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One rendering's limits, and whether the template has refused. */
final class RenderState {
    /** The rendering that the current thread is in. */
    static final ScopedValue<RenderState> CURRENT = ScopedValue.newInstance();

    static final int MOST_STEPS = 1_000_000;
    static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final long start = System.nanoTime();
    private int steps;
    private @Nullable String refusal;

    /** Leaves a rendering: jinjava catches exceptions of most kinds and goes on. */
    @SuppressWarnings("serial") // never leaves the thread
    static final class Abort extends Error {
        Abort(String message) {
            super(message, null, false, false);
        }
    }

    /** Called for each node of the template. */
    void step() {
        if (refusal != null) {
            throw new Abort(refusal);
        }
        if (++steps > MOST_STEPS || System.nanoTime() - start > MOST_NANOS) {
            refuse("does not end: " + steps + " steps so far");
            throw new Abort(String.valueOf(refusal));
        }
    }

    /** The first refusal counts. */
    void refuse(String message) {
        if (refusal == null) {
            refusal = message;
        }
    }

    @Nullable
    String refusal() {
        return refusal;
    }
}
