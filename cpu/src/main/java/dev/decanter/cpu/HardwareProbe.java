package dev.decanter.cpu;

import dev.decanter.cpu.kernels.ProbeLoops;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.cpu.machine.ProbeCode;
import dev.decanter.runtime.DeviceLimits;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;

/**
 * Measures what this machine can do by loops that do nothing else: read memory (on huge pages where the system has them, two streams a
 * thread, in machine code with prefetches where that runs), multiply and add f32 in registers, and add products of bytes by the
 * instruction that the products use. The best of rounds for a set time, since neighbours only make them slower.
 */
final class HardwareProbe {
    /** More than a last-level cache has. */
    private static final long BYTES = 256L << 20;

    /** At most that part of the machine's memory. */
    private static final int SHARE = 16;

    /** Short calls: a garbage collection waits for machine code. */
    private static final long PIECE = 512L << 10;

    private static final long NANOS = 150_000_000;
    private static final int LEAST_ROUNDS = 3;

    private HardwareProbe() {}

    /** Measures with a team of that many threads. */
    static DeviceLimits measure(int threads) {
        try (ThreadTeam team = new ThreadTeam(threads)) {
            Optional<ProbeCode> dots = ProbeCode.dots();
            return new DeviceLimits(
                    threads,
                    read(team),
                    operations(team, ProbeLoops::multiplyAdd),
                    dots.isPresent()
                            ? OptionalDouble.of(operations(team, dots.get()::runDots))
                            : OptionalDouble.empty());
        }
    }

    private static double read(ThreadTeam team) {
        long unit = 2 * PIECE * team.size();
        long bytes = Math.max(unit, Math.min(BYTES, CpuInfo.memoryBytes() / SHARE) / unit * unit);
        Optional<ProbeCode> code = ProbeCode.reader();
        try (WeightMemory memory = WeightMemory.create()) {
            MemorySegment all = memory.allocate(bytes);
            long share = bytes / team.size();
            // pages exist once they are written
            team.run(team.size(), thread -> all.asSlice(thread * share, share).fill((byte) 1));
            return best(() -> {
                team.run(team.size(), thread -> read(all.asSlice(thread * share, share), code));
                return bytes;
            });
        }
    }

    private static void read(MemorySegment share, Optional<ProbeCode> code) {
        long half = share.byteSize() / 2;
        for (long at = 0; at < half; at += PIECE) {
            MemorySegment one = share.asSlice(at, PIECE);
            MemorySegment other = share.asSlice(half + at, PIECE);
            if (code.isPresent()) {
                code.get().read(one, other);
            } else {
                ProbeLoops.read(one, other);
            }
        }
    }

    private static double operations(ThreadTeam team, LongSupplier work) {
        long[] done = new long[team.size()];
        return best(() -> {
            team.run(done.length, thread -> {
                long count = 0;
                // long beside what it takes to wake the team
                for (int i = 0; i < 8; i++) {
                    count += work.getAsLong();
                }
                done[thread] = count;
            });
            long all = 0;
            for (long count : done) {
                all += count;
            }
            return all;
        });
    }

    /** Units a second in the fastest round. */
    private static double best(LongSupplier round) {
        double best = 0;
        long start = System.nanoTime();
        for (int i = 0; i < LEAST_ROUNDS || System.nanoTime() - start < NANOS; i++) {
            long before = System.nanoTime();
            long units = round.getAsLong();
            best = Math.max(best, units * 1e9 / Math.max(1, System.nanoTime() - before));
        }
        return best;
    }
}
