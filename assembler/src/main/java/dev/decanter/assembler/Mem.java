package dev.decanter.assembler;

/**
 * A memory operand: base + index·scale + displacement.
 *
 * @param base the register with the address
 * @param index number of the index register, or {@link #NO_INDEX}
 * @param scale 1, 2, 4 or 8
 * @param displacement bytes to add
 * @param broadcast whether one 32-bit element is read for all lanes (AVX-512)
 */
public record Mem(Gp base, int index, int scale, int displacement, boolean broadcast) implements Operand {
    static final int NO_INDEX = -1;

    /** Checks that there is such an operand. */
    public Mem {
        if (Integer.bitCount(scale) != 1 || scale > 8 || scale < 1) {
            throw new IllegalArgumentException("a scale is 1, 2, 4 or 8, not " + scale);
        }
        if (index == Gp.RSP.number()) {
            throw new IllegalArgumentException("rsp cannot be an index");
        }
    }

    /** This place plus {@code bytes}. */
    public Mem plus(int bytes) {
        return new Mem(base, index, scale, Math.addExact(displacement, bytes), broadcast);
    }

    /** One 32-bit element from here for all lanes. */
    public Mem all() {
        return new Mem(base, index, scale, displacement, true);
    }
}
