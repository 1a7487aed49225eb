package dev.decanter.cpu.kernels;

/** Where the parts of the panels of {@link BlockWeights} lie. */
public enum PanelLayout {
    /**
     * The parts of a panel follow each other: scales, zero points, zeros up to a multiple of 64 bytes, codes. Memory is one
     * stream, for kernels that ask for it ahead.
     */
    TOGETHER,
    /**
     * The codes of all panels, then all scales, then all zero points. Codes of panels whose inputs are a multiple of 512 begin at
     * pages then, and what a processor fetches ahead by itself ends with them: 16 GB/s instead of 12 without machine code.
     */
    APART
}
