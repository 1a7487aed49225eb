package dev.decanter.assembler;

/**
 * Emits instructions one after the other: general registers, jumps, and through {@link #vector} and {@link #tiles} the
 * rest. Operands come in Intel's order, the destination first.
 *
 * {@snippet :
 * Assembler a = new Assembler();
 * Label loop = a.label();
 * a.bind(loop);
 * a.add(Gp.RAX, 64);
 * a.sub(Gp.RCX, 1);
 * a.jump(Condition.NOT_EQUAL, loop);
 * a.ret();
 * byte[] code = a.toByteArray();
 * }
 */
public final class Assembler {
    private final CodeBuffer code = new CodeBuffer();
    private final VectorInstructions vector = new VectorInstructions(code);
    private final TileInstructions tiles = new TileInstructions(code);
    private int open;

    /** An assembler that has emitted nothing yet. */
    public Assembler() {}

    /** AVX and AVX-512. */
    public VectorInstructions vector() {
        return vector;
    }

    /** AMX. */
    public TileInstructions tiles() {
        return tiles;
    }

    /** The code so far; throws {@link IllegalStateException} if a jump goes to a label that was not bound. */
    public byte[] toByteArray() {
        if (open != 0) {
            throw new IllegalStateException(open + " jumps go to labels that are not bound");
        }
        return code.toArray();
    }

    /** A label to be bound later. */
    public Label label() {
        return new Label();
    }

    /** Places a label here. */
    public void bind(Label label) {
        if (label.position() != Label.UNBOUND) {
            throw new IllegalStateException("the label is bound already");
        }
        label.bind(code.size());
        for (int at : label.uses()) {
            code.set32(at, code.size() - at - Integer.BYTES);
            open--;
        }
    }

    /** Jumps to {@code label} if the condition holds. */
    public void jump(Condition condition, Label label) {
        code.put(0x0F);
        code.put(0x80 | condition.code());
        distance(label);
    }

    /** Jumps to {@code label}. */
    public void jump(Label label) {
        code.put(0xE9);
        distance(label);
    }

    private void distance(Label label) {
        if (label.position() != Label.UNBOUND) {
            code.put32(label.position() - code.size() - Integer.BYTES);
            return;
        }
        label.uses().add(code.size());
        open++;
        code.put32(0);
    }

    /** Returns to the caller. */
    public void ret() {
        code.put(0xC3);
    }

    /** Pushes a register. */
    public void push(Gp r) {
        if (r.number() >= 8) {
            code.put(0x41);
        }
        code.put(0x50 | (r.number() & 7));
    }

    /** Pops a register. */
    public void pop(Gp r) {
        if (r.number() >= 8) {
            code.put(0x41);
        }
        code.put(0x58 | (r.number() & 7));
    }

    /** target = source. */
    public void mov(Gp target, Gp source) {
        binary(0x89, source, target);
    }

    /** target = value. */
    public void mov(Gp target, long value) {
        rexW(0, Mem.NO_INDEX, target.number());
        if (value == (int) value) {
            code.put(0xC7);
            code.registers(0, target.number());
            code.put32((int) value);
        } else {
            code.put(0xB8 | (target.number() & 7));
            code.put64(value);
        }
    }

    /** target = 8 bytes of memory. */
    public void mov(Gp target, Mem source) {
        memory(0x8B, target, source);
    }

    /** target = 4 bytes of memory, of which the sign is extended. */
    public void movSigned32(Gp target, Mem source) {
        memory(0x63, target, source);
    }

    /** 8 bytes of memory = source. */
    public void mov(Mem target, Gp source) {
        memory(0x89, source, target);
    }

    /** target = the address of {@code source}. */
    public void lea(Gp target, Mem source) {
        memory(0x8D, target, source);
    }

    /** target += source. */
    public void add(Gp target, Gp source) {
        binary(0x01, source, target);
    }

    /** target −= source. */
    public void sub(Gp target, Gp source) {
        binary(0x29, source, target);
    }

    /** Compares a with b. */
    public void cmp(Gp a, Gp b) {
        binary(0x39, b, a);
    }

    /** target = 0. */
    public void clear(Gp target) {
        binary(0x31, target, target);
    }

