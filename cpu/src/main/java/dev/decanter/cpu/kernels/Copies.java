package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/**
 * Moves elements without looking at them: transpositions, slices, broadcasts, pieces of a concatenation and appends to a
 * cache are all a strided copy.
 */
public final class Copies {
    private static final long TASK_BYTES = 64 << 10;

    private Copies() {}

    /**
     * {@code dst[i…] = src[i…]} over a space of any rank.
     *
     * @param elementBytes size of an element: 1, 2, 4 or 8
     * @param shape the space
     * @param srcStrides elements along each dimension, 0 to repeat, negative to reverse
     * @param dstStrides elements along each dimension; no element may be written twice
     * @throws IllegalArgumentException for another element size
     */
    public static void strided(
            ThreadTeam team,
            int elementBytes,
            long[] shape,
            MemorySegment src,
            long srcOffset,
            long[] srcStrides,
            MemorySegment dst,
            long dstOffset,
            long[] dstStrides) {
        if (elementBytes != 1 && elementBytes != 2 && elementBytes != 4 && elementBytes != 8) {
            throw new IllegalArgumentException("cannot copy elements of " + elementBytes + " bytes");
        }
        Loops loops = Loops.of(shape, srcStrides, dstStrides);
        long inner = loops.inner();
        long srcStep = loops.innerStride(0);
        long dstStep = loops.innerStride(1);
        boolean bulk = (srcStep == 1 && dstStep == 1) || inner == 1;
        long runBytes = Math.max(1, inner * elementBytes);
        if (loops.outer() == 1 && bulk) {
            team.runRange(
                    inner * elementBytes,
                    TASK_BYTES,
                    (from, to) -> MemorySegment.copy(src, srcOffset + from, dst, dstOffset + from, to - from));
            return;
        }
        team.runRange(loops.outer(), Math.max(1, TASK_BYTES / runBytes), (from, to) -> {
            for (long run = from; run < to; run++) {
                long s = srcOffset + loops.offset(0, run) * elementBytes;
                long d = dstOffset + loops.offset(1, run) * elementBytes;
                if (bulk) {
                    MemorySegment.copy(src, s, dst, d, inner * elementBytes);
                } else {
                    elements(elementBytes, inner, src, s, srcStep, dst, d, dstStep);
                }
            }
        });
    }

    /** Copies a contiguous block of bytes. */
    public static void bytes(
            ThreadTeam team, MemorySegment src, long srcOffset, MemorySegment dst, long dstOffset, long count) {
        team.runRange(
                count,
                TASK_BYTES,
                (from, to) -> MemorySegment.copy(src, srcOffset + from, dst, dstOffset + from, to - from));
    }

    private static void elements(
            int bytes, long n, MemorySegment src, long s, long srcStep, MemorySegment dst, long d, long dstStep) {
        long from = srcStep * bytes;
        long to = dstStep * bytes;
        switch (bytes) {
            case 1 -> {
                for (long i = 0; i < n; i++) {
                    dst.set(Mem.I8, d + i * to, src.get(Mem.I8, s + i * from));
                }
            }
            case 2 -> {
                for (long i = 0; i < n; i++) {
                    dst.set(Mem.I16, d + i * to, src.get(Mem.I16, s + i * from));
                }
            }
            case 4 -> {
                for (long i = 0; i < n; i++) {
                    dst.set(Mem.I32, d + i * to, src.get(Mem.I32, s + i * from));
                }
            }
            default -> {
                for (long i = 0; i < n; i++) {
                    dst.set(Mem.I64, d + i * to, src.get(Mem.I64, s + i * from));
                }
            }
        }
    }
}
