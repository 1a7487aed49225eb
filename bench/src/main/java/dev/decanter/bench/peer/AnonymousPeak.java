package dev.decanter.bench.peer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicLong;

/** Looks every few milliseconds how much resident memory is no mapped file, and keeps the most. */
final class AnonymousPeak implements AutoCloseable {
    static final long SAMPLE_MILLIS = 5;

    private final AtomicLong peak = new AtomicLong();
    private final Thread sampler = Thread.ofPlatform().daemon().start(this::sample);

    private void sample() {
        try {
            while (!Thread.interrupted()) {
                peak.accumulateAndGet(ProcessMemory.anonymous(), Math::max);
                Thread.sleep(SAMPLE_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** MB so far. */
    long megabytes() {
        return peak.get();
    }

    @Override
    public void close() {
        sampler.interrupt();
    }
}
