package dev.decanter.cpu.kernels;

import java.lang.foreign.MemorySegment;

/** Reads codes of a byte as the integers they stand for: {@code code − zero}, held exactly in floats. */
final class Codes {
    private Codes() {}

    /**
     * Reads {@code n} codes {@code stride} bytes apart to {@code dst[at], dst[at + step] …}.
     *
     * @param zero the code that stands for 0
     */
    static void read(MemorySegment s, long offset, long stride, int n, int zero, float[] dst, int at, int step) {
        if (stride != 1) {
            for (int i = 0; i < n; i++) {
                dst[at + i * step] = (s.get(Mem.I8, offset + i * stride) & 0xff) - zero;
            }
            return;
        }
        byte[] bytes = Scratch.current().bytes(n);
        MemorySegment.copy(s, Mem.I8, offset, bytes, 0, n);
        for (int i = 0; i < n; i++) {
            dst[at + i * step] = (bytes[i] & 0xff) - zero;
        }
    }

    /** The greatest distance from {@code zero} of a code from 0 to {@code last}. */
    static int most(int last, int zero) {
        return Math.max(Math.abs(zero), Math.abs(last - zero));
    }
}
