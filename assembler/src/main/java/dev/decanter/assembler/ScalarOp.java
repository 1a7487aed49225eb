package dev.decanter.assembler;

/** Instructions on the lowest element of vector registers, with two sources. Names are Intel's. */
public enum ScalarOp {
    /** f32 of the last source to f64. */
    VCVTSS2SD(2, 0x5A),
    /** f64 of the last source to f32. */
    VCVTSD2SS(3, 0x5A),
    /** Square root of the last source, f64. */
    VSQRTSD(3, 0x51),
    /** f64 quotient. */
    VDIVSD(3, 0x5E);

    private final int prefix;
    private final int opcode;

    ScalarOp(int prefix, int opcode) {
        this.prefix = prefix;
        this.opcode = opcode;
    }

    /** 2 for F3, 3 for F2. */
    int prefix() {
        return prefix;
    }

    int opcode() {
        return opcode;
    }
}
