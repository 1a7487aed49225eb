package dev.decanter.assembler;

/** When a conditional jump is taken, after a comparison of a with b. */
public enum Condition {
    /** a = b. */
    EQUAL(0x4),
    /** a ≠ b. */
    NOT_EQUAL(0x5),
    /** a below b, unsigned. */
    BELOW(0x2),
    /** a above or equal b, unsigned. */
    ABOVE_EQUAL(0x3),
    /** a less than b, signed. */
    LESS(0xC),
    /** a greater or equal b, signed. */
    GREATER_EQUAL(0xD),
    /** a less or equal b, signed. */
    LESS_EQUAL(0xE),
    /** a greater than b, signed. */
    GREATER(0xF);

    private final int code;

    Condition(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
