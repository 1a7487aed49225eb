package dev.decanter.assembler;

/** Emits vector instructions: {@link VectorOp}s, moves, shifts and conversions to memory. */
public final class VectorInstructions {
    private static final int F3 = 2;
    private static final int MAP_0F = 1;
    private static final int MAP_0F38 = 2;
    private static final int MAP_0F3A = 3;
    /** Bits of an instruction's third byte: one element for all lanes, and zeros in lanes that a mask leaves out. */
    private static final int ALL = 0x10;

    private static final int ZEROING = 0x80;
    private static final int MASKS = 8;

    private final CodeBuffer code;

    VectorInstructions(CodeBuffer code) {
        this.code = code;
    }

    /** An instruction with two sources. */
    public void emit(VectorOp op, Vec target, Vec first, Operand last) {
        require(op.hasFirst(), op, "has one source");
        encode(op, target, first.number(), last);
    }

    /** An instruction with one source. */
    public void emit(VectorOp op, Vec target, Operand source) {
        require(!op.hasFirst(), op, "has two sources");
        encode(op, target, 0, source);
    }

    private static void require(boolean condition, VectorOp op, String what) {
        if (!condition) {
            throw new IllegalArgumentException(op + " " + what);
        }
    }

    private void encode(VectorOp op, Vec target, int first, Operand last) {
        boolean broadcast = last instanceof Mem mem && mem.broadcast();
        require(!broadcast || op.canBroadcast(), op, "reads no single element for all lanes");
        Form form = new Form(op.prefix(), op.map(), op.opcode(), target.bytes(), first);
        boolean wide = switch (op) {
            case VDPBF16PS, VPERMB, VCVTNE2PS2BF16 -> true;
            default -> false;
        };
        put(form, target.number(), last, op.unit(target.bytes(), broadcast), wide);
    }

    /** Loads a whole register from memory, of any alignment. */
    public void load(Vec target, Mem source) {
        put(new Form(F3, MAP_0F, 0x6F, target.bytes(), 0), target.number(), source, target.bytes(), false);
    }

    /** Stores a whole register, at any alignment. */
    public void store(Mem target, Vec source) {
        put(new Form(F3, MAP_0F, 0x7F, source.bytes(), 0), source.number(), target, source.bytes(), false);
    }

    /** Stores a whole 512-bit register past the caches, to a place aligned to 64 bytes; see {@link #fence}. */
    public void storePast(Mem target, Vec source) {
        put(new Form(0, MAP_0F, 0x2B, source.bytes(), 0), source.number(), target, source.bytes(), true);
    }

    /** Loads the lanes of 32 bits whose bit in a mask is set and no other memory; the other lanes are 0 (AVX-512). */
    public void loadPart(Vec target, Mem source, int mask) {
        masked(new Form(F3, MAP_0F, 0x6F, target.bytes(), 0), target.number(), source, requireMask(mask) | ZEROING);
    }

    /** Stores the lanes of 32 bits whose bit in a mask is set and touches no other memory (AVX-512). */
    public void storePart(Mem target, Vec source, int mask) {
        masked(new Form(F3, MAP_0F, 0x7F, source.bytes(), 0), source.number(), target, requireMask(mask));
    }

    /** target = the lanes of 32 bits of {@code source} whose bit in a mask is set; the others are 0 (AVX-512). */
    public void movePart(Vec target, Vec source, int mask) {
        masked(new Form(F3, MAP_0F, 0x6F, target.bytes(), 0), target.number(), source, requireMask(mask) | ZEROING);
    }

    /** Stores the low byte of each 32-bit lane (AVX-512). */
    public void storeBytes(Mem target, Vec source) {
        put(new Form(F3, MAP_0F38, 0x31, source.bytes(), 0), source.number(), target, source.bytes() / 4, true);
    }

    /** Stores the f32 of a 512-bit register as f16, rounded half to even (AVX-512). */
    public void storeHalves(Mem target, Vec source) {
        put(new Form(1, MAP_0F3A, 0x1D, source.bytes(), 0), source.number(), target, source.bytes() / 2, true);
        code.put(0);
    }

    /** A mask, 1 to 7, from the low 16 bits of a register (AVX-512). */
    public void mask(int mask, Gp source) {
        vex(code, 0, MAP_0F, 0x92, 0, new int[] {requireMask(mask), Mem.NO_INDEX, source.number(), 0});
        code.registers(mask, source.number());
    }

    /**
     * A mask of the f32 lanes where a comparison holds (AVX-512).
     *
     * @param mask 1 to 7
     * @param predicate Intel's number: 1 for first below last, 5 for that not being so
     */
    public void compare(int mask, Vec first, Operand last, int predicate) {
        put(new Form(0, MAP_0F, 0xC2, first.bytes(), first.number()), requireMask(mask), last, first.bytes(), true);
        code.put(predicate);
    }

    private static int requireMask(int mask) {
        if (mask < 1 || mask >= MASKS) {
            throw new IllegalArgumentException("there is no mask k" + mask + " that can choose lanes");
        }
        return mask;
    }

    /** An instruction on the lowest element alone; the others come from {@code first}. Registers below 16 only. */
    public void scalar(ScalarOp op, Vec target, Vec first, Vec last) {
        if (Math.max(Math.max(target.number(), first.number()), last.number()) > 15) {
            throw new IllegalArgumentException(op + " is emitted for registers below 16");
        }
        put(new Form(op.prefix(), MAP_0F, op.opcode(), 16, first.number()), target.number(), last, 16, false);
    }

    /** Makes stores past the caches visible before all later ones. */
    public void fence() {
        code.put(0x0F);
        code.put(0xAE);
        code.put(0xF8);
    }

