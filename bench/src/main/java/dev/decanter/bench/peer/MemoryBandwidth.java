package dev.decanter.bench.peer;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Measures how fast memory is read (a sum by vectors) and copied (read plus written bytes), by 1 to all cores. */
public final class MemoryBandwidth {
    private static final int LONGS = 1 << 25;
    private static final int ROUNDS = 7;
    private static final VectorSpecies<Long> SPECIES = LongVector.SPECIES_PREFERRED;

    private static volatile long sink;

    private MemoryBandwidth() {}

    /** Work on one thread's arrays. */
    private interface Work {
        void run(long[] from, long[] to);
    }

    /** No arguments. */
    public static void main(String[] arguments) throws InterruptedException {
        int cores = Runtime.getRuntime().availableProcessors();
        for (int threads = 1; threads <= cores; threads *= 2) {
            double read = best(threads, (from, to) -> sink = sum(from));
            double copied = 2 * best(threads, (from, to) -> System.arraycopy(from, 0, to, 0, LONGS));
            System.out.printf(Locale.ROOT, "%d threads: read %.1f GB/s, copy %.1f GB/s%n", threads, read, copied);
        }
    }

    /** Best of the rounds, in GB/s of the arrays that the threads go through. */
    private static double best(int threads, Work work) throws InterruptedException {
        List<long[][]> arrays = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            long[][] pair = {new long[LONGS], new long[LONGS]};
            for (int i = 0; i < LONGS; i++) {
                pair[0][i] = i;
            }
            System.arraycopy(pair[0], 0, pair[1], 0, LONGS);
            arrays.add(pair);
        }
        double best = 0;
        for (int round = 0; round < ROUNDS; round++) {
            CountDownLatch ready = new CountDownLatch(threads);
            CountDownLatch go = new CountDownLatch(1);
            List<Thread> team = new ArrayList<>();
            for (long[][] pair : arrays) {
                team.add(Thread.ofPlatform().start(() -> {
                    ready.countDown();
                    try {
                        go.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        return;
                    }
                    work.run(pair[0], pair[1]);
                }));
            }
            ready.await();
            long start = System.nanoTime();
            go.countDown();
            for (Thread thread : team) {
                thread.join();
            }
            best = Math.max(best, (double) threads * LONGS * Long.BYTES / (System.nanoTime() - start));
        }
        return best;
    }

    private static long sum(long[] values) {
        int step = SPECIES.length();
        LongVector a = LongVector.zero(SPECIES);
        LongVector b = a;
        LongVector c = a;
        LongVector d = a;
        for (int i = 0; i < values.length; i += 4 * step) {
            a = a.add(LongVector.fromArray(SPECIES, values, i));
            b = b.add(LongVector.fromArray(SPECIES, values, i + step));
            c = c.add(LongVector.fromArray(SPECIES, values, i + 2 * step));
            d = d.add(LongVector.fromArray(SPECIES, values, i + 3 * step));
        }
        return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
    }
}
