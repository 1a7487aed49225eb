package dev.decanter.cpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ThreadTeamTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void everyTaskRunsOnceInEveryCall(int threads) {
        try (ThreadTeam team = new ThreadTeam(threads)) {
            for (int count = 0; count < 200; count++) {
                AtomicIntegerArray runs = new AtomicIntegerArray(count);
                team.run(count, runs::incrementAndGet);
                for (int i = 0; i < count; i++) {
                    assertThat(runs.get(i)).as("task %d of %d", i, count).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void writesOfHelpersAreSeenAfterTheCall() {
        try (ThreadTeam team = new ThreadTeam(3)) {
            long[] cells = new long[64];
            for (int round = 1; round <= 20_000; round++) {
                long r = round;
                team.run(cells.length, i -> cells[i] += r);
            }
            long expected = 20_000L * 20_001 / 2;
            assertThat(cells).containsOnly(expected);
        }
    }

    @Test
    void bothThreadsTakePart() throws InterruptedException {
        try (ThreadTeam team = new ThreadTeam(2)) {
            CountDownLatch both = new CountDownLatch(2);
            List<Boolean> met = new ArrayList<>();
            team.run(2, i -> {
                both.countDown();
                boolean ok = await(both);
                synchronized (met) {
                    met.add(ok);
                }
            });
            assertThat(met).containsExactly(true, true);
            TimeUnit.MILLISECONDS.sleep(20);
            CountDownLatch again = new CountDownLatch(2);
            team.run(2, i -> {
                again.countDown();
                assertThat(await(again)).as("a parked helper wakes").isTrue();
            });
        }
    }

    @Test
    void anExceptionIsCarriedBackAndTheTeamGoesOn() {
        try (ThreadTeam team = new ThreadTeam(3)) {
            for (int round = 0; round < 100; round++) {
                int bad = round % 10;
                assertThatThrownBy(() -> team.run(10, i -> {
                            if (i == bad) {
                                throw new IllegalStateException("task " + i);
                            }
                        }))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("task " + bad);
                AtomicInteger done = new AtomicInteger();
                team.run(7, i -> done.incrementAndGet());
                assertThat(done).hasValue(7);
            }
        }
    }

    @Test
    void aTaskMayCallTheTeam() {
        try (ThreadTeam team = new ThreadTeam(2)) {
            AtomicInteger done = new AtomicInteger();
            team.run(4, i -> team.run(5, j -> done.incrementAndGet()));
            assertThat(done).hasValue(20);
        }
    }

    @Test
    void severalCallersAtOnceGetTheirOwnResults() throws InterruptedException {
        try (ThreadTeam team = new ThreadTeam(2)) {
            AtomicInteger wrong = new AtomicInteger();
            List<Thread> callers = new ArrayList<>();
            for (int c = 0; c < 4; c++) {
                callers.add(Thread.ofPlatform().start(() -> {
                    for (int round = 0; round < 2_000; round++) {
                        AtomicInteger sum = new AtomicInteger();
                        team.run(8, sum::addAndGet);
                        if (sum.get() != 28) {
                            wrong.incrementAndGet();
                        }
                    }
                }));
            }
            for (Thread caller : callers) {
                caller.join();
            }
            assertThat(wrong).hasValue(0);
        }
    }

    @Test
    void anIdleTeamUsesNoProcessorTime() throws InterruptedException {
        try (ThreadTeam team = new ThreadTeam(2)) {
            team.run(2, i -> {});
            Thread helper = Thread.getAllStackTraces().keySet().stream()
                    .filter(t -> t.getName().equals("decanter-cpu-1"))
                    .max(Comparator.comparingLong(Thread::threadId))
                    .orElseThrow();
            TimeUnit.MILLISECONDS.sleep(100);
            for (int look = 0; look < 100; look++) {
                assertThat(helper.getState()).isEqualTo(Thread.State.WAITING);
                TimeUnit.MILLISECONDS.sleep(2);
            }
        }
    }

    @Test
    void aRangeIsCoveredOnceByPiecesOfTheLeastLength() {
        for (int threads = 1; threads < 4; threads++) {
            try (ThreadTeam team = new ThreadTeam(threads)) {
                for (int length : new int[] {0, 1, 9, 10, 11, 1000, 1001}) {
                    AtomicIntegerArray runs = new AtomicIntegerArray(length);
                    team.runRange(length, 10, (from, to) -> {
                        assertThat(to - from >= Math.min(10, length) || to == length)
                                .isTrue();
                        for (long i = from; i < to; i++) {
                            runs.incrementAndGet((int) i);
                        }
                    });
                    for (int i = 0; i < length; i++) {
                        assertThat(runs.get(i)).isEqualTo(1);
                    }
                }
            }
        }
    }

    @Test
    void aClosedTeamWorksOnTheCallerAlone() {
        ThreadTeam team = new ThreadTeam(2);
        team.close();
        AtomicInteger done = new AtomicInteger();
        team.run(3, i -> done.incrementAndGet());
        assertThat(done).hasValue(3);
        assertThatThrownBy(() -> new ThreadTeam(0)).hasMessageContaining("at least 1 thread");
    }

    private static boolean await(CountDownLatch latch) {
        try {
            return latch.await(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
