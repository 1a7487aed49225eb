package dev.decanter.assembler;

/**
 * Vector instructions with a destination, perhaps a first source, and a last source that is a register or memory. Names are
 * Intel's. Those up to 256 bits with registers below 16 are encoded for AVX, AVX2, FMA and AVX-VNNI, all others for AVX-512.
 */
public enum VectorOp {
    /** Sums of four products of unsigned and signed bytes, added to 32-bit sums. */
    VPDPBUSD(1, 2, 0x50, true),
    /** Sums of two products of 16-bit integers, added to 32-bit sums. */
    VPDPWSSD(1, 2, 0x52, true),
    /** Sums of two products of bf16, added to f32 sums. */
    VDPBF16PS(2, 2, 0x52, true),
    /** 32-bit sum. */
    VPADDD(1, 1, 0xFE, true),
    /** 32-bit difference. */
    VPSUBD(1, 1, 0xFA, true),
    /** Low halves of 32-bit products. */
    VPMULLD(1, 2, 0x40, true),
    /** Bitwise and ({@code vpandd} in AVX-512). */
    VPAND(1, 1, 0xDB, true),
    /** Bitwise or ({@code vpord}). */
    VPOR(1, 1, 0xEB, true),
    /** Bitwise exclusive or ({@code vpxord}). */
    VPXOR(1, 1, 0xEF, true),
    /** 8-bit difference. */
    VPSUBB(1, 1, 0xF8, true),
    /** 8-bit sum. */
    VPADDB(1, 1, 0xFC, true),
    /** Bytes chosen by the low nibbles of the last source within each 128 bits; 0 where its sign is set. */
    VPSHUFB(1, 2, 0x00, true),
    /** Bytes of the last source, chosen by the first one (AVX512-VBMI). */
    VPERMB(1, 2, 0x8D, true),
    /** 32-bit elements of the last source, chosen by the first one. */
    VPERMD(1, 2, 0x36, true),
    /** f32 sum. */
    VADDPS(0, 1, 0x58, true),
    /** f32 difference. */
    VSUBPS(0, 1, 0x5C, true),
    /** f32 product. */
    VMULPS(0, 1, 0x59, true),
    /** The greater f32; the last source if one is NaN. */
    VMAXPS(0, 1, 0x5F, true),
    /** The lesser f32; the last source if one is NaN. */
    VMINPS(0, 1, 0x5D, true),
    /** f32 quotient. */
    VDIVPS(0, 1, 0x5E, true),
    /** The greater signed 32-bit integer. */
    VPMAXSD(1, 2, 0x3D, true),
    /** destination += first · last, in f32. */
    VFMADD231PS(1, 2, 0xB8, true),
    /** destination = destination · first + last, in f32. */
    VFMADD213PS(1, 2, 0xA8, true),
    /** destination −= first · last, in f32. */
    VFNMADD231PS(1, 2, 0xBC, true),
    /** i32 to f32. */
    VCVTDQ2PS(0, 1, 0x5B, false),
    /** f32 to i32, rounded half to even. */
    VCVTPS2DQ(1, 1, 0x5B, false),
    /** f16 of half the length to f32. */
    VCVTPH2PS(1, 2, 0x13, false, Memory.HALF),
    /** f32 to bf16, rounded half to even: of the last source to the low half, of the first one to the high half. */
    VCVTNE2PS2BF16(3, 2, 0x72, true),
    /** Unsigned bytes of half the length to 16 bit. */
    VPMOVZXBW(1, 2, 0x30, false, Memory.HALF),
    /** Unsigned bytes of a quarter of the length to 32 bit. */
    VPMOVZXBD(1, 2, 0x31, false, Memory.QUARTER),
    /** Signed bytes of a quarter of the length to 32 bit. */
    VPMOVSXBD(1, 2, 0x21, false, Memory.QUARTER),
    /** 16-bit integers of half the length to 32 bit. */
    VPMOVZXWD(1, 2, 0x33, false, Memory.HALF),
    /** One f32 for all lanes. */
    VBROADCASTSS(1, 2, 0x18, false, Memory.WORD),
    /** One 32-bit element for all lanes. */
    VPBROADCASTD(1, 2, 0x58, false, Memory.WORD),
    /** One byte for all lanes (AVX512-BW). */
    VPBROADCASTB(1, 2, 0x78, false, Memory.BYTE),
    /** One 16-bit element for all lanes (AVX512-BW). */
    VPBROADCASTW(1, 2, 0x79, false, Memory.SHORT);

    /** How much memory an operand in memory is. */
    enum Memory {
        FULL,
        HALF,
        QUARTER,
        WORD,
        SHORT,
        BYTE
    }

    private final int prefix;
    private final int map;
    private final int opcode;
    private final boolean hasFirst;
    private final Memory memory;

    VectorOp(int prefix, int map, int opcode, boolean hasFirst) {
        this(prefix, map, opcode, hasFirst, Memory.FULL);
    }

    VectorOp(int prefix, int map, int opcode, boolean hasFirst, Memory memory) {
        this.prefix = prefix;
        this.map = map;
        this.opcode = opcode;
        this.hasFirst = hasFirst;
        this.memory = memory;
    }

    /** 0 for none, 1 for 66, 2 for F3, 3 for F2. */
    int prefix() {
        return prefix;
    }

    /** 1 for 0F, 2 for 0F38, 3 for 0F3A. */
    int map() {
        return map;
    }

    int opcode() {
        return opcode;
    }

    boolean hasFirst() {
        return hasFirst;
    }

    /** Bytes that a short displacement counts in. */
    int unit(int vectorBytes, boolean broadcast) {
        if (broadcast) {
            return Integer.BYTES;
        }
        return switch (memory) {
            case FULL -> vectorBytes;
            case HALF -> vectorBytes / 2;
            case QUARTER -> vectorBytes / 4;
            case WORD -> Integer.BYTES;
            case SHORT -> Short.BYTES;
            case BYTE -> 1;
        };
    }

    /** Whether the last source may be one element for all lanes. */
    boolean canBroadcast() {
        return memory == Memory.FULL
                && switch (this) {
                    case VPSUBB, VPADDB, VPSHUFB, VPERMB -> false;
                    default -> true;
                };
    }
}