    /** target = source. */
    public void move(Vec target, Vec source) {
        if (target.bytes() < 64 && target.number() < 8 && source.number() >= 8 && source.number() < 16) {
            // the form of a store is a byte shorter then
            put(new Form(F3, MAP_0F, 0x7F, source.bytes(), 0), source.number(), target, 1, false);
            return;
        }
        put(new Form(F3, MAP_0F, 0x6F, target.bytes(), 0), target.number(), source, 1, false);
    }

    /** 16-bit lanes shifted right, zeros from the left. */
    public void shiftRight16(Vec target, Vec source, int bits) {
        shift(0x71, 2, target, source, bits);
    }

    /** 16-bit lanes shifted left. */
    public void shiftLeft16(Vec target, Vec source, int bits) {
        shift(0x71, 6, target, source, bits);
    }

    /** 32-bit lanes shifted right, zeros from the left. */
    public void shiftRight32(Vec target, Vec source, int bits) {
        shift(0x72, 2, target, source, bits);
    }

    /** 32-bit lanes shifted left. */
    public void shiftLeft32(Vec target, Vec source, int bits) {
        shift(0x72, 6, target, source, bits);
    }

    /** 32-bit lanes shifted right, copies of the sign from the left. */
    public void shiftRightSigned32(Vec target, Vec source, int bits) {
        shift(0x72, 4, target, source, bits);
    }

    private void shift(int opcode, int digit, Vec target, Vec source, int bits) {
        put(new Form(1, MAP_0F, opcode, target.bytes(), target.number()), digit, source, target.bytes(), false);
        code.put(bits);
    }

    /** A general register's low 32 bits for all lanes (AVX-512). */
    public void broadcast(Vec target, Gp source) {
        Form form = new Form(1, MAP_0F38, 0x7C, target.bytes(), 0);
        evex(form, target.number(), source.number(), Mem.NO_INDEX, 0);
        code.registers(target.number(), source.number());
    }

    /** Any function of three bits for each bit of target, first and last; the result goes to target (AVX-512). */
    public void ternary(Vec target, Vec first, Vec last, int table) {
        Form form = new Form(1, MAP_0F3A, 0x25, target.bytes(), first.number());
        put(form, target.number(), last, target.bytes(), true);
        code.put(table);
    }

    /** Ends the use of upper halves; call before returning to other code. */
    public void zeroUpper() {
        code.put(0xC5);
        code.put(0xF8);
        code.put(0x77);
    }

    /** What does not depend on the operands' kinds; {@code first} is the register in the vvvv field. */
    private record Form(int prefix, int map, int opcode, int bytes, int first) {}

    private void put(Form form, int reg, Operand rm, int unit, boolean evexOnly) {
        boolean broadcast = rm instanceof Mem mem && mem.broadcast();
        int number = rm instanceof Vec vec ? vec.number() : 0;
        boolean vex = !evexOnly && form.bytes < 64 && !broadcast && Math.max(Math.max(reg, number), form.first) < 16;
        int base = rm instanceof Mem mem ? mem.base().number() : number;
        int index = rm instanceof Mem mem ? mem.index() : Mem.NO_INDEX;
        if (vex) {
            vex(code, form.prefix, form.map, form.opcode, form.bytes == 32 ? 1 : 0, new int[] {
                reg, index, base, form.first
            });
        } else {
            evex(form, reg, base, rm instanceof Vec ? number >> 4 == 0 ? Mem.NO_INDEX : 8 : index, broadcast ? ALL : 0);
        }
        switch (rm) {
            case Vec vec -> code.registers(reg, vec.number());
            case Mem mem -> code.memory(reg, mem, vex ? 1 : unit, false);
        }
    }

    /** As {@link #put} in the form of AVX-512, with a mask's bits. */
    private void masked(Form form, int reg, Operand rm, int bits) {
        switch (rm) {
            case Vec vec -> {
                evex(form, reg, vec.number(), vec.number() < 16 ? Mem.NO_INDEX : 8, bits);
                code.registers(reg, vec.number());
            }
            case Mem mem -> {
                evex(form, reg, mem.base().number(), mem.index(), bits);
                code.memory(reg, mem, form.bytes, false);
            }
        }
    }

    /** {@code operands}: reg, index, base, first. */
    static void vex(CodeBuffer code, int prefix, int map, int opcode, int length, int[] operands) {
        int r = operands[0] >= 8 ? 0 : 0x80;
        int x = operands[1] >= 8 ? 0 : 0x40;
        int b = operands[2] >= 8 ? 0 : 0x20;
        int rest = (~operands[3] & 15) << 3 | length << 2 | prefix;
        if (x != 0 && b != 0 && map == MAP_0F) {
            code.put(0xC5);
            code.put(r | rest);
        } else {
            code.put(0xC4);
            code.put(r | x | b | map);
            code.put(rest);
        }
        code.put(opcode);
    }

    /** With a register operand, X extends its number by a fifth bit: {@code index} is then at least 8. */
    private void evex(Form form, int reg, int base, int index, int bits) {
        code.put(0x62);
        int r = (reg & 8) == 0 ? 0x80 : 0;
        int x = index < 0 || (index & 8) == 0 ? 0x40 : 0;
        int b = (base & 8) == 0 ? 0x20 : 0;
        int high = reg < 16 ? 0x10 : 0;
        code.put(r | x | b | high | form.map);
        code.put((~form.first & 15) << 3 | 4 | form.prefix);
        int length = form.bytes == 64 ? 2 : form.bytes == 32 ? 1 : 0;
        code.put(length << 5 | bits | (form.first < 16 ? 8 : 0));
        code.put(form.opcode);
    }
}
