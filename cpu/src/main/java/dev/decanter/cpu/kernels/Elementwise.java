package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Functions of the elements of f32 tensors. Outputs may be the very memory of an input. */
public final class Elementwise {
    /** Elements worked on at once: a few such buffers stay in the first-level cache. */
    static final int STRIP = 1024;

    /** Elements worth handing to another thread, cheap and costly functions alike. */
    private static final long TASK = 16 << 10;

    private Elementwise() {}

    /**
     * {@code y[i] = op(x[i])} for {@code n} contiguous elements.
     *
     * @param alpha first parameter of the operation, if it has one
     * @param beta second parameter, if it has one
     */
    public static void unary(
            ThreadTeam team,
            UnaryOp op,
            float alpha,
            float beta,
            MemorySegment x,
            long xOffset,
            long n,
            MemorySegment y,
            long yOffset) {
        team.runRange(n, TASK, (from, to) -> {
            float[] strip = Scratch.current().floats(Scratch.STRIP, STRIP);
            for (long i = from; i < to; i += STRIP) {
                int count = (int) Math.min(STRIP, to - i);
                Mem.read(x, xOffset + i * Float.BYTES, strip, 0, count);
                Rows.unary(op, strip, 0, count, alpha, beta);
                Mem.write(strip, 0, count, y, yOffset + i * Float.BYTES);
            }
        });
    }

    /**
     * {@code y = a op b} with broadcasting.
     *
     * @param shape the result's shape, any rank; y is contiguous
     * @param aStrides elements between neighbours of a along each dimension, 0 where a is broadcast
     * @param bStrides the same for b
     */
    public static void binary(
            ThreadTeam team,
            BinaryOp op,
            long[] shape,
            MemorySegment a,
            long aOffset,
            long[] aStrides,
            MemorySegment b,
            long bOffset,
            long[] bStrides,
            MemorySegment y,
            long yOffset) {
        Loops loops = Loops.of(shape, aStrides, bStrides);
        long inner = loops.inner();
        long total = Math.multiplyExact(loops.outer(), inner);
        // a piece may begin inside a run, so that one long run is split as well
        team.runRange(total, TASK, (from, to) -> {
            Scratch scratch = Scratch.current();
            float[] left = scratch.floats(Scratch.STRIP, STRIP);
            float[] right = scratch.floats(Scratch.A, STRIP);
            long i = from;
            while (i < to) {
                long run = i / inner;
                long col = i % inner;
                int count = (int) Math.min(STRIP, Math.min(inner - col, to - i));
                long aAt = loops.offset(0, run) + col * loops.innerStride(0);
                long bAt = loops.offset(1, run) + col * loops.innerStride(1);
                load(a, aOffset, aAt, loops.innerStride(0), left, count);
                load(b, bOffset, bAt, loops.innerStride(1), right, count);
                op.apply(left, right, count);
                Mem.write(left, 0, count, y, yOffset + i * Float.BYTES);
                i += count;
            }
        });
    }

    /**
     * {@code y[m, i] = op(gate[m, i]) * up[m, i]}, as in a gated MLP.
     *
     * @param alpha parameter of the operation, if it has one
     * @param gateStride elements from row to row of the gate; likewise the others
     */
    public static void gated(
            ThreadTeam team,
            UnaryOp op,
            float alpha,
            int rows,
            int n,
            MemorySegment gate,
            long gateOffset,
            long gateStride,
            MemorySegment up,
            long upOffset,
            long upStride,
            MemorySegment y,
            long yOffset,
            long yStride) {
        int strips = Math.ceilDiv(n, STRIP);
        team.runRange((long) rows * strips, TASK / STRIP, (from, to) -> {
            Scratch scratch = Scratch.current();
            float[] left = scratch.floats(Scratch.STRIP, STRIP);
            float[] right = scratch.floats(Scratch.A, STRIP);
            for (long i = from; i < to; i++) {
                long row = i / strips;
                long col = i % strips * STRIP;
                int count = (int) Math.min(STRIP, n - col);
                Mem.read(gate, gateOffset + (row * gateStride + col) * Float.BYTES, left, 0, count);
                Mem.read(up, upOffset + (row * upStride + col) * Float.BYTES, right, 0, count);
                Rows.unary(op, left, 0, count, alpha, 0);
                BinaryOp.MULTIPLY.apply(left, right, count);
                Mem.write(left, 0, count, y, yOffset + (row * yStride + col) * Float.BYTES);
            }
        });
    }

    /** Loads {@code n} elements {@code stride} apart, from element {@code at}. */
    private static void load(MemorySegment s, long offset, long at, long stride, float[] dst, int n) {
        if (stride == 1) {
            Mem.read(s, offset + at * Float.BYTES, dst, 0, n);
        } else if (stride == 0) {
            Arrays.fill(dst, 0, n, s.get(Mem.F32, offset + at * Float.BYTES));
        } else {
            for (int i = 0; i < n; i++) {
                dst[i] = s.get(Mem.F32, offset + (at + i * stride) * Float.BYTES);
            }
        }
    }
}
