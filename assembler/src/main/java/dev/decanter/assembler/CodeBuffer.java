package dev.decanter.assembler;

import java.util.Arrays;

/** Growing bytes, and the parts of an instruction that all encodings share. */
final class CodeBuffer {
    private static final int RM_SIB = 4;
    private static final int MOD_REGISTER = 3;

    private byte[] bytes = new byte[1024];
    private int size;

    int size() {
        return size;
    }

    byte[] toArray() {
        return Arrays.copyOf(bytes, size);
    }

    void put(int value) {
        if (size == bytes.length) {
            bytes = Arrays.copyOf(bytes, 2 * size);
        }
        bytes[size++] = (byte) value;
    }

    void put32(int value) {
        for (int i = 0; i < Integer.BYTES; i++) {
            put(value >> (8 * i));
        }
    }

    void put64(long value) {
        put32((int) value);
        put32((int) (value >> 32));
    }

    void set32(int at, int value) {
        for (int i = 0; i < Integer.BYTES; i++) {
            bytes[at + i] = (byte) (value >> (8 * i));
        }
    }

    /** ModRM of two registers. */
    void registers(int reg, int rm) {
        put(MOD_REGISTER << 6 | (reg & 7) << 3 | (rm & 7));
    }

    /**
     * ModRM, SIB and displacement of a memory operand.
     *
     * @param unit bytes that an 8-bit displacement counts in (EVEX), else 1
     * @param sib whether a SIB byte is wanted in any case (tiles)
     */
    void memory(int reg, Mem mem, int unit, boolean sib) {
        boolean needsSib = sib || mem.index() != Mem.NO_INDEX || (mem.base().number() & 7) == RM_SIB;
        boolean small =
                mem.displacement() % unit == 0 && (byte) (mem.displacement() / unit) == mem.displacement() / unit;
        // without displacement, the code of rbp and r13 means something else
        boolean none = mem.displacement() == 0 && (mem.base().number() & 7) != Gp.RBP.number();
        int mod = none ? 0 : small ? 1 : 2;
        put(mod << 6 | (reg & 7) << 3 | (needsSib ? RM_SIB : mem.base().number() & 7));
        if (needsSib) {
            int index = mem.index() == Mem.NO_INDEX ? RM_SIB : mem.index() & 7;
            put(Integer.numberOfTrailingZeros(mem.scale()) << 6
                    | index << 3
                    | (mem.base().number() & 7));
        }
        if (mod == 1) {
            put(mem.displacement() / unit);
        } else if (mod == 2) {
            put32(mem.displacement());
        }
    }
}
