package dev.decanter.cpu.kernels;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A persistent team of threads that runs the tasks of one kernel at a time. The caller takes part. Helpers spin for a
 * bounded time after each call, then park, so that an idle team uses no processor time.
 *
 * <p>Tasks are handed out one by one in rising order, so a helper that is late (preempted, or just waking) costs
 * nothing: the others take its share and the call ends when the last started task ends. Kernels give every output to
 * exactly one task, so results do not depend on the number of threads.
 *
 * <p>Safe for several callers: when the team is busy with another call, or when a task itself calls {@code run}, the
 * tasks run on the calling thread alone. A call allocates nothing.
 */
public final class ThreadTeam implements AutoCloseable {
    /** One piece of a kernel's work. */
    @FunctionalInterface
    public interface Task {
        /** Runs piece {@code index}, from 0 to one below the number of tasks, on any thread of the team. */
        void run(int index);
    }

    /** A piece of work over a range. */
    @FunctionalInterface
    public interface RangeTask {
        /** Works on {@code [from, to)}. */
        void run(long from, long to);
    }

    private static final Task NOTHING = index -> {};
    /** Long enough to bridge the serial code between two kernels of a layer, short beside a token. */
    private static final long SPIN_NANOS = 100_000;

    private static final int SPINS_PER_LOOK = 4;
    private static final int TASKS_PER_THREAD = 4;

    // gate = call number << 32 | SHUT | helpers inside
    private static final long SHUT = 1L << 31;
    private static final long INSIDE = SHUT - 1;

    private final Thread[] helpers;
    private final AtomicBoolean[] parked;
    private final AtomicBoolean busy = new AtomicBoolean();
    private final AtomicLong gate = new AtomicLong(SHUT);
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile @Nullable Thread waiter;
    private volatile boolean closed;
    // written before the gate opens, read after passing it
    private Task task = NOTHING;
    private int tasks;

    /**
     * Starts a team.
     *
     * @param threads number of threads including the caller, at least 1
     * @throws IllegalArgumentException if {@code threads} is below 1
     */
    public ThreadTeam(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("a thread team needs at least 1 thread, not " + threads);
        }
        helpers = new Thread[threads - 1];
        parked = new AtomicBoolean[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            int self = i;
            parked[i] = new AtomicBoolean();
            helpers[i] = Thread.ofPlatform()
                    .name("decanter-cpu-" + (i + 1))
                    .daemon(true)
                    .unstarted(() -> helperLoop(self));
        }
        for (Thread helper : helpers) {
            helper.start();
        }
    }

    /** Returns the number of threads, the caller included. */
    public int size() {
        return helpers.length + 1;
    }

    /**
     * Runs tasks 0 to {@code count - 1} and returns when all have ended.
     *
     * @throws RuntimeException or Error: the first one that a task threw; tasks not begun by then are left out
     */
    public void run(int count, Task body) {
        if (count <= 1 || helpers.length == 0 || closed || !busy.compareAndSet(false, true)) {
            for (int i = 0; i < count; i++) {
                body.run(i);
            }
            return;
        }
        try {
            task = body;
            tasks = count;
            next.set(0);
            long open = ((gate.get() >>> 32) + 1) << 32;
            gate.set(open);
            wake(Math.min(count - 1, helpers.length));
            work();
            finish();
        } finally {
            task = NOTHING;
            Throwable thrown = failure.getAndSet(null);
            busy.set(false);
            rethrow(thrown);
        }
    }

    /**
     * Splits {@code [0, length)} into at most a few equal pieces per thread, none but the last shorter than
     * {@code minPiece}, and runs them. The cut depends on the team's size: for work where each element is its own.
     */
    public void runRange(long length, long minPiece, RangeTask body) {
        if (length <= 0) {
            return;
        }
        long wanted = helpers.length == 0 ? 1 : (long) size() * TASKS_PER_THREAD;
        long pieces = Math.max(1, Math.min(wanted, length / Math.max(1, minPiece)));
        long piece = (length + pieces - 1) / pieces;
        int count = (int) ((length + piece - 1) / piece);
        if (count == 1) {
            body.run(0, length);
            return;
        }
        run(count, i -> body.run(i * piece, Math.min(length, (i + 1) * piece)));
    }

    /** Ends the helpers. Later calls of {@code run} work on the calling thread alone. */
    @Override
    public void close() {
        closed = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }

    private void wake(int wanted) {
        for (int i = 0; i < wanted; i++) {
            if (parked[i].get()) {
                LockSupport.unpark(helpers[i]);
            }
        }
    }

    private void work() {
        int index = next.getAndIncrement();
        while (index < tasks) {
            try {
                task.run(index);
            } catch (Throwable thrown) {
                failure.compareAndSet(null, thrown);
                next.set(tasks);
            }
            index = next.getAndIncrement();
        }
    }

    private void finish() {
        gate.getAndUpdate(g -> g | SHUT);
        if ((gate.get() & INSIDE) == 0) {
            return;
        }
        long begin = System.nanoTime();
        while ((gate.get() & INSIDE) != 0) {
            spin();
            if (System.nanoTime() - begin > SPIN_NANOS) {
                waiter = Thread.currentThread();
                while ((gate.get() & INSIDE) != 0) {
                    LockSupport.park(this);
                }
                waiter = null;
            }
        }
    }

    private void helperLoop(int self) {
        long seen = 0;
        long idleSince = System.nanoTime();
        while (!closed) {
            long g = gate.get();
            if (g >>> 32 != seen && (g & SHUT) == 0) {
                if (gate.compareAndSet(g, g + 1)) {
                    seen = g >>> 32;
                    work();
                    leave();
                    idleSince = System.nanoTime();
                }
                continue;
            }
            spin();
            if (System.nanoTime() - idleSince > SPIN_NANOS) {
                park(self, g);
                idleSince = System.nanoTime();
            }
        }
    }

    private void park(int self, long seenGate) {
        parked[self].set(true);
        // a caller opens the gate first and looks at the flag after: one of the two sees the other
        if (gate.get() == seenGate && !closed) {
            LockSupport.park(this);
        }
        parked[self].set(false);
    }

    private void leave() {
        long left = gate.decrementAndGet();
        if ((left & SHUT) != 0 && (left & INSIDE) == 0) {
            Thread waiting = waiter;
            if (waiting != null) {
                LockSupport.unpark(waiting);
            }
        }
    }

    private static void spin() {
        for (int i = 0; i < SPINS_PER_LOOK; i++) {
            Thread.onSpinWait();
        }
    }

    private static void rethrow(@Nullable Throwable thrown) {
        // no switch: the first one over types costs milliseconds, and every start makes this call
        if (thrown == null) {
            return;
        }
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
        if (thrown instanceof Error e) {
            throw e;
        }
        throw new IllegalStateException("a task threw " + thrown, thrown);
    }
}
