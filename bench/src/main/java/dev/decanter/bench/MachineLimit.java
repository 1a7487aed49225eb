package dev.decanter.bench;

import dev.decanter.cpu.kernels.ProbeLoops;
import dev.decanter.cpu.kernels.ThreadTeam;
import dev.decanter.cpu.kernels.WeightMemory;
import dev.decanter.cpu.machine.ProbeCode;
import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;

/** What bounds a kernel on this machine, measured by loops that do nothing else. */
public enum MachineLimit {
    /** Bytes read from memory, a region as long as what the kernels read, by the loops of {@code decanter devices}. */
    MEMORY,
    /** Additions and multiplications of f32 in registers. */
    F32,
    /** Those of bytes, by the instruction that the machine code in use is made of. */
    BYTES;

    /** Bytes of what kernels read in turns: more than any last-level cache gives to one guest. */
    static final long POOL = 768L << 20;

    private static final long PIECE = 512 << 10;
    private static final long NANOS = 20_000_000;
    private static final int CALLS = 8;

    /** Measures on all threads of a team, for some hundredths of a second; returns units a second. */
    double measure(ThreadTeam team, MemorySegment region) {
        return switch (this) {
            case MEMORY -> read(team, region);
            case F32 -> operations(team, ProbeLoops::multiplyAdd);
            case BYTES -> operations(team, dots()::runDots);
        };
    }

    /** Memory for {@link #measure}, written once. */
    MemorySegment region(ThreadTeam team, WeightMemory memory) {
        return region(team, memory, this == MEMORY ? POOL : PIECE);
    }

    private static MemorySegment part(MemorySegment all, int thread, int threads) {
        long pieces = all.byteSize() / PIECE;
        long from = pieces * thread / threads * PIECE;
        return all.asSlice(from, pieces * (thread + 1) / threads * PIECE - from);
    }

    private static ProbeCode dots() {
        return ProbeCode.dots()
                .orElseThrow(
                        () -> new IllegalStateException("no machine code runs here, so bytes have no peak of theirs"));
    }

    private static double read(ThreadTeam team, MemorySegment region) {
        return rate(() -> {
            readOnce(team, region);
            return region.byteSize();
        });
    }

    /** Memory that {@link #readOnce} reads all of, written once: so many bytes, rounded up to what the threads take in turns. */
    public static MemorySegment region(ThreadTeam team, WeightMemory memory, long bytes) {
        long unit = 2 * PIECE * team.size();
        MemorySegment region = memory.allocate(Math.ceilDiv(bytes, unit) * unit);
        team.run(team.size(), thread -> part(region, thread, team.size()).fill((byte) 1));
        return region;
    }

    /** Reads all of a region as fast as this machine can, by the loops of {@code decanter devices}. */
    public static void readOnce(ThreadTeam team, MemorySegment region) {
        var code = ProbeCode.reader();
        team.run(team.size(), thread -> {
            MemorySegment part = part(region, thread, team.size());
            long half = part.byteSize() / 2;
            for (long at = 0; at < half; at += PIECE) {
                MemorySegment one = part.asSlice(at, PIECE);
                MemorySegment other = part.asSlice(half + at, PIECE);
                code.ifPresentOrElse(c -> c.read(one, other), () -> ProbeLoops.read(one, other));
            }
        });
    }

    private static double operations(ThreadTeam team, LongSupplier work) {
        long[] done = new long[team.size()];
        return rate(() -> {
            team.run(done.length, thread -> {
                long count = 0;
                for (int i = 0; i < CALLS; i++) {
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

    /** Runs again and again for some hundredths of a second, and at least once; returns units a second. */
    static double rate(LongSupplier round) {
        long units = 0;
        long start = System.nanoTime();
        long time;
        do {
            units += round.getAsLong();
            time = System.nanoTime() - start;
        } while (time < NANOS);
        return units * 1e9 / time;
    }
}
