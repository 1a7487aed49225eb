package dev.decanter.assembler;

/**
 * A vector register.
 *
 * @param number 0 to 31; above 15 only AVX-512 instructions reach it
 * @param bytes 16, 32 or 64: xmm, ymm or zmm
 */
public record Vec(int number, int bytes) implements Operand {
    /** Checks that there is such a register. */
    public Vec {
        if (number < 0 || number > 31 || (bytes != 16 && bytes != 32 && bytes != 64)) {
            throw new IllegalArgumentException("there is no vector register " + number + " of " + bytes + " bytes");
        }
    }

    /** A 512-bit register. */
    public static Vec zmm(int number) {
        return new Vec(number, 64);
    }

    /** A 256-bit register. */
    public static Vec ymm(int number) {
        return new Vec(number, 32);
    }

    /** A 128-bit register. */
    public static Vec xmm(int number) {
        return new Vec(number, 16);
    }

    int lengthBits() {
        return bytes == 64 ? 2 : bytes == 32 ? 1 : 0;
    }
}
