package dev.decanter.assembler;

/** Extensions of the instruction set that kernels ask for; present only if the operating system keeps their registers too. */
public enum CpuFeature {
    /** AVX2 with FMA and F16C. */
    AVX2,
    /** {@code vpdpbusd} up to 256 bits, encoded for AVX. */
    AVX_VNNI,
    /** AVX-512 with F, BW, DQ and VL. */
    AVX512,
    /** {@code vpdpbusd} in 512 bits. */
    AVX512_VNNI,
    /** Bytes permuted over 512 bits. */
    AVX512_VBMI,
    /** Products of bf16 in 512 bits. */
    AVX512_BF16,
    /** Tiles with products of bytes. */
    AMX_INT8,
    /** Tiles with products of bf16. */
    AMX_BF16
}
