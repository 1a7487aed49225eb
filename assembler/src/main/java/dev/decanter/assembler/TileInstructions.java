package dev.decanter.assembler;

/** Emits AMX instructions. Tiles are numbered 0 to 7; shapes come from a 64-byte configuration in memory. */
public final class TileInstructions {
    private static final int NONE = 0;
    private static final int P66 = 1;
    private static final int F3 = 2;
    private static final int F2 = 3;
    private static final int MAP_0F38 = 2;

    private final CodeBuffer code;

    TileInstructions(CodeBuffer code) {
        this.code = code;
    }

    /** Sets the tiles' shapes from 64 bytes of memory, and clears them. */
    public void configure(Mem configuration) {
        memory(NONE, 0x49, 0, configuration, false);
    }

    /** Ends the use of tiles. */
    public void release() {
        registers(NONE, 0x49, 0, 0, 0);
    }

    /** Clears a tile. */
    public void zero(int tile) {
        registers(F2, 0x49, tile, 0, 0);
    }

    /** Loads a tile from rows at {@code place}, whose index register times its scale is the distance of two rows. */
    public void load(int tile, Mem place) {
        memory(F2, 0x4B, tile, place, true);
    }

    /** Stores a tile; {@code place} as for {@link #load}. */
    public void store(Mem place, int tile) {
        memory(F3, 0x4B, tile, place, true);
    }

    /** sums += products of unsigned bytes of {@code a} and signed bytes of {@code b}. */
    public void dotUnsignedSigned(int sums, int a, int b) {
        registers(P66, 0x5E, sums, a, b);
    }

    /** sums += products of signed bytes of {@code a} and unsigned bytes of {@code b}. */
    public void dotSignedUnsigned(int sums, int a, int b) {
        registers(F3, 0x5E, sums, a, b);
    }

    /** sums += products of signed bytes. */
    public void dotSignedSigned(int sums, int a, int b) {
        registers(F2, 0x5E, sums, a, b);
    }

    /** sums += products of bf16. */
    public void dotBfloat16(int sums, int a, int b) {
        registers(F3, 0x5C, sums, a, b);
    }

    private void registers(int prefix, int opcode, int reg, int rm, int first) {
        if ((reg | rm | first) >>> 3 != 0) {
            throw new IllegalArgumentException("tiles are numbered 0 to 7");
        }
        VectorInstructions.vex(code, prefix, MAP_0F38, opcode, 0, new int[] {reg, Mem.NO_INDEX, rm, first});
        code.registers(reg, rm);
    }

    private void memory(int prefix, int opcode, int reg, Mem mem, boolean strided) {
        if (strided == (mem.index() == Mem.NO_INDEX)) {
            throw new IllegalArgumentException("rows of a tile need an index register with their distance");
        }
        int[] operands = {reg, mem.index(), mem.base().number(), 0};
        VectorInstructions.vex(code, prefix, MAP_0F38, opcode, 0, operands);
        code.memory(reg, mem, 1, strided);
    }
}
