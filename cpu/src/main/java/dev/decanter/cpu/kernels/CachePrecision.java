package dev.decanter.cpu.kernels;

/**
 * How a KV cache keeps its numbers. In the narrow forms a finite number beyond ±{@value #MAX}, or an infinity, is kept as
 * ±{@value #MAX}: a cache that turned it into an infinity would make every later score of its row NaN. NaN stays NaN.
 */
public enum CachePrecision {
    /** As they come. */
    F32(4),

    /** Rounded to the nearest f16, ties to even; the subnormal numbers of f16 are kept. */
    F16(2),

    /**
     * 8 bits, asymmetric, by groups of at most {@value PageLayout#GROUP} neighbouring numbers of one head at one position:
     * {@code low = min(x), scale = (max(x) - low) / 255} (both f32, beside the codes), {@code code = round((x - low) / scale)},
     * ties to even, and 0 where scale is 0; read as {@code low + scale · code} with one rounding. So the least number of a
     * group is exact and no other is off by more than half a scale (but for f32's rounding).
     */
    U8(1);

    /** Greatest magnitude of the narrow forms, that of f16. */
    public static final float MAX = 65504;

    private final int bytes;

    CachePrecision(int bytes) {
        this.bytes = bytes;
    }

    /** Returns the bytes of a number, without what a group has beside. */
    public int bytes() {
        return bytes;
    }
}
