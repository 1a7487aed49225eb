package dev.decanter.cpu.kernels;

/** How a number is stored in a weight tensor. */
public enum WeightFormat {
    /** IEEE binary32. */
    F32(32, false),
    /** IEEE binary16. */
    F16(16, false),
    /** Upper half of binary32. */
    BF16(16, false),
    /** Unsigned byte with scale and zero point. */
    U8(8, true),
    /** Signed byte with scale. */
    I8(8, true),
    /** Unsigned half byte with scale and zero point; the first of two lies in the low nibble. */
    U4(4, true),
    /** Signed half byte (two's complement) with scale; the first of two lies in the low nibble. */
    I4(4, true),
    /** Half byte that stands for a number of a {@link CodeTable}, with scale; the first of two lies in the low nibble. */
    CODE4(4, true),
    /** Byte that stands for a number of a {@link CodeTable}, with scale. */
    CODE8(8, true);

    private final int bits;
    private final boolean quantized;

    WeightFormat(int bits, boolean quantized) {
        this.bits = bits;
        this.quantized = quantized;
    }

    /** Returns the bits of one element. */
    public int bits() {
        return bits;
    }

    /** Returns whether elements are integers or codes that a scale turns into numbers. */
    public boolean quantized() {
        return quantized;
    }

    /** Returns whether elements are codes, which mean nothing without a {@link CodeTable}. */
    public boolean coded() {
        return this == CODE4 || this == CODE8;
    }

    /** What is added to a stored integer to make it unsigned. */
    int toUnsigned() {
        return this == I8 ? 128 : this == I4 ? 8 : 0;
    }
}
