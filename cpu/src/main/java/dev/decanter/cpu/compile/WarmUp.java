package dev.decanter.cpu.compile;

import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.VectorSupport;
import dev.decanter.ir.Dimension;
import dev.decanter.ir.ElementType;
import dev.decanter.ir.Output;
import dev.decanter.ir.Shape;
import dev.decanter.runtime.Tensor;
import dev.decanter.runtime.VariableState;
import dev.decanter.runtime.spi.Execution;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs a decoder's first layer on a thread of its own, over and over, while the weights of the others are still packed:
 * the JIT has then compiled the kernels before anybody waits for them. Code of the Vector API takes a hundred times as
 * long before that, which made a first token take seconds.
 *
 * <p>It works on buffers and a cache of its own, so no result depends on it. It ends with the first inference, when it
 * stops getting faster, or after {@value #LIMIT_MILLIS} ms; a failure ends it too, since the first inference will say
 * what is wrong.
 */
final class WarmUp implements AutoCloseable {
    /** System property: {@code false} leaves it out. */
    static final String PROPERTY = "decanter.cpu.warmup";

    private static final System.Logger LOG = System.getLogger(WarmUp.class.getName());
    private static final int PROMPT = 32;
    private static final int ANSWER = 4;
    private static final long LIMIT_MILLIS = 5_000;
    private static final long LIMIT_NANOS = LIMIT_MILLIS * 1_000_000;
    /** This long without a round that is faster than all before: the JIT is done. */
    private static final long STEADY_NANOS = 400_000_000;

    private static final double FASTER = 0.95;

    private final boolean wanted;
    private volatile boolean stopped;
    private final AtomicInteger rounds = new AtomicInteger();
    private @Nullable Thread thread;

    /** Ends a round between two steps. */
    private static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;

        Stopped() {
            super("the warm-up is over", null, false, false);
        }
    }

    private WarmUp(boolean wanted) {
        this.wanted = wanted;
    }

    /** One that is to be started, unless the system property says no. */
    static WarmUp create() {
        boolean wanted = !System.getProperty(PROPERTY, "true").strip().equalsIgnoreCase("false");
        // without the Vector API nothing is slow until it is compiled
        return new WarmUp(wanted && VectorSupport.readable());
    }

    /** One that never starts. */
    static WarmUp none() {
        return new WarmUp(false);
    }

    /** Whether {@link #start} is to be called: it has not been, and is not switched off. */
    boolean waiting() {
        return wanted && thread == null && !stopped;
    }

    /**
     * Begins, and returns at once.
     *
     * @param part the first steps of a plan, all that they read included, without results
     * @param parameters the model's inputs
     */
    void start(Plan part, List<Output> parameters) {
        List<Plan.PlannedStep> steps = new ArrayList<>();
        for (Plan.PlannedStep step : part.steps()) {
            steps.add(new Plan.PlannedStep(stoppable(step.step()), step.layer(), step.inputs(), step.outputs()));
        }
        Plan plan = part.withSteps(steps);
        thread = Thread.ofPlatform().name("decanter-warm-up").daemon(true).start(() -> run(plan, parameters));
    }

    private Step stoppable(Step step) {
        return frame -> {
            if (stopped) {
                throw new Stopped();
            }
            step.run(frame);
        };
    }

    private void run(Plan plan, List<Output> parameters) {
        try (ThreadTeam alone = new ThreadTeam(1);
                Frame frame = new Frame(plan, alone)) {
            long begin = System.nanoTime();
            long best = Long.MAX_VALUE;
            long now = begin;
            long faster = begin;
            while (!stopped && now - begin < LIMIT_NANOS && now - faster < STEADY_NANOS) {
                round(frame, parameters);
                long end = System.nanoTime();
                if (end - now < FASTER * best) {
                    best = end - now;
                    faster = end;
                }
                now = end;
                rounds.incrementAndGet();
            }
        } catch (Stopped e) {
            LOG.log(System.Logger.Level.TRACE, "warm-up ended by the first inference");
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.log(System.Logger.Level.DEBUG, "no warm-up of kernels", e);
        }
    }

    /** A prompt and a few tokens behind it. */
    private static void round(Frame frame, List<Output> parameters) {
        frame.states().forEach(VariableState::reset);
        frame.infer(inputs(parameters, 0, PROMPT));
        for (int i = 0; i < ANSWER; i++) {
            frame.infer(inputs(parameters, PROMPT + i, 1));
        }
    }

    private static List<Tensor> inputs(List<Output> parameters, int past, int tokens) {
        return parameters.stream().map(p -> input(p, past, tokens)).toList();
    }

    /** One row: the first dimension that is open counts rows, the others tokens; a mask sees the past too. */
    private static Tensor input(Output parameter, int past, int tokens) {
        boolean mask = parameter.names().stream().anyMatch(name -> name.contains("mask"));
        long[] dims = new long[parameter.shape().rank()];
        boolean rows = false;
        for (int i = 0; i < dims.length; i++) {
            Dimension dim = parameter.shape().dims().get(i);
            dims[i] = dim.isStatic() ? dim.size() : !rows ? 1 : mask ? past + tokens : tokens;
            rows |= !dim.isStatic();
        }
        Tensor tensor = Tensor.allocate(parameter.elementType(), Shape.of(dims));
        if (mask && parameter.elementType() == ElementType.I64) {
            for (long i = 0; i < tensor.shape().elements(); i++) {
                tensor.memory().setAtIndex(ValueLayout.JAVA_LONG, i, 1);
            }
        }
        return tensor;
    }

    /** An execution whose first inference ends the warm-up. */
    Execution endingWith(Execution execution) {
        if (thread == null) {
            return execution;
        }
        return new Execution() {
            @Override
            public List<Tensor> infer(List<Tensor> inputs) {
                stopped = true;
                return execution.infer(inputs);
            }

            @Override
            public List<VariableState> states() {
                return execution.states();
            }

            @Override
            public void close() {
                execution.close();
            }
        };
    }

    /** Rounds that were finished. */
    int rounds() {
        return rounds.get();
    }

    /** The thread, once started. */
    Optional<Thread> thread() {
        return Optional.ofNullable(thread);
    }

    /** Ends it and waits, at most for one step; to be called before the weights are freed. */
    @Override
    public void close() {
        stopped = true;
        Thread running = thread;
        boolean interrupted = false;
        while (running != null && running.isAlive()) {
            try {
                running.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
