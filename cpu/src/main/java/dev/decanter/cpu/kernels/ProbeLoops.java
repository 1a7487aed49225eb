package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/** Loops that do one thing as fast as Java can, to measure how fast that is. */
public final class ProbeLoops {
    private static final int LINE = 64;
    private static final int SUMS = 10;
    private static final int TURNS = 20_000;
    private static final float FACTOR = 0.5f;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    // written and never read, so that the loops are not thrown away
    @SuppressWarnings("UnusedVariable")
    private static volatile float floatSink;

    @SuppressWarnings("UnusedVariable")
    private static volatile long longSink;

    private ProbeLoops() {}

    /** Multiplies and adds f32 in registers for a while; returns how many additions and multiplications that were. */
    public static long multiplyAdd() {
        if (!VectorSupport.ENABLED) {
            floatSink = scalars();
            return 2L * TURNS * SUMS;
        }
        floatSink = vectors();
        return 2L * TURNS * SUMS * Lanes.N;
    }

    private static float vectors() {
        FloatVector factor = FloatVector.broadcast(Lanes.F, FACTOR);
        FloatVector a = factor;
        FloatVector b = factor;
        FloatVector c = factor;
        FloatVector d = factor;
        FloatVector e = factor;
        FloatVector f = factor;
        FloatVector g = factor;
        FloatVector h = factor;
        FloatVector i = factor;
        FloatVector j = factor;
        // x/2 + 1/2 stays between 1/2 and 1
        for (int turn = 0; turn < TURNS; turn++) {
            a = a.fma(factor, factor);
            b = b.fma(factor, factor);
            c = c.fma(factor, factor);
            d = d.fma(factor, factor);
            e = e.fma(factor, factor);
            f = f.fma(factor, factor);
            g = g.fma(factor, factor);
            h = h.fma(factor, factor);
            i = i.fma(factor, factor);
            j = j.fma(factor, factor);
        }
        FloatVector all = a.add(b).add(c.add(d)).add(e.add(f)).add(g.add(h)).add(i.add(j));
        return all.lane(0);
    }

    private static float scalars() {
        float a = FACTOR;
        float b = FACTOR;
        float c = FACTOR;
        float d = FACTOR;
        float e = FACTOR;
        for (int turn = 0; turn < TURNS; turn++) {
            a = Math.fma(a, FACTOR, FACTOR);
            b = Math.fma(b, FACTOR, FACTOR);
            c = Math.fma(c, FACTOR, FACTOR);
            d = Math.fma(d, FACTOR, FACTOR);
            e = Math.fma(e, FACTOR, FACTOR);
            a = Math.fma(a, FACTOR, FACTOR);
            b = Math.fma(b, FACTOR, FACTOR);
            c = Math.fma(c, FACTOR, FACTOR);
            d = Math.fma(d, FACTOR, FACTOR);
            e = Math.fma(e, FACTOR, FACTOR);
        }
        return a + b + c + d + e;
    }

    /** Reads two pieces of memory of the same length, one number of each cache line, which brings the whole line. */
    public static void read(MemorySegment one, MemorySegment other) {
        long sum = 0;
        long more = 0;
        for (long at = 0; at < one.byteSize(); at += LINE) {
            sum += one.get(LONG, at);
            more += other.get(LONG, at);
        }
        longSink = sum + more;
    }
}