    /** target += value. */
    public void add(Gp target, int value) {
        immediate(0, target, value);
    }

    /** target −= value. */
    public void sub(Gp target, int value) {
        immediate(5, target, value);
    }

    /** target &amp;= value, of which the sign is extended. */
    public void and(Gp target, int value) {
        immediate(4, target, value);
    }

    /** Compares a with a value. */
    public void cmp(Gp a, int value) {
        immediate(7, a, value);
    }

    /** target *= source, signed. */
    public void imul(Gp target, Gp source) {
        rexW(target.number(), Mem.NO_INDEX, source.number());
        code.put(0x0F);
        code.put(0xAF);
        code.registers(target.number(), source.number());
    }

    /** target &lt;&lt;= bits. */
    public void shl(Gp target, int bits) {
        rexW(0, Mem.NO_INDEX, target.number());
        code.put(0xC1);
        code.registers(4, target.number());
        code.put(bits);
    }

    /** target &gt;&gt;&gt;= bits. */
    public void shr(Gp target, int bits) {
        rexW(0, Mem.NO_INDEX, target.number());
        code.put(0xC1);
        code.registers(5, target.number());
        code.put(bits);
    }

    /** Low 4 bytes to memory. */
    public void mov32(Mem target, Gp source) {
        narrow(0x89, target, source, false);
    }

    /** Low 2 bytes to memory. */
    public void mov16(Mem target, Gp source) {
        code.put(0x66);
        narrow(0x89, target, source, false);
    }

    /** Low byte to memory. */
    public void mov8(Mem target, Gp source) {
        // without a prefix these numbers mean the second bytes of other registers
        narrow(0x88, target, source, source.number() >= 4);
    }

    private void narrow(int opcode, Mem target, Gp source, boolean prefixed) {
        int rex = 0x40
                | source.number() >> 3 << 2
                | (target.index() >= 8 ? 2 : 0)
                | target.base().number() >> 3;
        if (rex != 0x40 || prefixed) {
            code.put(rex);
        }
        code.put(opcode);
        code.memory(source.number(), target, 1, false);
    }

    /** What the processor can do: leaf eax, sub-leaf ecx; answers in eax, ebx, ecx, edx. */
    public void cpuid() {
        code.put(0x0F);
        code.put(0xA2);
    }

    /** Which registers the operating system keeps: register ecx to edx:eax. */
    public void xgetbv() {
        code.put(0x0F);
        code.put(0x01);
        code.put(0xD0);
    }

    /** Asks for the cache line at {@code place} in all levels. */
    public void prefetch(Mem place) {
        hint(1, place);
    }

    /** Asks for the cache line at {@code place} in all levels but the first. */
    public void prefetchSecond(Mem place) {
        hint(2, place);
    }

    /** Asks for the cache line at {@code place} with as little trace in the caches as possible. */
    public void prefetchOnce(Mem place) {
        hint(0, place);
    }

    private void hint(int kind, Mem place) {
        int rex = 0x40 | (place.index() >= 8 ? 2 : 0) | place.base().number() >> 3;
        if (rex != 0x40) {
            code.put(rex);
        }
        code.put(0x0F);
        code.put(0x18);
        code.memory(kind, place, 1, false);
    }

    private void binary(int opcode, Gp reg, Gp rm) {
        rexW(reg.number(), Mem.NO_INDEX, rm.number());
        code.put(opcode);
        code.registers(reg.number(), rm.number());
    }

    private void memory(int opcode, Gp reg, Mem mem) {
        rexW(reg.number(), mem.index(), mem.base().number());
        code.put(opcode);
        code.memory(reg.number(), mem, 1, false);
    }

    private void immediate(int extension, Gp target, int value) {
        rexW(0, Mem.NO_INDEX, target.number());
        boolean small = value == (byte) value;
        if (!small && target == Gp.RAX) {
            code.put(0x05 | extension << 3);
        } else {
            code.put(small ? 0x83 : 0x81);
            code.registers(extension, target.number());
        }
        if (small) {
            code.put(value);
        } else {
            code.put32(value);
        }
    }

    private void rexW(int reg, int index, int base) {
        code.put(0x48 | reg >> 3 << 2 | (index >= 8 ? 2 : 0) | base >> 3);
    }
}
