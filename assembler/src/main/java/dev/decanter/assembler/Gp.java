package dev.decanter.assembler;

/** A 64-bit general register. */
public enum Gp {
    RAX(0),
    RCX(1),
    RDX(2),
    RBX(3),
    RSP(4),
    RBP(5),
    RSI(6),
    RDI(7),
    R8(8),
    R9(9),
    R10(10),
    R11(11),
    R12(12),
    R13(13),
    R14(14),
    R15(15);

    private final int number;

    Gp(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }

    /** Memory at this register. */
    public Mem at() {
        return at(0);
    }

    /** Memory at this register plus {@code displacement} bytes. */
    public Mem at(int displacement) {
        return new Mem(this, Mem.NO_INDEX, 1, displacement, false);
    }

    /**
     * Memory at this register plus {@code scale} times {@code index}.
     *
     * @param scale 1, 2, 4 or 8
     */
    public Mem at(Gp index, int scale) {
        return new Mem(this, index.number(), scale, 0, false);
    }
}
